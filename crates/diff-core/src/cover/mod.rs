//! Which covers are said: the search's approximate ones, and short exact ones between them, by price.

mod candidates;
mod choose;
mod differences;
mod gaps;
mod lattice;
mod observe;
mod parse;
mod prices;
mod references;
mod repeats;

pub use candidates::Width;
pub use choose::{Piece, choose, pieces, pool};
pub use observe::Observer;
pub use parse::{Matches, refine};
pub use prices::{Prices, Scale};
pub use references::References;
pub use repeats::Repeats;
