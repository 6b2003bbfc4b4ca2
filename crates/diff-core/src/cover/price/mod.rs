//! Prices: default ones, those learned from an encoding, and predictions of references.

mod blame;
mod differences;
mod moved;
mod observe;
mod operations;
mod prices;
mod references;
mod seen;

pub(crate) use differences::{Change, Differences};
pub(crate) use moved::Moved;
pub(crate) use observe::Observer;
pub(crate) use operations::{folded, remember};
pub(crate) use prices::{BIT, FRESH, LITERAL, Prices, Scale, class};
pub(crate) use references::References;
