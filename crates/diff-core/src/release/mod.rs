//! Releases: the packages that update a fleet from many versions to one, by the rules of a delivery platform where one is asked for.

mod encryption;
mod error;
mod make;
mod model;
pub mod platform;
mod regular;
mod sign;
mod version;

pub use encryption::{
    CipherChoice, ContentKey, DecryptionKey, DevicePublic, DeviceSecret, EncryptError, Encrypted, Encryption,
    Keys, Recipient, SEALED_LENGTH, Sealed, Sealer, SharedSecret, decrypt, encrypt, encrypt_and_prove,
    encrypt_sealed, encryption_of,
};
pub use error::PackError;
pub use make::{
    Checked, Event, PackProgress, Replay, Replayed, ReplayedPackage, memory_needed, merge, pack,
    sign_release, unlisted,
};
pub use model::{
    Artifact, BaseEntry, Catalogue, Channel, DEFAULT_SHARE, Delivery, Dropped, EncryptionEntry,
    EncryptionOptions, Flattened, Fleet, Framework, FullBecause, Image, ImageBytes, ImageFolder, ImageSearch,
    InPlaceEntry, KeyKind, Listed, MANIFEST_FILE, MANIFEST_SCHEMA, MANIFEST_VERSION, Manifest, Messages,
    NoDelivery, PackOptions, PackageEntry, PackageType, Query, RELEASE_FILES, Release, ReleaseFile,
    ReleaseOptions, Saving, Savings, Shard, SigningOptions, Skipped, SkippedBecause, Source, SourceEntry,
    Step, TargetEntry, sources_in,
};
pub use platform::{Platform, RuleError, SignMethod};
pub use sign::{KeyError, PublicKey, SecretKey, SignError, Signer, check_signature, key_names, sign};
pub use version::{VersionError, is_same_version};

/// For the program `smidgen`, and exempt from semantic versioning.
#[doc(hidden)]
pub mod internals {
    use std::fs::{File, Metadata};
    use std::io;
    use std::path::Path;

    use crate::release::regular::{self, Links};

    /// Opens a regular file, also through symbolic links.
    ///
    /// # Errors
    /// Those of the operating system; pipes, devices and directories.
    pub fn open_regular(path: &Path) -> io::Result<(File, Metadata)> {
        regular::open(path, Links::Followed)
    }

    /// Lowercase hexadecimal digits.
    #[must_use]
    pub fn hex(bytes: &[u8]) -> String {
        crate::digest::hex(bytes)
    }

    /// The SHA-256 of some bytes.
    #[must_use]
    pub fn sha256(bytes: &[u8]) -> [u8; 32] {
        crate::digest::sha256(bytes)
    }
}
