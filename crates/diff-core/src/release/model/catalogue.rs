//! The catalogue: all releases of a folder, and which package a device of some version is to get.

use std::fs;
use std::path::{Path, PathBuf};

use super::entries::{PackageEntry, Type};
use super::manifest::{MANIFEST_FILE, Manifest};
use crate::escaped::Escaped;
use crate::release::error::PackError;
use crate::release::platform::{self, RuleError, version_order};
use crate::release::regular;

/// Releases, in the order of product, module and version.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// Each with its folder.
    pub releases: Vec<(PathBuf, Manifest)>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The version that the device reports.
    pub device_version: &'a str,
    /// The module that it is the version of.
    pub module: &'a str,
    /// The device's product; needed only where there are several.
    pub product: Option<&'a str>,
}

/// The package for a device.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// The folder of the release.
    pub folder: &'a Path,
    /// The release.
    pub manifest: &'a Manifest,
    /// The package.
    pub package: &'a PackageEntry,
    /// Why it is not a differential one, if it is not.
    pub reason: Option<FullBecause>,
}

/// Why a device gets a full package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FullBecause {
    /// The release was not made from the device's version.
    NotASource,
    /// The differential package was not worth it.
    Dropped,
}

/// Why there is no package for a device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoDelivery {
    /// The version is none.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// Nothing for this product.
    #[error("there is no release for the product \"{product}\"; there are: {known}")]
    Product {
        /// The device's.
        product: String,
        /// All others, with commas.
        known: String,
    },
    /// Several products, and none was named.
    #[error("there are releases for several products: say which the device is: {known}")]
    Products {
        /// All, with commas.
        known: String,
    },
    /// Nothing for this module.
    #[error("there is no release for the module \"{module}\"; there are: {known}")]
    Module {
        /// The device's.
        module: String,
        /// All others, with commas.
        known: String,
    },
    /// The device has the newest.
    #[error("the device has the newest version, {version}")]
    UpToDate {
        /// The version.
        version: String,
    },
    /// The device has a newer one than any release.
    #[error(
        "the device has {device}, which is newer than the newest release, {newest}; releases do not lead back"
    )]
    Newer {
        /// The device's version.
        device: String,
        /// The newest release's.
        newest: String,
    },
    /// A file of the release is not there.
    #[error("{file}: the package for {version} is missing or has another size than the manifest says")]
    Missing {
        /// Where it should be.
        file: String,
        /// The device's version.
        version: String,
    },
}

impl Catalogue {
    /// Reads the manifests of `folder` and of the folders in it.
    ///
    /// # Errors
    /// Manifests that cannot be read, and the platform's limit of packages.
    pub fn read(folder: &Path) -> Result<Self, PackError> {
        let entries = fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
        let entries = entries.map_err(PackError::reading(folder))?;
        let inner = entries.into_iter().map(|entry| entry.path()).filter(|path| path.is_dir());
        let mut releases = Vec::new();
        for folder in std::iter::once(folder.to_owned()).chain(inner) {
            // Whatever has this name: what cannot be a manifest is told, not passed over.
            if fs::symlink_metadata(folder.join(MANIFEST_FILE)).is_ok() {
                let manifest = Manifest::read(&folder)?;
                releases.push((folder, manifest));
            }
        }
        releases.sort_by(|(a_folder, a), (b_folder, b)| {
            (&a.product, &a.module)
                .cmp(&(&b.product, &b.module))
                .then_with(|| version_order::compare(&a.version, &b.version))
                .then_with(|| a_folder.cmp(b_folder))
        });
        let catalogue = Self { releases };
        platform::check_catalogue(catalogue.packages())?;
        Ok(catalogue)
    }

    /// The number of packages of all releases.
    #[must_use]
    pub fn packages(&self) -> usize {
        self.releases.iter().map(|(_, manifest)| manifest.packages.len()).sum()
    }

    /// The package that leads a device to the newest version.
    ///
    /// # Errors
    /// Why there is none.
    pub fn find(&self, query: Query) -> Result<Delivery<'_>, NoDelivery> {
        platform::check_version(query.device_version)?;
        let (folder, manifest) = self.newest(query)?;
        let version = query.device_version;
        match version_order::compare(version, &manifest.version) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => return Err(NoDelivery::UpToDate { version: version.to_owned() }),
            std::cmp::Ordering::Greater => {
                let (device, newest) = (version.to_owned(), manifest.version.clone());
                return Err(NoDelivery::Newer { device, newest });
            }
        }
        let delivery = delivery(folder, manifest, version);
        delivery.ok_or_else(|| missing(folder, MANIFEST_FILE, version)).and_then(|delivery| {
            let size = regular::size(&folder.join(&delivery.package.file));
            if size == Some(delivery.package.size) {
                Ok(delivery)
            } else {
                Err(missing(folder, &delivery.package.file, version))
            }
        })
    }

    /// The newest release for a product and module.
    fn newest(&self, query: Query) -> Result<(&Path, &Manifest), NoDelivery> {
        let all = || self.releases.iter().map(|(folder, manifest)| (folder.as_path(), manifest));
        let product = |manifest: &Manifest| manifest.product.clone().unwrap_or_else(|| "(none)".to_owned());
        let products = list(all().map(|(_, manifest)| product(manifest)));
        let fits =
            |manifest: &Manifest| query.product.is_none() || manifest.product.as_deref() == query.product;
        if let Some(product) = query.product
            && !all().any(|(_, manifest)| fits(manifest))
        {
            return Err(NoDelivery::Product { product: product.to_owned(), known: products });
        }
        let of_module: Vec<_> =
            all().filter(|(_, manifest)| fits(manifest) && manifest.module == query.module).collect();
        // In order of products: the first and the last are of the same only if all are.
        let (first, last) = match (of_module.first(), of_module.last()) {
            (Some(first), Some(last)) => (first, last),
            _ => {
                let modules = all().filter(|(_, manifest)| fits(manifest));
                let known = list(modules.map(|(_, manifest)| manifest.module.clone()));
                return Err(NoDelivery::Module { module: query.module.to_owned(), known });
            }
        };
        if first.1.product == last.1.product {
            Ok(*last)
        } else {
            Err(NoDelivery::Products { known: products })
        }
    }
}

