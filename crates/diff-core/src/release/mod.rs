//! Releases: the packages that update a fleet from many versions to one, by the rules of a delivery platform.

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
    Event, PackOptions, PackProgress, Replay, Replayed, RestoreContainer, memory_needed, merge, pack,
    sign_release,
};
pub use model::{
    BaseEntry, Catalogue, DEFAULT_SHARE, Delivery, Dropped, EncryptionEntry, Flattened, FullBecause, Image,
    ImageBytes, KeyKind, MANIFEST_FILE, MANIFEST_SCHEMA, MANIFEST_VERSION, Manifest, Messages, NoDelivery,
    PackageEntry, Query, RELEASE_FILES, Release, ReleaseFile, ReleaseOptions, Shard, Source, SourceEntry,
    TargetEntry, Type, sources_in,
};
pub use platform::{RuleError, SignMethod};
pub use sign::{KeyError, PublicKey, SecretKey, SignError, Signer, check_signature, key_names, sign};
