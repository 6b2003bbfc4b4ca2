//! The catalogue: all releases of a folder.

use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};

use super::channel::Channel;
use super::manifest::{MANIFEST_FILE, Manifest};
use crate::escaped::Escaped;
use crate::release::error::PackError;
use crate::release::platform::{self, Platform};
use crate::release::version;

/// Releases, in the order of product, module and version.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Catalogue {
    /// All of them. Several may be of one version: they have the same image, and the packages of all are used.
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

impl Catalogue {
    /// Reads the manifests of `folder` and of the folders in it, without hidden ones.
    ///
    /// # Errors
    /// Manifests that cannot be read; two releases of one version with different images, keys or encryption; the
    /// platform's limit of packages, of releases that were made for it.
    pub fn read(folder: &Path) -> Result<Self, PackError> {
        let entries = fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
        let entries = entries.map_err(PackError::reading(folder))?;
        let is_shown = |entry: &DirEntry| !entry.file_name().as_encoded_bytes().starts_with(b".");
        let shown = entries.into_iter().filter(is_shown);
        let inner = shown.map(|entry| entry.path()).filter(|path| path.is_dir());
        let mut releases = Vec::new();
        for folder in std::iter::once(folder.to_owned()).chain(inner) {
            // Anything with this name: what cannot be a manifest is an error, not passed over.
            if fs::symlink_metadata(folder.join(MANIFEST_FILE)).is_ok() {
                let manifest = Manifest::read(&folder)?;
                releases.push(Listed { folder, manifest });
            }
        }
        Self::of(releases)
    }

    pub(super) fn of(mut releases: Vec<Listed>) -> Result<Self, PackError> {
        releases.sort_by(|one, other| {
            let (a, b) = (&one.manifest, &other.manifest);
            (&a.product, &a.module)
                .cmp(&(&b.product, &b.module))
                .then_with(|| version::compare(&a.version, &b.version))
                .then_with(|| one.folder.cmp(&other.folder))
        });
        releases.windows(2).try_for_each(|pair| agree(&pair[0], &pair[1]))?;
        let on_platform = releases.iter().filter(|release| release.manifest.platform == Platform::Alibaba);
        platform::check_catalogue(on_platform.map(|release| release.manifest.packages.len()).sum())?;
        Ok(Self { releases })
    }

    /// The releases of a product and a module that a channel offers; of all where one is not named.
    pub fn filtered(
        &self,
        product: Option<&str>,
        module: Option<&str>,
        channel: Channel,
    ) -> impl Iterator<Item = &Listed> {
        self.releases.iter().filter(move |Listed { manifest, .. }| {
            product.is_none_or(|product| manifest.product.as_deref() == Some(product))
                && module.is_none_or(|module| manifest.module == module)
                && channel.offers(&manifest.version)
        })
    }
}

/// Checks that two neighbours are not the same version of something with contradictions.
fn agree(one: &Listed, other: &Listed) -> Result<(), PackError> {
    let (a, b) = (&one.manifest, &other.manifest);
    if (&a.product, &a.module) != (&b.product, &b.module) || !version::is_same(&a.version, &b.version) {
        return Ok(());
    }
    let protection = |manifest: &Manifest| {
        manifest.packages.first().map(|package| (package.encryption.clone(), package.keys.clone()))
    };
    let what = if a.target.sha256 != b.target.sha256 {
        "has another image"
    } else if protection(a) != protection(b) {
        "is signed or encrypted in another way"
    } else {
        return Ok(());
    };
    let (version, other) = (&a.version, Escaped(other.folder.display()));
    let spelled = if a.version == b.version { String::new() } else { format!(" of {}", b.version) };
    Err(PackError::manifest(
        &one.folder,
        format!(
            "is a release of {version}, as {other} is{spelled}, which {what}; take one of them out of the catalogue"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::model::manifest::tests::manifest;

    fn listed(folder: &str, change: impl Fn(&mut Manifest)) -> Listed {
        let mut manifest = manifest();
        change(&mut manifest);
        Listed { folder: folder.into(), manifest }
    }

    fn refusal(releases: Vec<Listed>) -> String {
        Catalogue::of(releases).unwrap_err().to_string()
    }

    #[test]
    fn releases_of_one_version_have_one_image_and_one_protection() {
        let one = || listed("one", |_| ());
        assert!(Catalogue::of(vec![one(), listed("other", |m| m.sources.clear())]).is_ok());
        assert!(Catalogue::of(vec![one(), listed("other", |m| m.product = Some("lamp".into()))]).is_ok());
        let image = refusal(vec![one(), listed("other", |m| m.target.sha256 = m.packages[0].sha256.clone())]);
        assert!(
            image.starts_with("one: is a release of 3.0.0, as other is, which has another image"),
            "{image}"
        );
        let spelled = refusal(vec![
            one(),
            listed("other", |m| (m.version, m.target.sha256) = ("v3.0".into(), m.packages[0].sha256.clone())),
        ]);
        assert!(
            spelled.contains("is a release of 3.0.0, as other is of v3.0, which has another image"),
            "{spelled}"
        );
        let key =
            |m: &mut Manifest| m.packages.iter_mut().for_each(|p| p.keys = vec!["00ff00ff00ff00ff".into()]);
        let signed = refusal(vec![one(), listed("other", key)]);
        assert!(signed.contains("is signed or encrypted in another way"), "{signed}");
    }

    #[test]
    fn hidden_folders_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["shown", ".hidden"] {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join(MANIFEST_FILE), manifest().to_json()).unwrap();
        }
        let catalogue = Catalogue::read(folder.path()).unwrap();
        let folders: Vec<_> = catalogue.releases.into_iter().map(|release| release.folder).collect();
        assert_eq!(folders, [folder.path().join("shown")]);
    }

    #[test]
    fn the_platform_takes_only_so_many_packages() {
        let large = |platform| {
            listed("large", |manifest| {
                manifest.platform = platform;
                for number in 0..499 {
                    let mut package = manifest.packages[1].clone();
                    package.file = format!("{number}.bin");
                    manifest.packages.push(package);
                }
            })
        };
        assert_eq!(
            refusal(vec![large(Platform::Alibaba)]),
            "there are 501 packages; a catalogue has at most 500"
        );
        assert!(Catalogue::of(vec![large(Platform::None)]).is_ok());
    }

    #[test]
    fn the_list_can_be_filtered() {
        let beta = |m: &mut Manifest| (m.version, m.module) = ("4.0-beta.1".into(), "radio".into());
        let catalogue = Catalogue::of(vec![listed("a", |_| ()), listed("b", beta)]).unwrap();
        let count = |product, module, channel| catalogue.filtered(product, module, channel).count();
        assert_eq!(count(None, None, Channel::Any), 2);
        assert_eq!(count(None, None, Channel::Stable), 1);
        assert_eq!(count(Some("sensor"), Some("radio"), Channel::Named("beta")), 1);
        assert_eq!(count(Some("lamp"), None, Channel::Any), 0);
    }
}
