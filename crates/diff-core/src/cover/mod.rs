//! Which covers are said: the search's approximate ones, and short exact ones between them, by price.

mod parse;
mod repeats;

pub use parse::{Prices, refine};
pub use repeats::Repeats;
