//! Replays a release: every package against its source image, as the devices will.

use std::path::Path;

use patch_nostd::container::Opened;
use patch_nostd::internals::wire::IMAGE_LIMIT;
use patch_nostd::{Anything, Error, Header, Patcher, SoftwareSha256, Target};
use rayon::prelude::*;

use super::agree::{self, describe};
use super::store::Store;
use crate::digest::sha256_hex;
use crate::release::encryption::{DecryptionKey, Keys, decrypt};
use crate::release::error::PackError;
use crate::release::model::{Manifest, PackageEntry, Source};
use crate::release::sign::{PublicKey, check_signature};

/// What came of one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The package.
    pub package: PackageEntry,
    /// What is wrong with it; nothing if it is good.
    pub fault: Option<String>,
}

/// Checks every package of the release in `folder`: that its file is the one that the manifest tells of and keeps the
/// platform's limits, that one of `keys` signed it (if there are any), and that the device's own decoder restores the
/// target from the image of each of its versions, in the memory that is stated. Encrypted packages are decrypted by those
/// of `secrets` that they name.
///
/// Packages of compressed files are error 32: [`replay_with`] restores them.
///
/// # Errors
/// A manifest that cannot be read, or contradicts itself. What is wrong with a package is in the result.
pub fn replay(
    folder: &Path,
    sources: &[Source],
    keys: &[PublicKey],
    secrets: &[DecryptionKey],
) -> Result<Vec<Replayed>, PackError> {
    replay_with(folder, sources, keys, secrets, &|_, _, _| Err(Error::Container))
}

/// [`replay`] that restores packages of compressed files by `containers`, from the base image to the target: who makes
/// the streams, and in which process, is for the caller to say.
///
/// # Errors
/// As [`replay`].
pub fn replay_with(
    folder: &Path,
    sources: &[Source],
    keys: &[PublicKey],
    secrets: &[DecryptionKey],
    containers: &RestoreContainer<'_>,
) -> Result<Vec<Replayed>, PackError> {
    let store = Store::open(folder)?;
    let manifest = store.manifest()?;
    let replayed = |package: &PackageEntry| {
        let fault = Replay { manifest: &manifest, store: &store, sources, keys, secrets, containers }
            .check(package)
            .err();
        Replayed { package: package.clone(), fault }
    };
    Ok(manifest.packages.par_iter().map(replayed).collect())
}

/// Restores the target of a package of compressed files.
pub type RestoreContainer<'a> =
    dyn Fn(&[u8], &Opened<'_>, &mut dyn Target<Error = Error>) -> Result<(), Error> + Sync + 'a;

struct Replay<'a> {
    manifest: &'a Manifest,
    store: &'a Store,
    sources: &'a [Source],
    keys: &'a [PublicKey],
    secrets: &'a [DecryptionKey],
    containers: &'a RestoreContainer<'a>,
}

impl Replay<'_> {
    fn check(&self, package: &PackageEntry) -> Result<(), String> {
        let (bytes, header) = agree::read(self.manifest, package, self.store)?;
        if !self.keys.is_empty() {
            check_signature(&bytes, self.keys).map_err(describe)?;
        }
        self.check_names(package, &bytes)?;
        if package.source_versions.is_empty() {
            return self.restores(&[], &bytes, &header);
        }
        package
            .source_versions
            .iter()
            .try_for_each(|version| self.check_source(package, version, &bytes, &header))
    }

    /// What is private if the package is encrypted.
    fn check_names(&self, package: &PackageEntry, bytes: &[u8]) -> Result<(), String> {
        if package.encryption.is_none() {
            return Ok(());
        }
        let plain = decrypt(bytes, &Keys(self.secrets)).map_err(describe)?;
        let (_, extensions, _) = Header::parse_extended(&plain).map_err(describe)?;
        agree::check_names(self.manifest, &extensions)
    }

    fn check_source(
        &self,
        package: &PackageEntry,
        version: &str,
        bytes: &[u8],
        header: &Header,
    ) -> Result<(), String> {
        let source = self.sources.iter().find(|source| source.version == version);
        let source = source.ok_or_else(|| format!("not replayed: there is no image of {version}"))?;
        let image = source.image.open().map_err(|error| format!("the image of {version}: {error}"))?;
        let image = (*image).as_ref();
        let stated = package.base.as_ref().map(|base| base.sha256.as_str());
        if stated != Some(sha256_hex(image).as_str()) {
            return Err(format!("the image of {version} is another one than the release was made from"));
        }
        self.restores(image, bytes, header)
    }

    /// The decoder restores the target that the header states; whether it is right, its digest tells.
    fn restores(&self, base: &[u8], package: &[u8], header: &Header) -> Result<(), String> {
        let plain = decrypt(package, &Keys(self.secrets)).map_err(describe)?;
        if let Some(container) = Opened::new::<SoftwareSha256>(&plain).map_err(describe)? {
            return (self.containers)(base, &container, &mut Kept::default()).map_err(describe);
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

/// A target in memory, as some packages read back what they wrote.
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
