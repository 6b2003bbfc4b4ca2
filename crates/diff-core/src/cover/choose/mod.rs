//! Chooses the covers of a whole image by price: candidates, the cheapest path through them, estimates for kinds of pages.

mod candidates;
mod certain;
mod estimate;
mod lattice;
mod sections;

pub(crate) use candidates::{LEAST_REPEAT, Section, Width};
pub(crate) use estimate::{estimate, estimate_by};
pub(crate) use sections::{choose, keep_within, pool, sections, sections_within};
