//! Reads a package of a release, and checks file, digests and header against the manifest.

use smidgen_patch::header::{Text, VERSION};
use smidgen_patch::{Error, Extensions, Header};

use super::store::Store;
use crate::api::ContainerNeeds;
use crate::digest::{hex, md5_hex};
use crate::release::encryption::encryption_of;
use crate::release::model::{BaseEntry, EncryptionEntry, InPlaceEntry, Manifest, PackageEntry};
use crate::release::platform;
use crate::release::sign::key_names;

/// Reads a package that `manifest` lists from the folder of that manifest, without decrypting or decoding it.
pub(crate) fn read(
    manifest: &Manifest,
    package: &PackageEntry,
    store: &Store,
) -> Result<(Vec<u8>, Header), String> {
    platform::check_file(&package.file, package.size).map_err(|error| error.to_string())?;
    let bytes = store.read_package(package)?;
    if md5_hex(&bytes) != package.md5 {
        return Err("the file has another MD5 than the manifest says".to_owned());
    }
    let header = check_header(manifest, package, &bytes)?;
    Ok((bytes, header))
}

/// Checks the header against the manifest; of an encrypted package, only the public part.
fn check_header(manifest: &Manifest, package: &PackageEntry, bytes: &[u8]) -> Result<Header, String> {
    let (header, extensions, length) = Header::parse_extended(bytes).map_err(describe)?;
    let whole = length as u64 + u64::from(header.body_length);
    let encryption = encryption_of(bytes).map_err(describe)?;
    agree(&[
        ("length", whole == bytes.len() as u64),
        ("base", is_from(&header, package.base.as_ref())),
        ("codec", header.codec.name() == package.codec),
        ("target size", u64::from(header.target_size) == manifest.target.size),
        ("target", hex(&header.target_digest) == package.target_sha256),
        ("memory", header.ram == package.ram),
        ("container", ContainerNeeds::of(bytes).map_err(describe)? == package.container),
        ("plan of an update in place", extensions.in_place.map(InPlaceEntry::from) == package.in_place),
        ("format version", package.format_version == VERSION),
        ("keys", key_names(bytes).is_ok_and(|keys| keys == package.keys)),
        ("encryption", encryption.as_ref().and_then(EncryptionEntry::of) == package.encryption),
    ])?;
    if encryption.is_none() {
        check_names(manifest, &extensions)?;
    }
    Ok(header)
}

/// Whether a package with this header is from this base; an empty one has no digest.
pub(crate) fn is_from(header: &Header, base: Option<&BaseEntry>) -> bool {
    let (size, sha256) = base.map_or((0, ""), |base| (base.size, base.sha256.as_str()));
    u64::from(header.base_size) == size && (size == 0 || sha256.starts_with(&hex(&header.base_digest)))
}

/// Checks a package's identity against the manifest.
pub(crate) fn check_names(manifest: &Manifest, extensions: &Extensions<'_>) -> Result<(), String> {
    agree(&[
        ("product", extensions.product.map(Text::as_str) == manifest.product.as_deref()),
        ("module", extensions.module == Some(manifest.module.as_str().into())),
        ("version", extensions.version == Some(manifest.version.as_str().into())),
        ("rollback counter", extensions.rollback_counter == manifest.rollback_counter),
    ])
}

fn agree(facts: &[(&str, bool)]) -> Result<(), String> {
    match facts.iter().find(|(_, agrees)| !agrees) {
        Some((what, _)) => Err(format!("its header has another {what} than the manifest")),
        None => Ok(()),
    }
}

/// An error of the decoder with its number.
pub(crate) fn describe(error: Error) -> String {
    format!("{error} (E{})", error.number())
}
