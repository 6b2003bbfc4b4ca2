//! Drives the decoder's own models to make a body: the encoder's side of `docs/format.md`, sections 4 to 7.

mod budget;
mod drive;
mod metered;
mod placed;
mod plan;
mod regions;
mod trace;
mod tune;
pub(crate) mod zstd;

pub(crate) use budget::{Load, model_size};
pub(crate) use drive::{Course, Job};
pub(crate) use metered::Metered;
pub(crate) use placed::Placed;
pub(crate) use plan::{Plan, operations};
pub(crate) use regions::{PAGE, Regions, cheapest};
pub(crate) use trace::Trace;
pub(crate) use tune::{LARGE as LARGE_TUNING, START, shrink, tune};
