//! References: found in the base, their targets predicted (`docs/format.md`, section 7).
//!
//! A cover that copies a call or a pointer need not state the new value: the decoder reads the old one, works out what
//! it pointed at, and guesses where that went. `arch` has a file per architecture that reads and writes its references
//! side by side, `word` those in data; `predict` lists the guesses.

mod arch;
mod halves;
mod landmarks;
mod learned;
mod nearby;
mod predict;
mod reference;
mod space;
mod steps;
mod view;
mod word;

#[cfg(feature = "encode")]
pub use arch::operand;
pub(crate) use arch::skip;
pub use arch::{Form, Reference};
pub use halves::{Effect, Half, Halves};
pub use landmarks::{Landmark, Landmarks};
pub use learned::{Learned, LearnedEntry};
pub use nearby::Nearby;
pub(crate) use predict::first;
pub use predict::{Candidates, Predictor, SOURCES, Site};
pub use reference::{Class, ReferenceOf};
pub use space::AddressSpace;
pub use steps::Steps;
pub use view::{Bytes, REFERENCE_LENGTH, VIEW, View};
