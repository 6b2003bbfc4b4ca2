//! Signs a whole release that was packed before, such as by another machine that has the keys (`smidgen sign FOLDER`).

use std::path::Path;

use rayon::prelude::*;

use super::agree;
use super::finish::finish;
use super::store::{Named, Store};
use crate::digest::sha256_hex;
use crate::release::error::PackError;
use crate::release::model::{MANIFEST_FILE, Manifest, PackageEntry};
use crate::release::platform;
use crate::release::sign::{SignError, Signer, key_names, sign};

/// Signs every package of the release in `folder` with all of these keys, keeps earlier signatures, and writes the signed
/// release to the folder `into`: packages first, the manifest last.
///
/// The manifest has the sizes and digests of the signed packages. As in `pack`, differential packages that are too large
/// are dropped.
///
/// # Errors
/// No signer; the same folder twice, or one of another release; a manifest that cannot be read; a package that contradicts it; those of [`sign`].
pub fn sign_release(folder: &Path, into: &Path, signers: &[&dyn Signer]) -> Result<Manifest, PackError> {
    if signers.is_empty() {
        return Err(PackError::Usage("there is no key to sign with".to_owned()));
    }
    let from = Store::open(folder)?;
    let mut manifest = from.manifest()?;
    let to = Store::create(into, MANIFEST_FILE)?;
    if from.is_same(&to) {
        return Err(PackError::Usage("the signed release needs a folder of its own".to_owned()));
    }
    // Fails for a folder of something else, which is not overwritten.
    to.manifests_of(&Named::of(&manifest))?;
    let signed = |package: &PackageEntry| sign_package(&manifest, package, &from, &to, signers);
    let packages: Result<Vec<_>, PackError> = manifest.packages.par_iter().map(signed).collect();
    manifest.packages = packages?;
    finish(manifest)?.write(&to)
}

/// Signs one package, and returns its new entry.
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
    platform::check_file(&package.file, signed.len() as u64).map_err(|rule| wrong(rule.to_string()))?;
    let keys = key_names(&signed).map_err(|error| failed(SignError::Package(error)))?;
    to.write(&package.file, &signed)?;
    // Another recipe: `pack` must not take it for a package that has other keys.
    let recipe = sha256_hex(format!("{}, signed by {keys:?}", package.recipe).as_bytes());
    Ok(PackageEntry { keys, recipe, ..package.clone() }.of_file(&signed))
}
