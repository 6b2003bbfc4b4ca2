//! Errors and their classes as C sees them (`docs/format.md`, section 9).

use smidgen_patch::{Error, ErrorClass};

/// What functions return: 0, or a number that never changes its meaning.
#[repr(C)]
#[allow(dead_code)]
pub enum SmidgenError {
    /// No error.
    Ok = 0,
    /// Not a Smidgen package.
    NotAPackage = 1,
    /// A package of a format version that this decoder does not know.
    UnsupportedVersion = 2,
    /// A package of a codec that this decoder does not have.
    UnsupportedCodec = 3,
    /// A reserved field of the header is in use.
    ReservedField = 4,
    /// A malformed package header.
    MalformedHeader = 5,
    /// A damaged package header (checksum).
    HeaderChecksum = 6,
    /// A kind of page that this decoder does not have.
    UnsupportedPageKind = 7,
    /// The header's memory figure contradicts its other fields.
    RamMismatch = 8,
    /// The workspace is smaller than the package needs.
    WorkspaceTooSmall = 9,
    /// The workspace is not aligned to four bytes.
    WorkspaceMisaligned = 10,
    /// The wrong base image (size).
    BaseSize = 11,
    /// The wrong base image (SHA-256).
    BaseDigest = 12,
    /// The base image could not be read.
    BaseRead = 13,
    /// The target could not be erased or written.
    TargetWrite = 14,
    /// The target could not be read back.
    TargetRead = 15,
    /// The package ends early, or could not be read.
    Truncated = 16,
    /// There are bytes after the end of the package.
    TrailingData = 17,
    /// A damaged package body.
    Corrupt = 18,
    /// The restored image has the wrong SHA-256: it must not be started.
    TargetDigest = 19,
    /// The package's body has the wrong SHA-256.
    BodyDigest = 20,
    /// Used again after the end.
    Finished = 21,
    /// The image does not fit into the slot.
    SlotSize = 22,
    /// A package for another product, or that does not say for which.
    Product = 23,
    /// A package for another module, or that does not say for which.
    Module = 24,
    /// A package of another version than the wanted one, or that does not say of which.
    Version = 25,
    /// The package's rollback counter is below the device's.
    RollbackCounter = 26,
    /// The journal, or the decoder's saved state, could not be read or written.
    Journal = 27,
    /// Areas of flash that are too small or do not go together.
    Areas = 28,
    /// The stored package could not be read.
    PackageRead = 29,
    /// The package refers to what it has overwritten.
    BaseGone = 30,
    /// The package was not made for an update in place.
    NotInPlace = 31,
    /// A package of a compressed file.
    Container = 32,
    /// An encrypted package.
    Encrypted = 33,
    /// A package that is encrypted for another key.
    DecryptionKey = 34,
    /// A package that is not signed.
    Unsigned = 40,
    /// A package that is not signed by a known key.
    UnknownKey = 41,
    /// A wrong signature.
    Signature = 42,
    /// A size in the device's description is not one that can be worked with.
    BadDevice = 255,
}

/// What an error means for the delivery of the package.
#[repr(C)]
pub enum SmidgenClass {
    /// The device cannot apply the package.
    Unsupported = 0,
    /// The package did not arrive whole: deliver it again.
    Delivery = 1,
    /// The package, the base or the result is not the right one.
    Verification = 2,
    /// Flash could not be read or written.
    Storage = 3,
}

/// The numbers are the decoder's own, and none of them is missing here.
macro_rules! same_numbers {
    ($($name:ident)*) => {
        $(const _: () = assert!(SmidgenError::$name as u8 == Error::$name.number());)*
        const _: () = assert!([$(Error::$name),*].len() == Error::ALL.len());
    };
}
same_numbers! {
    NotAPackage UnsupportedVersion UnsupportedCodec ReservedField MalformedHeader HeaderChecksum
    UnsupportedPageKind RamMismatch WorkspaceTooSmall WorkspaceMisaligned BaseSize BaseDigest BaseRead
    TargetWrite TargetRead Truncated TrailingData Corrupt TargetDigest BodyDigest Finished SlotSize
    Product Module Version RollbackCounter Journal Areas PackageRead BaseGone NotInPlace Container
    Encrypted DecryptionKey Unsigned UnknownKey Signature
}

/// The `SmidgenClass` of an error that a function returned: what it means for the delivery of the package.
#[no_mangle]
pub extern "C" fn smidgen_error_class(error: i32) -> i32 {
    let known = Error::ALL.iter().find(|known| i32::from(known.number()) == error);
    let class = match known.map(|error| error.class()) {
        Some(ErrorClass::Delivery) => SmidgenClass::Delivery,
        Some(ErrorClass::Verification) => SmidgenClass::Verification,
        Some(ErrorClass::Storage) => SmidgenClass::Storage,
        _ => SmidgenClass::Unsupported,
    };
    class as i32
}
