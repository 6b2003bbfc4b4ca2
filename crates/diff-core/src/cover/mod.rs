//! Which covers are said: the cheapest way through everything that could be copied, by what the models charge.

mod blame;
mod candidates;
mod certain;
mod choose;
mod differences;
mod gaps;
mod lattice;
mod observe;
mod operations;
mod pages;
mod parse;
mod prices;
mod references;
mod repeats;
mod seen;

pub use candidates::Width;
pub use choose::{Piece, choose, pieces, pool};
pub use observe::Observer;
pub use pages::estimate;
pub use parse::{Matches, refine};
pub use prices::{Prices, Scale};
pub use references::References;
pub use repeats::Repeats;
