//! `smidgen catalogue`: lists releases, or finds the packages for a device.

use serde_json::{Value, json};
use smidgen_diff::Escaped;
use smidgen_diff::release::platform::{CATALOGUE_LIMIT, DEFAULT_MODULE};
use smidgen_diff::release::{
    Catalogue, Channel, Delivery, Listed, NoDelivery, PackError, Platform, Query, Step,
};

use crate::arguments::CatalogueArguments;
use crate::report::{Console, Failure, Object, Reason, object, shown, tables};

pub(crate) fn catalogue(arguments: &CatalogueArguments, console: &Console) -> Result<(), Failure> {
    let catalogue = Catalogue::read(&arguments.folder)?;
    let (product, module) = (arguments.product.as_deref(), arguments.module.as_deref());
    let channel = arguments.channel.as_deref().map(Channel::of);
    let Some(device_version) = &arguments.device_version else {
        let channel = channel.unwrap_or(Channel::Any);
        let releases: Vec<&Listed> = catalogue.filtered(product, module, channel).collect();
        return console.print_either(|| listed(&releases), || table(&releases));
    };
    let query = Query::new(device_version).with_module(module.unwrap_or(DEFAULT_MODULE));
    match catalogue.find(query.with_product(product).with_channel(channel)) {
        Ok(delivery) if console.is_json() => console.print_json(|| delivered(&delivery)),
        Ok(delivery) => {
            explain(&delivery, console);
            let path = |step: &Step| shown(&step.folder.join(&step.package.file)).to_string();
            console.print(delivery.steps.iter().map(path).collect::<Vec<_>>().join("\n"))
        }
        Err(NoDelivery::Version(error)) => Err(PackError::from(error).into()),
        Err(reason) => {
            let result = object(json!({ "package": null, "reason": reason.to_string() }));
            Err(Failure::new(Reason::Nothing, reason.to_string()).with_result(result))
        }
    }
}

/// Says why it is not the one differential package that one expects.
fn explain(delivery: &Delivery, console: &Console) {
    let bytes = delivery.bytes();
    if let Some(reason) = delivery.reason {
        console.say(format_args!("note: the full package, {bytes} bytes, because {reason}"));
    }
    if delivery.steps.len() > 1 {
        let full =
            delivery.full_size.map(|size| format!("; the full package has {size}")).unwrap_or_default();
        let count = delivery.steps.len();
        console.say(format_args!(
            "note: {count} packages to install in this order, {bytes} bytes together{full}"
        ));
    }
}

/// The next package, and all packages on the way to the newest version.
fn delivered(delivery: &Delivery) -> Object {
    let file = |step: &Step| step.folder.join(&step.package.file).to_string_lossy().into_owned();
    let step = |step: &Step| {
        json!({
            "file": file(step),
            "version": step.manifest.version,
            "type": step.package.kind,
            "size": step.package.size,
            "sha256": step.package.sha256,
        })
    };
    let (first, last) = (delivery.steps.first(), delivery.steps.last());
    object(json!({
        "package": first.map(|step| step.package),
        "file": first.map(file),
        "version": last.map(|step| &step.manifest.version),
        "product": last.map(|step| &step.manifest.product),
        "module": last.map(|step| &step.manifest.module),
        "reason": delivery.reason.map(|reason| reason.to_string()),
        "path": delivery.steps.iter().map(step).collect::<Vec<_>>(),
        "size": delivery.bytes(),
        "full_size": delivery.full_size,
    }))
}

fn listed(releases: &[&Listed]) -> Object {
    let release = |Listed { folder, manifest, .. }: &&Listed| {
        json!({
            "folder": folder.to_string_lossy(),
            "platform": manifest.platform,
            "product": manifest.product,
            "module": manifest.module,
            "version": manifest.version,
            "name": manifest.name,
            "sources": manifest.sources.iter().map(|source| &source.version).collect::<Vec<_>>(),
            "packages": manifest.packages.len(),
        })
    };
    let (list, count): (Vec<Value>, _) = (releases.iter().map(release).collect(), packages(releases));
    object(json!({ "releases": list, "packages": count }))
}

fn packages(releases: &[&Listed]) -> usize {
    releases.iter().map(|release| release.manifest.packages.len()).sum()
}

fn table(releases: &[&Listed]) -> String {
    let line = |Listed { folder, manifest, .. }: &&Listed| {
        let product = Escaped(manifest.product.as_deref().unwrap_or("(no product)"));
        let (module, version) = (&manifest.module, &manifest.version);
        let sources: Vec<&str> = manifest.sources.iter().map(|source| source.version.as_str()).collect();
        let sources = if sources.is_empty() { "any version".to_owned() } else { sources.join(", ") };
        format!("{product}  {module}  {version}  from {sources}  ({})\n", shown(folder))
    };
    let lines: String = releases.iter().map(line).collect();
    let on_platform = releases.iter().any(|release| release.manifest.platform == Platform::Alibaba);
    let limit = if on_platform { format!(" of at most {CATALOGUE_LIMIT}") } else { String::new() };
    let (all, packages) =
        (tables::count(releases.len(), "release"), tables::count(packages(releases), "package"));
    format!("{lines}{all}, {packages}{limit}")
}
