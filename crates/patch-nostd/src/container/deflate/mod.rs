//! Deflate streams as the decisions of their encoder, and making them again of these (`docs/format.md`, section 14.5).
//!
//! A stream is its plain bytes and what its encoder decided: where blocks end and of which type they are, their trees,
//! literal or match, length and distance. A [`Predictor`](predict::Predictor) says what the encoder will decide next: what
//! zlib's match finder would, or what the encoder of a stream of the base did at the same place. Only where it is wrong, corrections
//! say what is right. Both directions run the same lines, of [`recreate`], with an encoder or a decoder of events.

mod bits;
mod block;
mod border;
mod chains;
mod corrections;
mod follow;
mod header;
mod models;
mod parameters;
mod parse;
mod predict;
mod recreate;
mod script;
mod surprise;
mod token;
mod tree;
mod window;
mod write;

pub use follow::{Segment, Trace};
pub use parameters::{Border, Finder, Parameters};
pub use parse::Parsed;

pub(super) use corrections::{remake, room};
pub(super) use recreate::Recreator;

#[cfg(feature = "encode")]
pub use corrections::{corrections, estimate, misses};
#[cfg(feature = "encode")]
pub use parse::{Block, Kind};
#[cfg(feature = "encode")]
pub use token::Token;

#[cfg(all(test, feature = "encode"))]
mod tests;
