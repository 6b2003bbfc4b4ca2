//! Replays a release: restores every package as devices will.

use std::path::Path;

use rayon::prelude::*;
use smidgen_patch::container::Opened;
use smidgen_patch::header::IMAGE_LIMIT;
use smidgen_patch::{Anything, Error, Header, Patcher, SoftwareSha256, Target};

use super::agree::{self, describe};
use super::store::Store;
use crate::digest::sha256_hex;
use crate::release::encryption::{DecryptionKey, Keys, decrypt};
use crate::release::error::PackError;
use crate::release::model::{Manifest, PackageEntry, Source};
use crate::release::sign::{PublicKey, check_signature};
use crate::settings::setters;

/// The result of one package.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replayed {
    /// The package.
    pub package: PackageEntry,
    /// What is wrong with it, for people; `None` if it is good.
    pub fault: Option<String>,
}

/// Restores the target of a package of compressed files from the base image.
pub type RestoreContainer<'a> =
    dyn Fn(&[u8], &Opened<'_>, &mut dyn Target<Error = Error>) -> Result<(), Error> + Sync + 'a;

/// Replays a release: every package against its source images, as devices will.
#[derive(Clone, Copy, Default)]
#[non_exhaustive]
pub struct Replay<'a> {
    /// The versions in the field, with their images.
    pub sources: &'a [Source],
    /// Public keys; if there are any, one of them must have signed each package.
    pub keys: &'a [PublicKey],
    /// Keys that decrypt packages.
    pub secrets: &'a [DecryptionKey],
    /// Restores packages of compressed files; without it, they fail with error 32.
    pub containers: Option<&'a RestoreContainer<'a>>,
}

setters!(Replay<'a> {
    with_sources: sources: &'a [Source],
    with_keys: keys: &'a [PublicKey],
    with_secrets: secrets: &'a [DecryptionKey],
    with_containers: containers: Option<&'a RestoreContainer<'a>>,
});

impl Replay<'_> {
    /// Checks every package of the release in `folder`: file, digests and header against the manifest, the platform's
    /// limits, signatures, and that the device's decoder restores the target from the image of each source version, in the
    /// memory that the header states.
    ///
    /// # Errors
    /// A manifest that cannot be read, or contradicts itself. Faults of packages are in the result.
    pub fn run(&self, folder: &Path) -> Result<Vec<Replayed>, PackError> {
        let store = Store::open(folder)?;
        let manifest = store.manifest()?;
        let replayed = |package: &PackageEntry| {
            let fault = self.check(package, &manifest, &store).err();
            Replayed { package: package.clone(), fault }
        };
        Ok(manifest.packages.par_iter().map(replayed).collect())
    }

    fn check(&self, package: &PackageEntry, manifest: &Manifest, store: &Store) -> Result<(), String> {
        let (bytes, header) = agree::read(manifest, package, store)?;
        if !self.keys.is_empty() {
            check_signature(&bytes, self.keys).map_err(describe)?;
        }
        let plain = decrypt(&bytes, &Keys(self.secrets)).map_err(describe)?;
        if package.encryption.is_some() {
            let (_, extensions, _) = Header::parse_extended(&plain).map_err(describe)?;
            agree::check_names(manifest, &extensions)?;
        }
        let restores = |base: &[u8]| self.restores(base, &bytes, &plain, &header);
        if package.source_versions.is_empty() {
            return restores(&[]);
        }
        package.source_versions.iter().try_for_each(|version| {
            let source = self.sources.iter().find(|source| source.version == *version);
            let source = source.ok_or_else(|| format!("not replayed: there is no image of {version}"))?;
            let image = source.image.open().map_err(|error| format!("the image of {version}: {error}"))?;
            let image = (*image).as_ref();
            let stated = package.base.as_ref().map(|base| base.sha256.as_str());
            if stated != Some(sha256_hex(image).as_str()) {
                return Err(format!("the image of {version} is not the one that the release was made from"));
            }
            restores(image)
        })
    }

    /// Restores the target, which the decoder checks by the digest in the header.
    fn restores(&self, base: &[u8], package: &[u8], plain: &[u8], header: &Header) -> Result<(), String> {
        if let Some(container) = Opened::new::<SoftwareSha256>(plain).map_err(describe)? {
            let restore = self.containers.ok_or_else(|| describe(Error::Container))?;
            return restore(base, &container, &mut Kept::default()).map_err(describe);
        }
        let mut memory = vec![0; header.ram as usize + 3];
        let start = memory.as_ptr().align_offset(4);
        let workspace = &mut memory[start..start + header.ram as usize];
        let (target, keys) = (Kept::default(), Keys(self.secrets));
        let mut patcher =
            Patcher::<_, _, SoftwareSha256, _, _>::with_key(workspace, base, target, Anything, keys);
        patcher.push(package).and_then(|()| patcher.finish().map(drop)).map_err(describe)
    }
}

/// A target in memory: some packages read back what they wrote.
#[derive(Default)]
struct Kept(Vec<u8>);

impl Target for Kept {
    type Error = Error;

    fn limit(&self) -> u32 {
        IMAGE_LIMIT
    }

    fn begin(&mut self, _size: u32) -> Result<(), Error> {
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        let start = offset as usize;
        let bytes = self.0.get(start..start + buffer.len()).ok_or(Error::TargetRead)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}
