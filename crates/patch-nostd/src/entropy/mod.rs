//! Adaptive binary models and the range coder beneath them (`docs/format.md`, sections 4 and 5).
//!
//! Everything a `cm` body says is a sequence of binary events. A [`Model`] gives each a probability from
//! what came before; a [`Coder`] turns event and probability into bytes or back. Models are written once,
//! generic over the coder: the encoder's coder is given the event, the decoder's returns it.

mod bytes;
mod coder;
mod counter;
mod initial;
mod logistic;
pub(crate) mod map;
mod model;
mod number;
mod range_decoder;
#[cfg(feature = "encode")]
mod range_encoder;
mod sse;

pub use bytes::{CopyContext, LiteralContext, Place};
pub use coder::{Category, Coder};
pub use logistic::{log2, squash, stretch};
pub use map::CONTROL_CELLS;
pub use model::{Model, SLOT_CELLS, Slot, Weights};
pub use number::Number;
pub use range_decoder::{LOOKAHEAD, RangeDecoder};
#[cfg(feature = "encode")]
pub use range_encoder::{CostMeter, RangeEncoder};
