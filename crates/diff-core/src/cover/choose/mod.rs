//! Covers of a whole image by price: candidates, the cheapest way through them, and about what kinds of pages cost.

mod candidates;
mod certain;
mod estimate;
mod lattice;
mod parts;

pub(crate) use candidates::Width;
pub(crate) use estimate::estimate;
pub(crate) use parts::{Part, choose, parts, pool};
