//! Which covers a body states: a shortest path, by price, through everything that could be copied.

mod available;
mod choose;
mod gaps;
mod price;
mod repeats;
mod sources;

pub(crate) use available::available_covers;
pub(crate) use choose::{
    LEAST_REPEAT as LEAST_CHOSEN, Section, Width, choose, estimate, estimate_by, keep_within, pool, sections,
    sections_within,
};
pub(crate) use gaps::{LEAST_REPEAT as LEAST_IN_GAPS, fill_gaps};
pub(crate) use price::{LITERAL, Moved, Observer, Prices, References, Scale};
pub(crate) use repeats::Repeats;
pub(crate) use sources::Sources;
