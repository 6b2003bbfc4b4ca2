//! The errors of the decoder: small, `Copy`, with numbers that never change (`docs/format.md`, section 9).

/// Why a package was refused or a restore stopped.
///
/// The discriminant is stable: it may be logged, sent over the air and looked up years later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum Error {
    /// The first four bytes are not a Smidgen package's.
    NotAPackage = 1,
    /// The package was made for a newer (or unknown) format version.
    UnsupportedVersion = 2,
    /// The codec is unknown, or not built into this decoder.
    UnsupportedCodec = 3,
    /// A reserved flag or field is not zero.
    ReservedField = 4,
    /// The header ends early, is too long, or one of its fields is out of range or not in canonical form.
    MalformedHeader = 5,
    /// The header's checksum does not match.
    HeaderChecksum = 6,
    /// A page has an unknown kind, or this decoder was built without it.
    UnsupportedPageKind = 7,
    /// The header's memory figure is not the one that its other fields imply.
    RamMismatch = 8,
    /// The caller's workspace is smaller than the header says is needed.
    WorkspaceTooSmall = 9,
    /// The caller's workspace does not start at a multiple of four bytes.
    WorkspaceMisaligned = 10,
    /// The base image has another size than the package was made for.
    BaseSize = 11,
    /// The base image has another SHA-256 than the package was made for.
    BaseDigest = 12,
    /// The base image could not be read.
    BaseRead = 13,
    /// The target could not be written, or is too small.
    TargetWrite = 14,
    /// The target could not be read back, and the package needs that.
    TargetRead = 15,
    /// The package ends before the target is complete.
    Truncated = 16,
    /// There are bytes after the end of the package or of its body.
    TrailingData = 17,
    /// The body says something impossible: it is damaged.
    Corrupt = 18,
    /// The restored image's SHA-256 is not the one the header states. The target must not be used.
    TargetDigest = 19,
    /// The SHA-256 of the package's body is not the one the header states.
    BodyDigest = 20,
    /// The patcher was used again after it had failed or finished.
    Finished = 21,
    /// The target image does not fit into the slot.
    SlotSize = 22,
    /// The package is for another product, or does not say for which.
    Product = 23,
    /// The package is for another module, or does not say for which.
    Module = 24,
    /// The target image has not the version that is wanted, or the package does not say which it has.
    Version = 25,
    /// The package's rollback counter is below the device's.
    RollbackCounter = 26,
    /// The journal of an update could not be read or written.
    Journal = 27,
    /// The areas of flash are too small or their pages of the wrong size.
    Areas = 28,
    /// The stored package could not be read.
    PackageRead = 29,
    /// An update in place refers to a part of the base that the target has replaced.
    BaseGone = 30,
    /// The package was not made for an update in place.
    NotInPlace = 31,
    /// The package expands a compressed file, and this decoder cannot.
    Container = 32,
    /// The package is encrypted, and this decoder has no key of its kind, or not its cipher.
    Encrypted = 33,
    /// The package is encrypted for another key.
    DecryptionKey = 34,
    /// The package is not signed, and the device takes only those that are.
    Unsigned = 40,
    /// The package is not signed by any key that the device knows.
    UnknownKey = 41,
    /// A signature by a key that the device knows is wrong.
    Signature = 42,
}

impl Error {
    /// The stable number of this error.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// What was wrong, in a few words.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::NotAPackage => "not a Smidgen package",
            Self::UnsupportedVersion => "package of a format version this decoder does not know",
            Self::UnsupportedCodec => "package of a codec this decoder does not have",
            Self::ReservedField => "a reserved field of the header is in use",
            Self::MalformedHeader => "malformed package header",
            Self::HeaderChecksum => "damaged package header (checksum)",
            Self::UnsupportedPageKind => "a kind of page that this decoder does not have",
            Self::RamMismatch => "the header's memory figure contradicts its other fields",
            Self::WorkspaceTooSmall => "the workspace is smaller than the package needs",
            Self::WorkspaceMisaligned => "the workspace is not aligned to four bytes",
            Self::BaseSize => "wrong base image (size)",
            Self::BaseDigest => "wrong base image (SHA-256)",
            Self::BaseRead => "the base image could not be read",
            Self::TargetWrite => "the target could not be written",
            Self::TargetRead => "the target could not be read back",
            Self::Truncated => "the package ends early",
            Self::TrailingData => "bytes after the end of the package",
            Self::Corrupt => "damaged package body",
            Self::TargetDigest => "the restored image has the wrong SHA-256",
            Self::BodyDigest => "the package body has the wrong SHA-256",
            Self::Finished => "the patcher has already failed or finished",
            Self::SlotSize => "the image does not fit into the slot",
            Self::Product => "package for another product",
            Self::Module => "package for another module",
            Self::Version => "package of another version than the wanted one",
            Self::RollbackCounter => "package of an image that must not come back (rollback counter)",
            Self::Journal => "the journal could not be read or written",
            Self::BaseGone => "the package refers to what it has overwritten",
            Self::NotInPlace => "the package was not made for an update in place",
            Self::PackageRead => "the stored package could not be read",
            Self::Areas => "areas of flash that are too small or do not go together",
            Self::Container => "package of a compressed file, which this decoder cannot restore",
            Self::Encrypted => "the package is encrypted, and this decoder cannot decrypt it",
            Self::DecryptionKey => "the package is encrypted for another key",
            Self::Unsigned => "the package is not signed",
            Self::UnknownKey => "the package is not signed by a known key",
            Self::Signature => "the package has a wrong signature",
        }
    }

    /// The code by which OTA platforms have devices report this failure (`docs/format.md`, section 9.1): -1 the upgrade
    /// failed, -2 the download, -3 verification, -4 flashing.
    #[must_use]
    pub const fn platform_code(self) -> i8 {
        match self {
            Self::NotAPackage
            | Self::MalformedHeader
            | Self::HeaderChecksum
            | Self::Truncated
            | Self::TrailingData => -2,
            Self::RamMismatch
            | Self::BaseSize
            | Self::BaseDigest
            | Self::Corrupt
            | Self::BaseGone
            | Self::TargetDigest
            | Self::BodyDigest
            | Self::Product
            | Self::Module
            | Self::Version
            | Self::RollbackCounter
            | Self::DecryptionKey
            | Self::Unsigned
            | Self::UnknownKey
            | Self::Signature => -3,
            Self::BaseRead | Self::TargetWrite | Self::TargetRead | Self::Journal | Self::PackageRead => -4,
            Self::UnsupportedVersion
            | Self::UnsupportedCodec
            | Self::ReservedField
            | Self::UnsupportedPageKind
            | Self::Container
            | Self::Encrypted
            | Self::WorkspaceTooSmall
            | Self::WorkspaceMisaligned
            | Self::Finished
            | Self::SlotSize
            | Self::NotInPlace
            | Self::Areas => -1,
        }
    }
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.message())
    }
}

impl core::error::Error for Error {}
