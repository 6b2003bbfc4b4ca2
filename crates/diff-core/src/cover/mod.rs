//! Which covers are said: the search's approximate ones, and short exact ones between them, by price.

mod blame;
mod candidates;
mod certain;
mod choose;
mod differences;
mod gaps;
mod lattice;
mod observe;
mod operations;
mod parse;
mod prices;
mod references;
mod repeats;
mod seen;

pub use candidates::Width;
pub use choose::{Piece, choose, pieces, pool};
pub use observe::Observer;
pub use parse::{Matches, refine};
pub use prices::{Prices, Scale};
pub use references::References;
pub use repeats::Repeats;
