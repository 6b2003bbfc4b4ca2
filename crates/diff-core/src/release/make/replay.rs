//! Replays a release: restores every package as devices will, and finds what else is in its folder.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use smidgen_patch::{Error, Header};

use super::agree::{self, describe};
use super::store::Store;
use crate::api::{Device, Unfit};
use crate::digest::sha256_hex;
use crate::proof::replay_in_place;
use crate::release::encryption::{DecryptionKey, Keys, decrypt};
use crate::release::error::PackError;
use crate::release::model::{Image, Manifest, PackageEntry, Source};
use crate::release::platform::ENDINGS;
use crate::release::sign::{PublicKey, check_signature};
use crate::restore::{InMemory, Kept, Restore, Streams};
use crate::settings::setters;

/// What was found out about a release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replayed {
    /// Its packages, in the order of the manifest.
    pub packages: Vec<ReplayedPackage>,
    /// Files that are named like packages and that the manifest does not list: they would be delivered all the same.
    pub strays: Vec<String>,
    /// Other files and folders that the manifest does not list.
    pub others: Vec<String>,
    /// Versions of the given images that the release does not have.
    pub surplus: Vec<String>,
}

/// What was found out about a package.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplayedPackage {
    /// The package.
    pub package: PackageEntry,
    /// Whether it is good.
    pub result: Checked,
}

impl ReplayedPackage {
    /// Why it is not good, for people.
    #[must_use]
    pub fn fault(&self) -> Option<&str> {
        match &self.result {
            Checked::Good => None,
            Checked::Unchecked(reason) | Checked::Bad(reason) => Some(reason),
        }
    }
}

/// Whether a package is good.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Checked {
    /// It restores its target.
    Good,
    /// Something that is needed for the check is missing, for people.
    Unchecked(String),
    /// It must not be delivered: why, for people.
    Bad(String),
}

impl Replayed {
    /// How many packages are bad.
    #[must_use]
    pub fn bad(&self) -> usize {
        self.count(|result| matches!(result, Checked::Bad(_)))
    }

    /// How many packages were not checked.
    #[must_use]
    pub fn unchecked(&self) -> usize {
        self.count(|result| matches!(result, Checked::Unchecked(_)))
    }

    fn count(&self, is: fn(&Checked) -> bool) -> usize {
        self.packages.iter().filter(|package| is(&package.result)).count()
    }
}

/// Replays a release: every package against its source images, as devices will.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Replay<'a> {
    /// The versions in the field, with their images. A version that is not among them is checked with any image that has
    /// the digest which the manifest states.
    pub sources: &'a [Source],
    /// Public keys; if there are any, one of them must have signed each package.
    pub keys: &'a [PublicKey],
    /// Keys that decrypt packages.
    pub secrets: &'a [DecryptionKey],
    /// Who rebuilds the streams of compressed files.
    pub streams: &'a dyn Streams,
    /// The device that must be able to restore every package.
    pub device: Option<&'a Device>,
}

setters!(Replay<'a> {
    with_sources: sources: &'a [Source],
    with_keys: keys: &'a [PublicKey],
    with_secrets: secrets: &'a [DecryptionKey],
    with_streams: streams: &'a dyn Streams,
    with_device: device: Option<&'a Device>,
});

impl Default for Replay<'_> {
    fn default() -> Self {
        Self { sources: &[], keys: &[], secrets: &[], streams: &InMemory, device: None }
    }
}

