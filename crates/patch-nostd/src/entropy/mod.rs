//! Adaptive binary models and the range coder beneath them (`docs/format.md`, sections 4 and 5).
//!
//! Everything a body says is a sequence of binary events. A [`Model`], which is that of the body's codec, gives each a
//! probability from what came before; a [`Coder`] turns event and probability into bytes or back. Models are written once,
//! generic over the coder: the encoder's coder is given the event, the decoder's returns it.

#[cfg(feature = "cm")]
pub(crate) mod cm;
mod coder;
mod contexts;
pub(crate) mod control;
mod counter;
#[cfg(feature = "lite")]
pub(crate) mod lite;
#[cfg(feature = "cm")]
mod logistic;
mod model;
mod number;
mod range_decoder;
#[cfg(feature = "encode")]
mod range_encoder;

pub use coder::{Category, Coder};
pub use contexts::{BlockContext, CopyContext, GuessContext, LiteralContext, Place};
pub use control::Number;
#[cfg(feature = "cm")]
pub use logistic::{log2, squash, stretch};
pub use model::Model;
pub use range_decoder::{LOOKAHEAD, RangeDecoder};
#[cfg(feature = "encode")]
pub use range_encoder::{CostMeter, RangeEncoder};
