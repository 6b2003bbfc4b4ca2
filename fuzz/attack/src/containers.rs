//! Later.
use crate::{measure::Tally, packages::Stock}; pub fn attack(_: &Stock, _: u64, _: &mut Tally) -> Result<(), String> { Ok(()) }