impl Replay<'_> {
    /// Checks every package of the release in `folder`: file, digests and header against the manifest, the platform's
    /// limits, signatures, the device, and that the device's decoder restores the target from the image of each source
    /// version, in the memory that the header states, and in place where the package is for that.
    ///
    /// # Errors
    /// A manifest that cannot be read, or contradicts itself; images that cannot be read. Faults of packages are in the
    /// result.
    pub fn run(&self, folder: &Path) -> Result<Replayed, PackError> {
        let store = Store::open(folder)?;
        let manifest = store.manifest()?;
        let images = Images::read(self.sources)?;
        let replayed = |package: &PackageEntry| {
            let result = self.check(package, &manifest, &store, &images);
            let result = result.err().unwrap_or(Checked::Good);
            ReplayedPackage { package: package.clone(), result }
        };
        let packages = manifest.packages.par_iter().map(replayed).collect();
        // In any case of letters: those who pick files by their endings may not tell them apart.
        let is_package = |name: &String| ENDINGS.iter().any(|end| name.to_ascii_lowercase().ends_with(end));
        let (strays, others) = store.unlisted(&manifest)?.into_iter().partition(is_package);
        let has = |version: &String| manifest.sources.iter().any(|source| source.version == *version);
        let versions = self.sources.iter().map(|source| &source.version);
        let surplus = versions.filter(|version| !has(version)).cloned().collect();
        Ok(Replayed { packages, strays, others, surplus })
    }

    fn check(
        &self,
        package: &PackageEntry,
        manifest: &Manifest,
        store: &Store,
        images: &Images,
    ) -> Result<(), Checked> {
        let (bytes, _) = agree::read(manifest, package, store).map_err(Checked::Bad)?;
        let bad = |error| Checked::Bad(describe(error));
        if !self.keys.is_empty() {
            check_signature(&bytes, self.keys).map_err(bad)?;
        }
        if let Some(device) = self.device {
            device.check_size(bytes.len() as u64).map_err(unfit)?;
        }
        let plain = decrypt(&bytes, &Keys(self.secrets)).map_err(|error| match error {
            Error::Encrypted | Error::DecryptionKey => {
                Checked::Unchecked(format!("{}: give its key with --decrypt", describe(error)))
            }
            error => bad(error),
        })?;
        if package.encryption.is_some() {
            let (_, extensions, _) = Header::parse_extended(&plain).map_err(bad)?;
            agree::check_names(manifest, &extensions).map_err(Checked::Bad)?;
        }
        if let Some(device) = self.device {
            device.check_package(&plain).map_err(unfit)?;
        }
        let image = images.of(package, self.sources)?;
        let image = image.open().map_err(|error| Checked::Unchecked(error.to_string()))?;
        self.restores((*image).as_ref(), &bytes)?;
        self.restores_in_place((*image).as_ref(), &plain, package)
    }

    /// Restores the target, which the decoder checks by the digest in the header.
    fn restores(&self, base: &[u8], package: &[u8]) -> Result<(), Checked> {
        let restore = Restore::default().with_key(Keys(self.secrets)).with_streams(self.streams);
        let restored = restore.restore(base, package, &mut Kept::default());
        restored.map_err(|error| Checked::Bad(describe(error.code())))
    }

    /// Restores it in place, if it is for that.
    fn restores_in_place(&self, base: &[u8], plain: &[u8], package: &PackageEntry) -> Result<(), Checked> {
        let flash = self.device.and_then(Device::in_place);
        let replayed = replay_in_place(base, plain, flash.as_ref());
        let replayed = replayed.map_err(|error| Checked::Bad(format!("in place: {}", describe(error))))?;
        match flash {
            _ if replayed || package.in_place.is_none() => Ok(()),
            Some(_) => Err("in place: the device's flash is too large to simulate"),
            None => Err("in place: the flash that its plan needs cannot be simulated; give the device's with --device"),
        }
        .map_err(|reason| Checked::Unchecked(reason.to_owned()))
    }
}

fn unfit(unfit: Unfit) -> Checked {
    Checked::Bad(format!("{unfit}: {}", unfit.advice()))
}

/// The given images by version and by digest.
struct Images {
    digests: BTreeMap<String, String>,
}

impl Images {
    fn read(sources: &[Source]) -> Result<Self, PackError> {
        let read = |source: &Source| {
            let failed = |error| PackError::Image { version: source.version.clone(), error };
            let image = source.image.open().map_err(failed)?;
            Ok((source.version.clone(), sha256_hex((*image).as_ref())))
        };
        let digests: Result<_, PackError> = sources.par_iter().map(read).collect();
        Ok(Self { digests: digests? })
    }

    /// The image that a package is checked with: one is enough, as all its versions have the same one. A full package has
    /// an empty one.
    fn of<'s>(&self, package: &PackageEntry, sources: &'s [Source]) -> Result<&'s dyn Image, Checked> {
        const NOTHING: &Vec<u8> = &Vec::new();
        let Some(base) = &package.base else { return Ok(NOTHING) };
        let other =
            |version: &&String| self.digests.get(*version).is_some_and(|digest| *digest != base.sha256);
        if let Some(version) = package.source_versions.iter().find(other) {
            return Err(Checked::Bad(format!(
                "the image of {version} is not the one that the release was made from"
            )));
        }
        let same = |source: &&Source| self.digests.get(&source.version) == Some(&base.sha256);
        match sources.iter().find(same) {
            Some(source) => Ok(&*source.image),
            None => {
                let versions: Vec<String> =
                    package.source_versions.iter().map(|version| format!("--from {version}=IMAGE")).collect();
                Err(Checked::Unchecked(format!("give {}", versions.join(" or "))))
            }
        }
    }
}
