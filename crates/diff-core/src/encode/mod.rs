//! Drives the decoder's own models to make a body: the encoder's side of `docs/format.md`, sections 4 to 7.

mod budget;
mod drive;
mod lanes;
mod metered;
mod page_meter;
mod pages;
mod placed;
mod plan;
mod tune;

pub(crate) use budget::{Workload, model_size};
pub(crate) use drive::{BodyJob, CostCurve, Encoded};
pub(crate) use lanes::Lanes;
pub(crate) use metered::Metered;
pub(crate) use pages::{PAGE, PageCosts, Pages, cheapest};
pub(crate) use placed::Placed;
pub(crate) use plan::{Plan, operations};
pub(crate) use tune::{LARGE as LARGE_TUNING, START, shrink, tune};
