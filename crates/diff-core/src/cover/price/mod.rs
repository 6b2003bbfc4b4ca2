//! What things cost: habitual prices, prices learned from an encoding, and which references come out right.

mod blame;
mod differences;
mod observe;
mod operations;
mod prices;
mod recent;
mod references;
mod seen;

pub use differences::{Change, Differences};
pub use observe::Observer;
pub use prices::{BIT, LITERAL, Prices, Scale, class};
pub use recent::{FRESH, folded, remember};
pub use references::References;
