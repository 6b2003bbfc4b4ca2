//! Makes Smidgen packages: matching, reference masking, model-driven encoding, proof.
//!
//! [`diff`] makes one package, [`release::pack`] all of a release; [`input::read`] takes images as builds leave them.
//! Nothing is printed: a [`Progress`] or [`release::PackProgress`] follows the work and may cancel it. The example
//! `release` shows all of that.
//!
//! Options are `#[non_exhaustive]` structs with public fields, a default and a setter for each field:
//! `Options::default().with_level(9)`. What is returned has public fields, and may get more.
//!
//! ```
//! use smidgen_diff::{Options, Silent, diff, prove};
//! let (old, new) = (b"one image", b"another image");
//! let package = diff(old, new, &Options::default(), &Silent)?;
//! assert!(prove(old, new, &package.bytes).is_ok());
//! # Ok::<(), smidgen_diff::DiffError>(())
//! ```

#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]
#![warn(unreachable_pub, clippy::missing_errors_doc)]

mod api;
pub mod archive;
mod board;
pub mod bsdiff40;
mod bytes;
mod container;
mod cover;
mod diff;
mod digest;
mod encode;
mod engine;
mod escaped;
mod image;
mod images;
pub mod input;
pub mod inspect;
mod limits;
mod proof;
mod refs;
#[cfg(feature = "release")]
pub mod release;
mod restore;
mod search;
pub mod settings;
pub mod simulate;
#[cfg(feature = "symbols")]
pub mod symbols;

pub use api::{
    Arch, CodecChoice, Codecs, ContainerNeeds, Containers, Core, Costs, Device, DiffError, FlashOptions,
    Identity, InPlace, InPlaceError, Note, Options, Package, Part, ProfileError, Progress, Ram, Report,
    Silent, Speed, Stage, Unexpanded, Unfit, UnreadableFlash, Update, Work,
};
pub use container::TargetFile;
pub use diff::{diff, diff_bsdiff40, diff_to};
pub use engine::{LEVELS, LEVELS_NOTE};
pub use escaped::{Escaped, EscapedLines, has_control};
pub use inspect::inspect;
pub use proof::{prove, replay_in_place};
pub use restore::{Form, InMemory, Kept, Restore, RestoreError, Streams};
pub use search::SearchError;

/// For the benches and tests of this repository only: not part of the API, and may change in any version.
#[doc(hidden)]
pub mod internals {
    pub use crate::bsdiff40::encode::encode;
    pub use crate::search::{Equal, Index, Match, SearchOptions, find_matches, find_matches_around};
}
