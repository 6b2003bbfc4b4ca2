//! Makes Smidgen packages: matching, reference masking, model-driven encoding, proof.
//!
//! [`diff`] makes one package, [`package::pack`] all of a release; [`input::read`] takes images as builds leave them.
//! Nothing is printed: whoever calls gives a [`Progress`] or [`package::PackProgress`], which can also cancel the work. The
//! example `release` shows all of that.
//!
//! ```
//! use diff_core::{Options, Silent, diff, prove};
//! let (old, new) = (b"one image", b"another image");
//! let package = diff(old, new, &Options::default(), &Silent)?;
//! assert!(prove(old, new, &package.bytes).is_ok());
//! # Ok::<(), diff_core::DiffError>(())
//! ```

#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

pub mod bsdiff40;
mod classic;
pub mod container;
mod cover;
mod diff;
mod draft;
mod encode;
mod error;
mod escaped;
mod identity;
mod image;
mod in_place;
mod level;
mod masks;
mod new_image;
mod note;
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
pub use escaped::{Escaped, EscapedLines, has_control};
pub use identity::Identity;
pub use image::input;
pub use in_place::InPlace;
pub use new_image::NewImage;
pub use note::Note;
pub use options::{Arch, CodecChoice, Containers, Options, Ram};
pub use progress::{Progress, Silent, Stage};
pub use prove::prove;
pub use report::{CATEGORIES, Report, inspect};
