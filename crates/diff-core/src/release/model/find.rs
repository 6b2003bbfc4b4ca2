//! Finds the packages that lead a device to the newest version that it is offered.

use std::cmp::Ordering;
use std::path::Path;

use super::catalogue::{Catalogue, Listed};
use super::channel::Channel;
use super::delivery::{Delivery, NoDelivery, Query, Step};
use super::manifest::MANIFEST_FILE;
use super::route::Versions;
use crate::escaped::Escaped;
use crate::release::regular;
use crate::release::version::{self, Version};

impl Catalogue {
    /// The packages that lead a device to the newest version that it is offered.
    ///
    /// A differential package from its version to the newest one is taken in any case. Without one, it is the full
    /// package or several differential ones by way of other releases, whichever has fewer bytes; each of several leads to a higher
    /// version and to no lower rollback counter. A device that is not older than the newest release gets only what was made
    /// from its very version.
    ///
    /// # Errors
    /// [`NoDelivery`].
    pub fn find<'a>(&'a self, query: Query<'a>) -> Result<Delivery<'a>, NoDelivery> {
        version::check_version(query.device_version)?;
        let offered = self.offered(query)?;
        let versions = Versions::new(&offered);
        let (device, newest) = (Version::of(query.device_version), versions.newest());
        if versions.is_newest(query.device_version) {
            return Err(NoDelivery::UpToDate { version: newest.version.clone() });
        }
        let routes = versions.routes(query.device_version);
        let delivery = match device.precedence(Version::of(&newest.version)) {
            Ordering::Less => routes.cheapest(),
            Ordering::Equal => {
                let up_to_date = || NoDelivery::UpToDate { version: newest.version.clone() };
                Delivery::of(routes.direct().ok_or_else(up_to_date)?)
            }
            Ordering::Greater => {
                let (device, newest) = (query.device_version.to_owned(), newest.version.clone());
                Delivery::of(routes.to_newest_reachable().ok_or(NoDelivery::Newer { device, newest })?)
            }
        };
        checked(delivery, query)
    }

    /// The releases for a device's product and module that its channel offers: one or more, in the order of versions.
    fn offered(&self, query: Query) -> Result<Vec<&Listed>, NoDelivery> {
        let name = |release: &Listed| release.manifest.product.clone().unwrap_or_else(|| "(none)".to_owned());
        let products = || self.releases.iter().map(name).collect();
        let all: Vec<&Listed> = self.filtered(query.product, None, Channel::Any).collect();
        if let (Some(product), []) = (query.product, &all[..]) {
            return Err(NoDelivery::Product { product: product.to_owned(), known: products() });
        }
        let of_module: Vec<&Listed> =
            all.iter().copied().filter(|release| release.manifest.module == query.module).collect();
        // In order of products: the first and the last are of the same only if all are.
        match (of_module.first(), of_module.last()) {
            (Some(first), Some(last)) if first.manifest.product == last.manifest.product => {}
            (Some(_), _) => return Err(NoDelivery::Products { known: products() }),
            (None, _) => {
                let known = all.iter().map(|release| release.manifest.module.clone()).collect();
                return Err(NoDelivery::Module { module: query.module.to_owned(), known });
            }
        }
        let version = |release: &Listed| release.manifest.version.clone();
        let known = of_module.iter().copied().map(version).collect();
        let channel = query.channel.unwrap_or_else(|| Channel::of_device(query.device_version));
        let offered: Vec<&Listed> =
            of_module.into_iter().filter(|release| channel.offers(&release.manifest.version)).collect();
        if offered.is_empty() { Err(NoDelivery::Channel { known }) } else { Ok(offered) }
    }
}

