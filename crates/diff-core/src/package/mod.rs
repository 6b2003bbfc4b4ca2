//! Releases: all packages that lead a fleet with many versions to a new one, and what the delivery platform asks.

mod digest;
mod error;
mod finish;
mod image;
mod manifest;
mod merge;
pub mod order;
mod pack;
mod plan;
mod progress;
mod release;
pub mod rules;
mod shard;
mod store;
mod turns;

pub use error::PackError;
pub use image::{Bytes, Image, Source};
pub use manifest::{
    BaseImage, Dropped, MANIFEST_FILE, MANIFEST_SCHEMA, MANIFEST_VERSION, Manifest, PackageEntry,
    SourceEntry, TargetImage, Type,
};
pub use merge::merge;
pub use pack::{Effort, memory_needed, pack};
pub use progress::{Event, PackProgress};
pub use release::{DEFAULT_SHARE, Release};
pub use rules::{RuleError, SignMethod};
pub use shard::Shard;
