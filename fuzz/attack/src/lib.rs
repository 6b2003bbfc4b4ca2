//! Attacks what must hold against any input, any order of deliveries and any loss of power (`SECURITY.md`).
//!
//! A case depends on its number only, so that one that fails can be done again. The fuzz targets use its parts.

mod archives;
mod bombs;
pub mod containers;
mod deliver;
pub mod device;
mod forged;
pub mod measure;
pub mod packages;
pub mod plain;
pub mod random;

use measure::Tally;
use packages::Stock;

/// One case: what went wrong, if anything did.
pub type Attack = fn(&Stock, u64, &mut Tally) -> Result<(), String>;

pub const ATTACKS: [(&str, Attack); 7] = [
    ("plain", plain::attack),
    ("bombs", bombs::attack),
    ("containers", containers::attack),
    ("archives", archives::attack),
    ("deliver-each", deliver::each),
    ("deliver-any", deliver::any),
    ("forged", forged::attack),
];
