//! The catalogue: all releases of a folder, and the package for a device of some version.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::entries::{PackageEntry, PackageType};
use super::manifest::{MANIFEST_FILE, Manifest};
use crate::escaped::Escaped;
use crate::release::error::PackError;
use crate::release::platform::{self, DEFAULT_MODULE, RuleError, version_order};
use crate::release::regular;
use crate::settings::setters;

/// Releases, in the order of product, module and version.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Catalogue {
    /// All of them.
    pub releases: Vec<Listed>,
}

/// A release of a catalogue.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Listed {
    /// Its folder.
    pub folder: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
}

/// The device that needs a package.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Query<'a> {
    /// The version that it reports.
    pub device_version: &'a str,
    /// The module that it is the version of.
    pub module: &'a str,
    /// Its product; needed if there are several.
    pub product: Option<&'a str>,
}

/// The package for a device.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Delivery<'a> {
    /// The folder of the release.
    pub folder: &'a Path,
    /// The release.
    pub manifest: &'a Manifest,
    /// The package.
    pub package: &'a PackageEntry,
    /// Why it is a full package, if it is.
    pub reason: Option<FullBecause>,
}

/// Why a device gets a full package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FullBecause {
    /// The release was not made from the device's version.
    NotASource,
    /// The differential package was too large to keep.
    Dropped,
}

/// Why there is no package for a device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoDelivery {
    /// The device's version is not valid.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// There is no release for the product.
    #[error("there is no release for the product \"{}\"; there are: {}", Escaped(product), list(known))]
    Product {
        /// The device's.
        product: String,
        /// All that there are releases for.
        known: BTreeSet<String>,
    },
    /// There are several products, and the query names none.
    #[error("there are releases for several products; name the device's: {}", list(known))]
    Products {
        /// All products.
        known: BTreeSet<String>,
    },
    /// There is no release for the module.
    #[error("there is no release for the module \"{}\"; there are: {}", Escaped(module), list(known))]
    Module {
        /// The device's.
        module: String,
        /// All that there are releases for.
        known: BTreeSet<String>,
    },
    /// The device has the newest version.
    #[error("the device has the newest version, {version}")]
    UpToDate {
        /// The version.
        version: String,
    },
    /// The device's version is newer than any release.
    #[error("the device has {device}, newer than the newest release, {newest}; there are no downgrades")]
    Newer {
        /// The device's version.
        device: String,
        /// The newest release's.
        newest: String,
    },
    /// A file of the release is missing or damaged.
    #[error("{file}: the package for {version} is missing or has another size than the manifest says")]
    Missing {
        /// Where it should be.
        file: String,
        /// The device's version.
        version: String,
    },
}

impl<'a> Query<'a> {
    /// A device with this version of the default module.
    #[must_use]
    pub const fn new(device_version: &'a str) -> Self {
        Self { device_version, module: DEFAULT_MODULE, product: None }
    }
}

setters!(Query<'a> {
    with_module: module: &'a str,
    with_product: product: Option<&'a str>,
});

