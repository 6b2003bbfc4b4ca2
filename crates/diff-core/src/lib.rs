//! Makes Smidgen packages: matching, reference masking, model-driven encoding, proof.

pub mod bsdiff40;
mod classic;
pub mod container;
mod cover;
mod diff;
mod draft;
mod encode;
mod error;
mod identity;
mod image;
mod in_place;
mod level;
mod masks;
mod new_image;
mod options;
pub mod package;
mod passes;
mod pipeline;
mod progress;
mod prove;
mod refs;
mod report;
pub mod search;
mod subject;
mod zstd_package;

pub use classic::diff_bsdiff40;
pub use diff::{Package, diff, diff_to};
pub use error::DiffError;
pub use identity::Identity;
pub use image::input;
pub use in_place::InPlace;
pub use new_image::NewImage;
pub use options::{Arch, CodecChoice, Containers, Options, Ram};
pub use progress::{Progress, Silent, Stage};
pub use prove::prove;
pub use report::{CATEGORIES, Report, inspect};
