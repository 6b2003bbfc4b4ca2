//! Signs a whole release that was packed before, such as by another machine that has the keys (`smidgen sign FOLDER`).

use std::path::Path;

use rayon::prelude::*;

use super::agree;
use super::finish::finish;
use super::store::Store;
use crate::digest::{md5_hex, sha256_hex};
use crate::release::error::PackError;
use crate::release::model::{Manifest, PackageEntry};
use crate::release::platform::{self, SignMethod};
use crate::release::sign::{SignError, Signer, key_names, sign};

/// Signs every package of the release in `folder` with all of these keys, besides signatures that are there, and writes
/// the signed release to the folder `into`: packages first, the manifest last.
///
/// Sizes and digests in the manifest are those of the signed packages; a differential package that is too large now is
/// dropped as `pack` would drop it.
///
/// # Errors
/// No signer; the same folder twice; a manifest that cannot be read; a package that is not the one that it tells of; what
/// [`sign`] says.
pub fn sign_release(folder: &Path, into: &Path, signers: &[&dyn Signer]) -> Result<Manifest, PackError> {
    if signers.is_empty() {
        return Err(PackError::Usage("there is no key to sign with".to_owned()));
    }
    let from = Store::open(folder)?;
    let mut manifest = from.manifest()?;
    let to = Store::create(into)?;
    if from.is_same(&to) {
        return Err(PackError::Usage("the signed release needs a folder of its own".to_owned()));
    }
    // A folder of something else is not written over.
    to.known()?;
    let signed = |package: &PackageEntry| sign_package(&manifest, package, &from, &to, signers);
    let packages: Result<Vec<_>, PackError> = manifest.packages.par_iter().map(signed).collect();
    manifest.packages = packages?;
    finish(manifest, &to)
}

/// Signs one package; what the manifest says about it afterwards.
fn sign_package(
    manifest: &Manifest,
    package: &PackageEntry,
    from: &Store,
    to: &Store,
    signers: &[&dyn Signer],
) -> Result<PackageEntry, PackError> {
    let wrong = |reason: String| PackError::manifest(&from.path(&package.file), reason);
    let (bytes, _) = agree::read(manifest, package, from).map_err(wrong)?;
    let failed = |error| PackError::Sign { file: package.file.clone(), error };
    let signed = sign(&bytes, signers).map_err(failed)?;
    platform::check_file(&package.file, signed.len() as u64)?;
    let keys = key_names(&signed).map_err(|error| failed(SignError::Package(error)))?;
    to.write(&package.file, &signed)?;
    Ok(entry(package, &signed, keys))
}

/// The entry of the signed package. The next run of `pack` must not take it for one of its own that has other keys.
fn entry(package: &PackageEntry, signed: &[u8], keys: Vec<String>) -> PackageEntry {
    let (md5, sha256) = (md5_hex(signed), sha256_hex(signed));
    let sign = match package.sign_method.parse() {
        Ok(SignMethod::Md5) => md5.clone(),
        _ => sha256.clone(),
    };
    let recipe = sha256_hex(format!("{}, signed by {keys:?}", package.recipe).as_bytes());
    PackageEntry { size: signed.len() as u64, md5, sha256, sign, keys, recipe, ..package.clone() }
}
