//! Proof of an update in place: the device's own code carries it out on simulated flash, also without power at times.

use smidgen_patch::flash::{Course, Cut, Fault, Lost, Unreadable, replay};
use smidgen_patch::secrecy::NoKey;
use smidgen_patch::{Error, Header};

use crate::api::InPlace;
use crate::board::{Board, Chip};
use crate::images::Images;

/// How often the power is cut, evenly over the update.
const CUTS: u32 = 6;

/// Updates `base` to `target` in place on the flash that the package is for: without a disturbance, then with a loss of
/// power now and then.
pub(crate) fn prove_in_place(
    flash: &InPlace,
    Images { base, target }: Images,
    package: &[u8],
) -> Result<(), Error> {
    let (header, extensions, _) = Header::parse_extended(package)?;
    let plan = extensions.in_place.ok_or(Error::NotInPlace)?;
    let InPlace { slot, page, write, scratch } = *flash;
    let chip = Chip { slot, scratch, page, write, erased: 0xFF, unreadable: Unreadable::Nothing };
    let board = Board::new((base, Some(target)), (package, header, Some(plan)), NoKey, &chip)?;
    let operations = Course::of(&board).map_err(error)?.chip.operations();
    let after = operations / u64::from(CUTS + 1);
    let cuts = (0..CUTS).map(|cut| Cut { after, torn: 7 * cut });
    replay(&board, &cuts.collect::<Vec<_>>()).map_err(|Lost { fault, .. }| error(fault))
}

const fn error(fault: Fault) -> Error {
    match fault {
        Fault::Stopped(error) => error,
        _ => Error::TargetDigest,
    }
}
