//! Every bad package in `fixtures/packages/bad` gives the error that its name begins with.

use std::collections::BTreeSet;

use crate::common::{bad_packages, refusal, small_base};
use smidgen_patch::{Error, Header};

/// What a package alone can cause.
const BY_PACKAGE: [Error; 18] = [
    Error::NotAPackage,
    Error::UnsupportedVersion,
    Error::UnsupportedCodec,
    Error::ReservedField,
    Error::MalformedHeader,
    Error::HeaderChecksum,
    Error::UnsupportedPageKind,
    Error::RamMismatch,
    Error::BaseSize,
    Error::BaseDigest,
    Error::Truncated,
    Error::TrailingData,
    Error::Corrupt,
    Error::TargetDigest,
    Error::BodyDigest,
    Error::Container,
    Error::Encrypted,
    Error::DecryptionKey,
];

/// What is found out while or after the target is written; all else is found before anything is touched.
const BY_BODY: [Error; 5] =
    [Error::Truncated, Error::TrailingData, Error::Corrupt, Error::TargetDigest, Error::BodyDigest];

/// Whether a package can be parsed, but not decrypted. What is wrong with it otherwise is in `encrypted.rs`.
fn is_encrypted(package: &[u8]) -> bool {
    Header::parse_extended(package).is_ok_and(|(_, extensions, _)| extensions.encryption.is_some())
}

/// Whether this decoder has the codec of a package with this name.
fn has_codec(name: &str) -> bool {
    match name {
        name if name.contains("-zstd-") => cfg!(feature = "zstd"),
        name if name.contains("-lite-") => cfg!(feature = "lite"),
        _ => cfg!(feature = "cm"),
    }
}

/// What a name promises; a decoder without the codec gets no further than the header.
fn promised(name: &str, package: &[u8]) -> Error {
    let word = name.split('-').next().unwrap_or_default();
    let error = BY_PACKAGE.into_iter().find(|error| format!("{error:?}") == word);
    let error = error.unwrap_or_else(|| panic!("{name} does not begin with an error"));
    match Header::parse(package) {
        Ok(_) | Err(Error::UnsupportedCodec) if !has_codec(name) => Error::UnsupportedCodec,
        Ok(_) if is_encrypted(package) => Error::Encrypted,
        Err(Error::ReservedField) if cfg!(not(feature = "lanes")) && name.contains("-lanes-") => {
            Error::ReservedField
        }
        // Their base has words of other forms.
        Err(Error::UnsupportedPageKind) if !cfg!(feature = "words") => Error::UnsupportedPageKind,
        _ => error,
    }
}

#[test]
fn bad_packages_give_the_error_of_their_name() {
    let base = small_base();
    for (name, package) in bad_packages() {
        let (error, slot) = refusal(&base, &package);
        assert_eq!(error, Some(promised(&name, &package)), "{name}");
        let may_begin =
            error.is_some_and(|error| BY_BODY.contains(&error)) && Header::parse(&package).is_ok();
        assert!(may_begin || slot.begun.is_none(), "{name}: the target was begun");
    }
}

#[test]
fn bad_headers_are_refused_by_the_parser_alone() {
    for (name, package) in bad_packages() {
        let error = promised(&name, &package);
        let by_device =
            [Error::BaseSize, Error::BaseDigest, Error::Container, Error::Encrypted].contains(&error);
        if by_device
            || BY_BODY.contains(&error)
            || (error == Error::UnsupportedCodec && name.contains("-zstd-"))
            // Looked at when the sizes are known that they divide.
            || name.contains("-lanes-")
        {
            continue;
        }
        assert_eq!(Header::parse(&package).err(), Some(error), "{name}");
    }
}

#[test]
fn every_error_that_a_package_can_cause_has_a_bad_package() {
    let names: BTreeSet<String> =
        bad_packages().iter().filter_map(|(name, _)| name.split('-').next().map(str::to_owned)).collect();
    let errors: BTreeSet<String> = BY_PACKAGE.iter().map(|error| format!("{error:?}")).collect();
    assert_eq!(names, errors);
}
