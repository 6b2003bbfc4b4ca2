//! Releases: all packages that lead a fleet with many versions to a new one, and what the delivery platform asks.

mod agree;
mod catalogue;
mod check;
mod encryption;
mod entries;
mod error;
mod finish;
mod image;
mod key_file;
mod keys;
mod manifest;
mod merge;
mod message;
pub mod order;
mod pack;
mod plan;
mod progress;
mod regular;
mod release;
mod release_file;
mod replay;
pub mod rules;
mod shard;
mod sign_release;
mod signing;
mod store;
mod turns;

pub use catalogue::{Catalogue, Delivery, FullBecause, NoDelivery, Query};
pub use encryption::{
    CipherChoice, ContentKey, DecryptionKey, DevicePublic, DeviceSecret, EncryptError, Encrypted, Encryption,
    Keys, Recipient, SEALED_LENGTH, Sealed, Sealer, SharedSecret, decrypt, encrypt, encrypt_and_prove,
    encrypt_sealed, encryption_of,
};
pub use entries::{BaseImage, Dropped, EncryptionEntry, PackageEntry, SourceEntry, TargetImage, Type};
pub use error::PackError;
pub use image::{Bytes, Flattened, Image, Source};
pub use keys::{KeyError, PublicKey, SecretKey};
pub use manifest::{MANIFEST_FILE, MANIFEST_SCHEMA, MANIFEST_VERSION, Manifest};
pub use merge::merge;
pub use message::Messages;
pub use pack::{Effort, memory_needed, pack};
pub use progress::{Event, PackProgress};
pub use release::{DEFAULT_SHARE, Release};
pub use release_file::{RELEASE_FILES, ReleaseFile, sources_in};
pub use replay::{Replayed, RestoreContainer, replay, replay_with};
pub use rules::{RuleError, SignMethod};
pub use shard::Shard;
pub use sign_release::sign_release;
pub use signing::{SignError, Signer, check_signature, key_names, sign};