impl fmt::Display for FullBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotASource => "the release was not made from the device's version",
            Self::Dropped => "the differential package was too large",
        })
    }
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
            // Anything with this name: what cannot be a manifest is an error, not passed over.
            if fs::symlink_metadata(folder.join(MANIFEST_FILE)).is_ok() {
                let manifest = Manifest::read(&folder)?;
                releases.push(Listed { folder, manifest });
            }
        }
        releases.sort_by(|one, other| {
            let (a, b) = (&one.manifest, &other.manifest);
            (&a.product, &a.module)
                .cmp(&(&b.product, &b.module))
                .then_with(|| version_order::compare(&a.version, &b.version))
                .then_with(|| one.folder.cmp(&other.folder))
        });
        let catalogue = Self { releases };
        platform::check_catalogue(catalogue.packages())?;
        Ok(catalogue)
    }

    /// The number of packages of all releases.
    #[must_use]
    pub fn packages(&self) -> usize {
        self.releases.iter().map(|release| release.manifest.packages.len()).sum()
    }

    /// The package that leads a device to the newest version.
    ///
    /// # Errors
    /// [`NoDelivery`].
    pub fn find(&self, query: Query) -> Result<Delivery<'_>, NoDelivery> {
        let version = query.device_version;
        platform::check_version(version)?;
        let Listed { folder, manifest } = self.newest(query)?;
        match version_order::compare(version, &manifest.version) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => return Err(NoDelivery::UpToDate { version: version.to_owned() }),
            std::cmp::Ordering::Greater => {
                let (device, newest) = (version.to_owned(), manifest.version.clone());
                return Err(NoDelivery::Newer { device, newest });
            }
        }
        let missing = |file: &str| {
            let file = Escaped(folder.join(file).display()).to_string();
            NoDelivery::Missing { file, version: version.to_owned() }
        };
        let source = manifest.sources.iter().find(|source| source.version == version);
        let package = match source.and_then(|source| source.package.as_deref()) {
            Some(file) => manifest.package(file),
            None => manifest.full(),
        };
        let package = package.ok_or_else(|| missing(MANIFEST_FILE))?;
        let reason = match package.kind {
            PackageType::Differential => None,
            PackageType::Full if source.is_some() => Some(FullBecause::Dropped),
            PackageType::Full => Some(FullBecause::NotASource),
        };
        if regular::size(&folder.join(&package.file)) == Some(package.size) {
            Ok(Delivery { folder, manifest, package, reason })
        } else {
            Err(missing(&package.file))
        }
    }

    /// The newest release for a product and module.
    fn newest(&self, query: Query) -> Result<&Listed, NoDelivery> {
        let product = |release: &Listed| release.manifest.product.clone();
        let name = |release| product(release).unwrap_or_else(|| "(none)".to_owned());
        let products = || self.releases.iter().map(name).collect();
        let fits =
            |release: &&Listed| query.product.is_none() || product(release).as_deref() == query.product;
        let fitting: Vec<&Listed> = self.releases.iter().filter(fits).collect();
        if let (Some(product), []) = (query.product, &fitting[..]) {
            return Err(NoDelivery::Product { product: product.to_owned(), known: products() });
        }
        let mut of_module = fitting.iter().filter(|release| release.manifest.module == query.module);
        // In order of products: the first and the last are of the same only if all are.
        match (of_module.clone().next(), of_module.next_back()) {
            (Some(first), Some(last)) if product(first) == product(last) => Ok(last),
            (Some(_), _) => Err(NoDelivery::Products { known: products() }),
            (None, _) => {
                let known = fitting.iter().map(|release| release.manifest.module.clone()).collect();
                Err(NoDelivery::Module { module: query.module.to_owned(), known })
            }
        }
    }
}

fn list(names: &BTreeSet<String>) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        Vec::from_iter(names.iter().map(String::as_str)).join(", ")
    }
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

    #[test]
    fn sources_get_their_package_of_the_newest_release() {
        let (_folder, catalogue) = shelf();
        let found = |version| {
            let delivery = catalogue.find(Query::new(version)).unwrap();
            (delivery.manifest.version.as_str(), delivery.package.file.as_str(), delivery.reason)
        };
        assert_eq!(found("1.0.1"), ("3.0.0", "1.0.0-to-3.0.0.bin", None));
        assert_eq!(found("2.0.0"), ("3.0.0", "full-3.0.0.bin", Some(FullBecause::Dropped)));
        assert_eq!(found("0.5"), ("3.0.0", "full-3.0.0.bin", Some(FullBecause::NotASource)));
        assert_eq!(catalogue.packages(), 6);
    }

    #[test]
    fn each_reason_has_its_error() {
        let (folder, catalogue) = shelf();
        let why = |query| catalogue.find(query).unwrap_err().to_string();
        assert_eq!(why(Query::new("3.0.0")), "the device has the newest version, 3.0.0");
        assert!(why(Query::new("3.0.1")).contains("newer than the newest release, 3.0.0"));
        assert!(why(Query::new("1 0")).contains("' ' as character 2"));
        let module = Query::new("1").with_module("gps");
        assert_eq!(why(module), "there is no release for the module \"gps\"; there are: default, radio");
        let product = Query::new("1").with_product(Some("lamp"));
        assert_eq!(why(product), "there is no release for the product \"lamp\"; there are: sensor");
        fs::write(folder.path().join("a").join("1.0.0-to-3.0.0.bin"), b"short").unwrap();
        assert!(why(Query::new("1.0.0")).contains("is missing or has another size"));
        let nothing = Catalogue { releases: Vec::new() };
        let why = nothing.find(Query::new("1")).unwrap_err().to_string();
        assert_eq!(why, "there is no release for the module \"default\"; there are: none");
    }

    #[test]
    fn a_device_gets_the_package_of_its_product() {
        let (_folder, mut catalogue) = shelf();
        let mut lamp = manifest();
        lamp.product = Some("lamp".to_owned());
        catalogue.releases.insert(0, Listed { folder: PathBuf::from("none"), manifest: lamp });
        assert!(matches!(catalogue.find(Query::new("1")), Err(NoDelivery::Products { .. })));
        let sensor = Query::new("1.0.0").with_product(Some("sensor"));
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
