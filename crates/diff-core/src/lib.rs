//! Makes Smidgen packages: matching, reference masking, model-driven encoding, proof.
//!
//! [`diff`] makes one package, [`release::pack`] all of a release; [`input::read`] takes images as builds leave them.
//! Nothing is printed: whoever calls gives a [`Progress`] or [`release::PackProgress`], which can also cancel the work. The
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
#![warn(unreachable_pub, clippy::missing_errors_doc)]

mod api;
pub mod bsdiff40;
pub mod container;
mod cover;
mod diff;
mod digest;
mod encode;
mod engine;
mod escaped;
mod image;
mod images;
pub mod input;
mod inspect;
mod limits;
mod proof;
mod refs;
#[cfg(feature = "release")]
#[allow(clippy::missing_errors_doc)]
pub mod release;
mod search;
pub mod settings;

pub use api::{
    Arch, CodecChoice, Containers, Costs, DiffError, Identity, InPlace, InPlaceError, Note, Options, Package,
    Progress, Ram, Report, Silent, Stage,
};
pub use diff::{diff, diff_bsdiff40, diff_to};
pub use engine::{LEVELS, LEVELS_NOTE, TargetImage};
pub use escaped::{Escaped, EscapedLines, has_control};
pub use inspect::inspect;
pub use proof::prove;
pub use search::SearchError;

/// What the benches and tests of this repository use besides: no part of the API, and may change in any version.
#[doc(hidden)]
pub mod internals {
    pub use crate::bsdiff40::encode;
    pub use crate::search::{Equal, Index, Match, SearchOptions, find_matches, find_matches_around};
}
