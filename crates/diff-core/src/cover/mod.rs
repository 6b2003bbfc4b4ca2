//! Which covers a body says: the cheapest way through everything that could be copied, by what the models charge.

mod available;
mod choose;
mod gaps;
mod price;
mod repeats;
mod sources;

pub(crate) use available::available_covers;
pub(crate) use choose::{Part, Width, choose, estimate, parts, pool};
pub(crate) use gaps::fill_gaps;
pub(crate) use price::{LITERAL, Observer, Prices, References, Scale};
pub(crate) use repeats::Repeats;
pub(crate) use sources::Sources;
