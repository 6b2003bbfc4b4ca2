//! Drives the decoder's own models to make a body: the encoder's side of `docs/format.md`, sections 4 to 7.

mod budget;
mod drive;
mod plan;
mod regions;
mod tune;
pub(crate) mod zstd;

pub use budget::model_size;
pub use drive::{Job, Trace};
pub use plan::Plan;
pub use regions::{cheapest, single};
pub use tune::{START, tune};
