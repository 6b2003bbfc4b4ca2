//! The model of a release: images, options, manifest, catalogue and messages.

mod artifact;
mod catalogue;
mod channel;
mod check;
mod config;
mod delivery;
mod device_file;
mod entries;
mod find;
mod fleet;
mod image;
mod image_folder;
mod image_name;
mod keys;
mod manifest;
mod message;
mod pack_options;
mod protection;
mod release;
mod release_file;
mod release_options;
mod route;
mod shard;

pub use artifact::{Artifact, Framework};
pub use catalogue::{Catalogue, Listed};
pub use channel::Channel;
pub use delivery::{Delivery, FullBecause, NoDelivery, Query, Step};
pub use entries::{
    BaseEntry, Dropped, EncryptionEntry, InPlaceEntry, KeyKind, PackageEntry, PackageType, SourceEntry,
    TargetEntry,
};
pub use fleet::{Fleet, Saving, Savings};
pub use image::{Flattened, Image, ImageBytes, Source};
pub use image_folder::{ImageFolder, ImageSearch, Skipped, SkippedBecause, sources_in};
pub use manifest::{MANIFEST_FILE, MANIFEST_SCHEMA, MANIFEST_VERSION, Manifest};
pub(crate) use manifest::{SOURCES_LIMIT, manifest_name};
pub use message::Messages;
pub use pack_options::PackOptions;
pub use protection::{EncryptionOptions, SigningOptions};
pub use release::Release;
pub use release_file::{RELEASE_FILES, ReleaseFile};
pub use release_options::{DEFAULT_SHARE, ReleaseOptions};
pub use shard::Shard;
