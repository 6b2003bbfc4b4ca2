//! The errors of the decoder: small, `Copy`, with numbers that never change (`docs/format.md`, section 9).

use core::fmt;

/// What an error means for the delivery of the package (`docs/format.md`, section 9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ErrorClass {
    /// The package did not arrive whole: deliver it again.
    Delivery,
    /// The package, the base or the result is not the right one.
    Verification,
    /// Flash could not be read or written.
    Storage,
    /// This device cannot apply the package: it lacks a part of the decoder, memory or flash.
    Unsupported,
}

/// Makes the enum, and everything about each error that its row states: number, name, class, message.
macro_rules! errors {
    ($($(#[$doc:meta])* $number:literal $name:ident $class:ident $message:literal;)*) => {
        /// Why a package was refused or a restore stopped.
        ///
        /// The discriminant is stable: it may be logged, sent over the air and looked up years later.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Error {
            $(#[doc = concat!("E", $number, ": ", $message, ".")] $(#[$doc])* $name = $number,)*
        }

        impl Error {
            /// All errors, by number.
            #[doc(hidden)]
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// What was wrong, in a few words.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self {
                    $(Self::$name => $message,)*
                }
            }

            /// What it means for the delivery of the package.
            #[must_use]
            pub const fn class(self) -> ErrorClass {
                match self {
                    $(Self::$name => ErrorClass::$class,)*
                }
            }
        }
    };
}

errors! {
    1 NotAPackage Delivery "not a Smidgen package";
    2 UnsupportedVersion Unsupported "unknown format version";
    3 UnsupportedCodec Unsupported "unknown codec, or one that this decoder was built without";
    4 ReservedField Unsupported "a reserved field of the header is in use";
    /// It ends early, is too long, or a field is out of range or not in canonical form.
    5 MalformedHeader Delivery "malformed package header";
    6 HeaderChecksum Delivery "damaged package header (checksum)";
    7 UnsupportedPageKind Unsupported "unknown kind of page, or one that this decoder was built without";
    8 RamMismatch Verification "the header's memory figure contradicts its other fields";
    9 WorkspaceTooSmall Unsupported "the workspace is smaller than the package needs";
    10 WorkspaceMisaligned Unsupported "the workspace is not aligned to four bytes";
    11 BaseSize Verification "wrong base image (size)";
    12 BaseDigest Verification "wrong base image (SHA-256)";
    13 BaseRead Storage "the base image could not be read";
    14 TargetWrite Storage "the target could not be written";
    15 TargetRead Storage "the target could not be read back";
    16 Truncated Delivery "the package ends early";
    17 TrailingData Delivery "bytes after the end of the package";
    18 Corrupt Verification "damaged package body";
    /// It must not be used.
    19 TargetDigest Verification "the restored image has the wrong SHA-256";
    20 BodyDigest Verification "the package body has the wrong SHA-256";
    21 Finished Unsupported "the decoder has already failed or finished";
    22 SlotSize Unsupported "the target image does not fit into the slot";
    23 Product Verification "the package is for another product, or names none";
    24 Module Verification "the package is for another module, or names none";
    25 Version Verification "the package makes another version than the wanted one, or names none";
    26 RollbackCounter Verification "the package's rollback counter is below the device's";
    27 Journal Storage "the journal could not be read or written";
    28 Areas Unsupported "the flash areas are too small, or their pages of the wrong size";
    29 PackageRead Storage "the stored package could not be read";
    30 BaseGone Verification "the package copies a part of the base that it has overwritten";
    31 NotInPlace Unsupported "the package was not made for an update in place";
    32 Container Unsupported "package of a compressed file, which this decoder cannot restore";
    /// It has no key of the package's kind, or not the cipher.
    33 Encrypted Unsupported "the package is encrypted, and this decoder cannot decrypt it";
    34 DecryptionKey Verification "the package is encrypted for another key";
    40 Unsigned Verification "the package is not signed";
    41 UnknownKey Verification "the package is not signed by a known key";
    42 Signature Verification "a signature of the package is wrong";
}

impl Error {
    /// The stable number of this error.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl core::error::Error for Error {}
