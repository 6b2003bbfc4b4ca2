//! `smidgen catalogue`: lists releases, or finds the package for a device.

use serde_json::{Value, json};
use smidgen_diff::Escaped;
use smidgen_diff::release::platform::CATALOGUE_LIMIT;
use smidgen_diff::release::{Catalogue, Delivery, Listed, NoDelivery, PackError, Query};

use crate::arguments::CatalogueArguments;
use crate::report::{Console, Failure, Object, Reason, object, shown};

pub(crate) fn catalogue(arguments: &CatalogueArguments, console: &Console) -> Result<(), Failure> {
    let catalogue = Catalogue::read(&arguments.folder)?;
    let Some(device_version) = &arguments.device_version else {
        return console.print_either(|| listed(&catalogue), || table(&catalogue));
    };
    let product = arguments.product.as_deref();
    let query = Query::new(device_version).with_module(&arguments.module).with_product(product);
    match catalogue.find(query) {
        Ok(delivery) if console.is_json() => console.print_json(|| delivered(&delivery)),
        Ok(delivery) => {
            if let Some(reason) = delivery.reason {
                console.say(format_args!("note: the full package, because {reason}"));
            }
            console.print(shown(&delivery.folder.join(&delivery.package.file)))
        }
        Err(NoDelivery::Rule(rule)) => Err(PackError::from(rule).into()),
        Err(reason) => {
            let result = object(json!({ "package": null, "reason": reason.to_string() }));
            Err(Failure::new(Reason::Nothing, reason.to_string()).with_result(result))
        }
    }
}

fn delivered(delivery: &Delivery) -> Object {
    object(json!({
        "package": delivery.package,
        "file": delivery.folder.join(&delivery.package.file).to_string_lossy(),
        "version": delivery.manifest.version,
        "product": delivery.manifest.product,
        "module": delivery.manifest.module,
        "reason": delivery.reason.map(|reason| reason.to_string()),
    }))
}

fn listed(catalogue: &Catalogue) -> Object {
    let release = |Listed { folder, manifest, .. }: &Listed| {
        json!({
            "folder": folder.to_string_lossy(),
            "product": manifest.product,
            "module": manifest.module,
            "version": manifest.version,
            "name": manifest.name,
            "sources": manifest.sources.iter().map(|source| &source.version).collect::<Vec<_>>(),
            "packages": manifest.packages.len(),
        })
    };
    let releases: Vec<Value> = catalogue.releases.iter().map(release).collect();
    object(json!({ "releases": releases, "packages": catalogue.packages() }))
}

fn table(catalogue: &Catalogue) -> String {
    let line = |Listed { folder, manifest, .. }: &Listed| {
        let product = Escaped(manifest.product.as_deref().unwrap_or("-"));
        let (module, version) = (&manifest.module, &manifest.version);
        let sources: Vec<&str> = manifest.sources.iter().map(|source| source.version.as_str()).collect();
        let sources = if sources.is_empty() { "any version".to_owned() } else { sources.join(", ") };
        format!("{product}  {module}  {version}  from {sources}  ({})\n", shown(folder))
    };
    let (lines, count): (String, _) =
        (catalogue.releases.iter().map(line).collect(), catalogue.releases.len());
    format!("{lines}{count} releases, {} packages of at most {CATALOGUE_LIMIT}", catalogue.packages())
}
