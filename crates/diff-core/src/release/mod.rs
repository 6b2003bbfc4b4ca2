//! Releases: all packages that lead a fleet with many versions to a new one, and what the delivery platform asks.

mod encryption;
mod error;
mod make;
mod model;
pub mod platform;
mod regular;
mod sign;

pub use encryption::{
    CipherChoice, ContentKey, DecryptionKey, DevicePublic, DeviceSecret, EncryptError, Encrypted, Encryption,
    Keys, Recipient, SEALED_LENGTH, Sealed, Sealer, SharedSecret, decrypt, encrypt, encrypt_and_prove,
    encrypt_sealed, encryption_of,
};
pub use error::PackError;
pub use make::{
    Event, PackOptions, PackProgress, Replayed, RestoreContainer, memory_needed, merge, pack, replay,
    replay_with, sign_release,
};
pub use model::{
    BaseEntry, Bytes, Catalogue, DEFAULT_SHARE, Delivery, Dropped, EncryptionEntry, Flattened, FullBecause,
    Image, MANIFEST_FILE, MANIFEST_SCHEMA, MANIFEST_VERSION, Manifest, Messages, NoDelivery, PackageEntry,
    Query, RELEASE_FILES, Release, ReleaseFile, Shard, Source, SourceEntry, TargetEntry, Type, sources_in,
};
pub use platform::{RuleError, SignMethod};
pub use sign::{KeyError, PublicKey, SecretKey, SignError, Signer, check_signature, key_names, sign};
