//! Which covers are said: the search's approximate ones, and short exact ones between them, by price.

mod gaps;
mod parse;
mod repeats;

pub use parse::{Matches, refine};
pub use repeats::Repeats;
