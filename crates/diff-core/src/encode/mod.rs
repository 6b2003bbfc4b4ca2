//! Drives the decoder's own models to make a body: the encoder's side of `docs/format.md`, sections 4 to 7.

mod drive;
mod plan;
pub(crate) mod zstd;

pub use drive::{Job, Trace};
pub use plan::Plan;