/// Checks that the files are there.
fn checked<'a>(delivery: Delivery<'a>, query: Query) -> Result<Delivery<'a>, NoDelivery> {
    let is_there =
        |step: &&Step| regular::size(&step.folder.join(&step.package.file)) == Some(step.package.size);
    let missing = |path: &Path| NoDelivery::Missing {
        file: Escaped(path.display()).to_string(),
        version: query.device_version.to_owned(),
    };
    match delivery.steps.iter().find(|step| !is_there(step)) {
        Some(step) => Err(missing(&step.folder.join(&step.package.file))),
        None if delivery.steps.is_empty() => Err(missing(Path::new(MANIFEST_FILE))),
        None => Ok(delivery),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;
    use crate::digest::sha256_hex;
    use crate::release::model::manifest::tests::manifest;
    use crate::release::model::{FullBecause, PackageType};

    /// Releases 2.9.0 and 3.0.0 of the default module, and 10 of another, in folders of their own.
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

    /// A version, the size of its full package, and of one for each source.
    type Sizes<'a> = (&'a str, u64, &'a [(&'a str, u64)]);

    /// Releases whose files exist: each a target, and the size of its full package and of one for each source.
    fn releases(folder: &Path, releases: &[Sizes]) -> Catalogue {
        let listed = releases.iter().zip(0..).map(|(&(version, full, sources), number): (_, u32)| {
            let mut release = manifest();
            let (one, package) = (release.sources[0].clone(), release.packages.remove(1));
            release.version = version.to_owned();
            release.target.sha256 = sha256_hex(version.as_bytes());
            (release.packages[0].size, release.sources) = (full, Vec::new());
            for &(version, size) in sources {
                let (mut source, mut package) = (one.clone(), package.clone());
                source.version = version.to_owned();
                source.image.sha256 = sha256_hex(version.as_bytes());
                (package.file, package.size) = (format!("{version}.bin"), size);
                source.package = Some(package.file.clone());
                release.sources.push(source);
                release.packages.push(package);
            }
            let folder = folder.join(number.to_string());
            fs::create_dir(&folder).unwrap();
            for package in &release.packages {
                fs::write(folder.join(&package.file), vec![0; package.size as usize]).unwrap();
            }
            Listed { folder, manifest: release }
        });
        Catalogue::of(listed.collect()).unwrap()
    }

    /// The versions that the packages lead to, whether they are full, and their bytes; or the reason that there is none.
    fn way(catalogue: &Catalogue, query: Query) -> String {
        let step = |step: &Step| {
            let full = if step.package.kind == PackageType::Full { "full " } else { "" };
            format!("{full}{} {}", step.manifest.version, step.package.size)
        };
        match catalogue.find(query) {
            Ok(delivery) => delivery.steps.iter().map(step).collect::<Vec<_>>().join(", "),
            Err(reason) => reason.to_string(),
        }
    }

    #[test]
    fn sources_get_their_package_of_the_newest_release() {
        let (_folder, catalogue) = shelf();
        let found = |version| {
            let delivery = catalogue.find(Query::new(version)).unwrap();
            let step = delivery.steps[0];
            (step.manifest.version.clone(), step.package.file.clone(), delivery.reason)
        };
        let newest = |file: &str, reason| ("3.0.0".to_owned(), file.to_owned(), reason);
        assert_eq!(found("1.0.1"), newest("1.0.0-to-3.0.0.bin", None));
        assert_eq!(found("v1.0.1"), newest("1.0.0-to-3.0.0.bin", None));
        assert_eq!(found("2.0.0"), newest("full-3.0.0.bin", Some(FullBecause::Dropped)));
        assert_eq!(found("0.5"), newest("full-3.0.0.bin", Some(FullBecause::NotASource)));
        assert_eq!(found("main-3f2a"), newest("full-3.0.0.bin", Some(FullBecause::NotASource)));
    }

    #[test]
    fn each_reason_has_its_error() {
        let (folder, catalogue) = shelf();
        let why = |query| catalogue.find(query).unwrap_err().to_string();
        for newest in ["3.0.0", "v3.0.0", "3", "03.00.00", "3.0.0.0", "3.0.0+5"] {
            assert_eq!(why(Query::new(newest)), "the device has the newest version, 3.0.0");
        }
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
        let delivery = catalogue.find(sensor).unwrap();
        assert_eq!(delivery.steps[0].manifest.product.as_deref(), Some("sensor"));
    }

    #[test]
    fn a_package_from_the_device_version_wins_whatever_the_order_says() {
        let folder = tempfile::tempdir().unwrap();
        let sources: &[(&str, u64)] = &[("2.0.0-rc.1", 10), ("2.1.0", 20), ("2.0", 30), ("2.0.0+7", 40)];
        let catalogue =
            releases(folder.path(), &[("1.0", 900, &[("2.2", 50), ("2.0.0", 60)]), ("2.0.0", 900, sources)]);
        for (device, expected) in [
            ("2.0.0-rc.1", "2.0.0 10"),
            ("v2.0.0-rc.1", "2.0.0 10"),
            ("2.1.0", "2.0.0 20"),
            ("2.0", "2.0.0 30"),
            ("2.0.0+7", "2.0.0 40"),
            ("2.0.0+8", "the device has the newest version, 2.0.0"),
            ("2.0.0", "the device has the newest version, 2.0.0"),
            ("2.2", "1.0 50"),
            ("2.3", "the device has 2.3, newer than the newest release, 2.0.0; there are no downgrades"),
        ] {
            assert_eq!(way(&catalogue, Query::new(device)), expected, "{device}");
        }
    }

    #[test]
    fn pre_releases_are_offered_to_those_who_have_or_want_them() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = releases(
            folder.path(),
            &[
                ("1.10.0", 900, &[("1.9", 1)]),
                ("1.11.0-beta.1", 900, &[("1.9", 2), ("1.10.0", 3)]),
                ("1.11.0-rc.1", 900, &[("1.9", 4)]),
            ],
        );
        let found = |device, channel: &str| {
            let channel = Some(channel).filter(|name| !name.is_empty()).map(Channel::of);
            way(&catalogue, Query::new(device).with_channel(channel))
        };
        assert_eq!(found("1.9", ""), "1.10.0 1");
        assert_eq!(found("1.9", "stable"), "1.10.0 1");
        assert_eq!(found("1.9", "beta"), "1.11.0-beta.1 2");
        assert_eq!(found("1.9", "any"), "1.11.0-rc.1 4");
        assert_eq!(found("1.9", "nightly"), "1.10.0 1");
        assert_eq!(found("1.11.0-beta.1", ""), "full 1.11.0-rc.1 900");
        assert!(found("1.11.0-rc.1", "stable").contains("newer than the newest release, 1.10.0"));
        let only = Catalogue { releases: catalogue.releases[1..].to_vec() };
        let none = way(&only, Query::new("1.9"));
        assert!(
            none.contains("pre-releases, which the device is not offered: 1.11.0-beta.1, 1.11.0-rc.1"),
            "{none}"
        );
    }

    #[test]
    fn the_folders_of_one_version_are_used_together() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = releases(
            folder.path(),
            &[("1.10.0", 900, &[("1.9.0", 5), ("1.8", 9)]), ("1.10.0", 800, &[("1.0.0", 6), ("1.8", 7)])],
        );
        let found = |device| way(&catalogue, Query::new(device));
        assert_eq!([found("1.9.0"), found("1.0.0"), found("1.8")], ["1.10.0 5", "1.10.0 6", "1.10.0 7"]);
        assert_eq!(found("0.1"), "full 1.10.0 800");
    }

    #[test]
    fn no_step_of_several_leads_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut catalogue = releases(
            folder.path(),
            &[
                ("0.9", 900, &[("1.0", 1)]),
                ("2.0", 900, &[("1.0", 500), ("2.1", 2)]),
                ("2.1", 900, &[("1.0", 3)]),
                ("3.0", 900, &[("0.9", 4), ("2.0", 20)]),
            ],
        );
        let found = |catalogue: &Catalogue, device| way(catalogue, Query::new(device));
        assert_eq!(found(&catalogue, "1.0"), "2.0 500, 3.0 20", "not by 0.9, nor by 2.1 and back");
        let older = Catalogue { releases: catalogue.releases[..1].to_vec() };
        assert_eq!(found(&older, "1.0"), "0.9 1", "one package made for it");
        catalogue.releases[1].manifest.rollback_counter = Some(2);
        assert_eq!(found(&catalogue, "1.0"), "full 3.0 900", "3.0 has a lower counter");
        catalogue.releases[3].manifest.rollback_counter = Some(2);
        assert_eq!(found(&catalogue, "1.0"), "2.0 500, 3.0 20");
    }

    #[test]
    fn spellings_of_one_version_are_used_together() {
        let folder = tempfile::tempdir().unwrap();
        let mut catalogue = releases(
            folder.path(),
            &[
                ("2.0", 900, &[("1.0.0", 1)]),
                ("3.0", 900, &[("2.0", 5), ("1", 9)]),
                ("3.1", 900, &[("1.5", 7)]),
            ],
        );
        let image = catalogue.releases[1].manifest.target.sha256.clone();
        let other = &mut catalogue.releases[2].manifest;
        (other.version, other.target.sha256) = ("v3".to_owned(), image);
        let found = |device| way(&catalogue, Query::new(device));
        assert_eq!([found("2.0"), found("1.5")], ["3.0 5", "v3 7"]);
        // 2.0 spells it in the same way, 3.0 has it nevertheless.
        assert_eq!(found("1.0.0"), "3.0 9");
        for newest in ["3.0", "v3", "3"] {
            assert_eq!(found(newest), "the device has the newest version, 3.0");
        }
    }

    #[test]
    fn several_packages_lead_where_no_single_one_does() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = releases(
            folder.path(),
            &[
                ("2.0", 900, &[("1.0", 10), ("0.9", 700)]),
                ("2.5", 900, &[("2.0", 20), ("1.0", 500)]),
                ("3.0", 900, &[("2.5", 30), ("2.0", 300)]),
            ],
        );
        let found = |device| way(&catalogue, Query::new(device));
        assert_eq!(found("1.0"), "2.0 10, 2.5 20, 3.0 30");
        // A package of its own is taken in any case: the device installs once.
        assert_eq!(found("2.0"), "3.0 300");
        assert_eq!(found("0.9"), "2.0 700, 2.5 20, 3.0 30");
        assert_eq!(catalogue.find(Query::new("1.0")).unwrap().full_size, Some(900));
        let mut catalogue = catalogue;
        catalogue.releases[2].manifest.packages[0].size = 60;
        fs::write(catalogue.releases[2].folder.join("full-3.0.0.bin"), [0; 60]).unwrap();
        let delivery = catalogue.find(Query::new("1.0")).unwrap();
        assert_eq!(delivery.reason, Some(FullBecause::Larger { steps: 3, bytes: 60 }));
        // A base with another image than the release before leads nowhere.
        catalogue.releases[2].manifest.packages[0].size = 900;
        fs::write(catalogue.releases[2].folder.join("full-3.0.0.bin"), [0; 900]).unwrap();
        for source in &mut catalogue.releases[2].manifest.sources {
            source.image.sha256 = sha256_hex(b"another build");
        }
        assert_eq!(way(&catalogue, Query::new("1.0")), "full 3.0 900");
    }
}
