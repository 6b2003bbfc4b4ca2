//! What things cost: habitual prices, prices learned from an encoding, and which references come out right.

mod blame;
mod differences;
mod observe;
mod operations;
mod prices;
mod recent;
mod references;
mod seen;

pub(crate) use differences::{Change, Differences};
pub(crate) use observe::Observer;
pub(crate) use prices::{BIT, LITERAL, Prices, Scale, class};
pub(crate) use recent::{FRESH, folded, remember};
pub(crate) use references::References;