/// What a release has for a device of an older version.
fn delivery<'a>(folder: &'a Path, manifest: &'a Manifest, version: &str) -> Option<Delivery<'a>> {
    let source = manifest.sources.iter().find(|source| source.version == version);
    let package = match source.and_then(|source| source.package.as_deref()) {
        Some(file) => manifest.package(file),
        None => manifest.full(),
    }?;
    let reason = match package.kind {
        Type::Differential => None,
        Type::Full if source.is_some() => Some(FullBecause::Dropped),
        Type::Full => Some(FullBecause::NotASource),
    };
    Some(Delivery { folder, manifest, package, reason })
}

fn missing(folder: &Path, file: &str, version: &str) -> NoDelivery {
    let file = Escaped(folder.join(file).display()).to_string();
    NoDelivery::Missing { file, version: version.to_owned() }
}

/// Different names, sorted, with commas.
fn list(names: impl Iterator<Item = String>) -> String {
    let names: std::collections::BTreeSet<String> = names.collect();
    if names.is_empty() { "none at all".to_owned() } else { names.into_iter().collect::<Vec<_>>().join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::model::manifest::tests::manifest;

    /// Releases 2.0.0 and 3.0.0 of the default module, and 1.0 of another, in folders of their own.
    fn shelf() -> (tempfile::TempDir, Catalogue) {
        let folder = tempfile::tempdir().unwrap();
        let newest = manifest();
        let mut older = manifest();
        older.version = "2.9.0".to_owned();
        let mut radio = manifest();
        (radio.module, radio.version) = ("radio".to_owned(), "10".to_owned());
        for (name, manifest) in [("a", newest), ("b", older), ("c", radio)] {
            let inner = folder.path().join(name);
            fs::create_dir(&inner).unwrap();
            fs::write(inner.join(MANIFEST_FILE), manifest.to_json()).unwrap();
            for package in &manifest.packages {
                fs::write(inner.join(&package.file), vec![0; package.size as usize]).unwrap();
            }
        }
        fs::write(folder.path().join("README"), b"not a release").unwrap();
        let catalogue = Catalogue::read(folder.path()).unwrap();
        (folder, catalogue)
    }

    const fn query(device_version: &str) -> Query<'_> {
        Query { device_version, module: "default", product: None }
    }

    #[test]
    fn sources_get_their_package_of_the_newest_release() {
        let (_folder, catalogue) = shelf();
        let found = |version| {
            let delivery = catalogue.find(query(version)).unwrap();
            (delivery.manifest.version.as_str(), delivery.package.file.as_str(), delivery.reason)
        };
        assert_eq!(found("1.0.1"), ("3.0.0", "1.0.0-to-3.0.0.bin", None));
        assert_eq!(found("2.0.0"), ("3.0.0", "full-3.0.0.bin", Some(FullBecause::Dropped)));
        assert_eq!(found("0.5"), ("3.0.0", "full-3.0.0.bin", Some(FullBecause::NotASource)));
        assert_eq!(catalogue.packages(), 6);
    }

    #[test]
    fn it_is_said_why_there_is_none() {
        let (folder, catalogue) = shelf();
        let why = |query| catalogue.find(query).unwrap_err().to_string();
        assert_eq!(why(query("3.0.0")), "the device has the newest version, 3.0.0");
        assert!(why(query("3.0.1")).contains("newer than the newest release, 3.0.0"));
        assert!(why(query("1 0")).contains("' ' as character 2"));
        let module = Query { module: "gps", ..query("1") };
        assert_eq!(why(module), "there is no release for the module \"gps\"; there are: default, radio");
        let product = Query { product: Some("lamp"), ..query("1") };
        assert_eq!(why(product), "there is no release for the product \"lamp\"; there are: sensor");
        fs::write(folder.path().join("a").join("1.0.0-to-3.0.0.bin"), b"short").unwrap();
        assert!(why(query("1.0.0")).contains("is missing or has another size"));
        let nothing = Catalogue { releases: Vec::new() };
        let why = nothing.find(query("1")).unwrap_err().to_string();
        assert_eq!(why, "there is no release for the module \"default\"; there are: none at all");
    }

    #[test]
    fn devices_of_several_products_are_told_apart() {
        let (_folder, mut catalogue) = shelf();
        let mut lamp = manifest();
        lamp.product = Some("lamp".to_owned());
        catalogue.releases.insert(0, (PathBuf::from("none"), lamp));
        assert!(matches!(catalogue.find(query("1")), Err(NoDelivery::Products { .. })));
        let sensor = Query { product: Some("sensor"), ..query("1.0.0") };
        assert_eq!(catalogue.find(sensor).unwrap().manifest.product.as_deref(), Some("sensor"));
    }

    #[test]
    fn a_catalogue_of_too_many_packages_is_refused() {
        let (folder, _) = shelf();
        let mut large = manifest();
        for number in 0..495 {
            let mut package = large.packages[1].clone();
            package.file = format!("{number}.bin");
            large.packages.push(package);
        }
        fs::write(folder.path().join(MANIFEST_FILE), large.to_json()).unwrap();
        let refusal = Catalogue::read(folder.path()).unwrap_err().to_string();
        assert_eq!(refusal, "there are 503 packages; a catalogue has at most 500");
    }
}
