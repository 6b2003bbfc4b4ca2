//! The model of a release: images, options, manifest, catalogue and messages.

mod catalogue;
mod check;
mod config;
mod device_file;
mod entries;
mod image;
mod keys;
mod manifest;
mod message;
mod pack_options;
mod protection;
mod release;
mod release_file;
mod shard;

pub use catalogue::{Catalogue, Delivery, FullBecause, Listed, NoDelivery, Query};
pub use entries::{
    BaseEntry, Dropped, EncryptionEntry, KeyKind, PackageEntry, PackageType, SourceEntry, TargetEntry,
};
pub use image::{Flattened, Image, ImageBytes, Source};
pub use manifest::{MANIFEST_FILE, MANIFEST_SCHEMA, MANIFEST_VERSION, Manifest};
pub use message::Messages;
pub use pack_options::PackOptions;
pub use protection::{EncryptionOptions, SigningOptions};
pub use release::{DEFAULT_SHARE, Release, ReleaseOptions};
pub use release_file::{RELEASE_FILES, ReleaseFile, sources_in};
pub use shard::Shard;
