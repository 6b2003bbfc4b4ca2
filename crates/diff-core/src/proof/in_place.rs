//! Proof of an update in place: the device's own code carries it out on simulated flash, also without power at times.

use smidgen_patch::flash::{Cut, Fault, Lost, ReplayError, Unreadable, replay};
use smidgen_patch::header::InPlacePlan;
use smidgen_patch::secrecy::NoKey;
use smidgen_patch::{Error, Header};

use crate::api::InPlace;
use crate::board::{Board, Chip};

/// How often the power is cut, evenly over the update.
const CUTS: u32 = 6;
/// The most bytes of flash that are simulated where a package decides, and of writes that it may take.
const MOST_FLASH: u64 = 256 << 20;
const MOST_WRITTEN: u64 = 4 << 30;
/// The smallest erase page that is simulated where a package decides.
const LEAST_PAGE: u32 = 64;
/// The longest write of flash whose package does not say.
const WRITE: u32 = 8;

/// Applies a package that is made for it in the slot of its base, on simulated flash: without a disturbance, then with a
/// loss of power now and then. `flash` is the device's; without one, the smallest that the package's plan fits. Returns
/// false for a package that is not in place, or whose update takes more flash or time than can be simulated.
///
/// An encrypted package must be decrypted before.
///
/// # Errors
/// What the device's update reports; [`Error::TargetDigest`] for another image.
pub fn replay_in_place(base: &[u8], package: &[u8], flash: Option<&InPlace>) -> Result<bool, Error> {
    let (header, extensions, _) = Header::parse_extended(package)?;
    let of_plan = |plan| smallest(&header, plan);
    let flash = match (extensions.in_place, flash) {
        (None, _) => return Ok(false),
        (_, Some(flash)) => Some(*flash),
        (Some(plan), None) => of_plan(plan),
    };
    let Some(flash) = flash else { return Ok(false) };
    flash.check(header.base_size.max(header.target_size) as usize).map_err(|_| Error::Areas)?;
    let board = board(&flash, base, package)?;
    if u64::from(board.geometry().size) > MOST_FLASH {
        return Ok(false);
    }
    prove(&board).map(|()| true)
}

/// The smallest flash that fits a plan: pages as large as the pieces that it moves have in common.
fn smallest(header: &Header, plan: InPlacePlan) -> Option<InPlace> {
    let page = common_divisor(plan.segment, plan.shift);
    if page < LEAST_PAGE {
        return None;
    }
    let write = common_divisor(page, WRITE);
    let moved = u64::from(plan.shift) + u64::from(header.base_size);
    let slot = moved.max(header.target_size.into()).checked_next_multiple_of(page.into())?;
    let scratch = plan.scratch(header.target_size)?.checked_next_multiple_of(page)?.max(page.checked_mul(2)?);
    let segments = u64::from(header.target_size.div_ceil(plan.segment)) + 1;
    // Each segment saves the decoder's state, each page has a record.
    let records = 64 * (slot / u64::from(page) + 2 * segments);
    let written = segments * u64::from(header.ram.max(page)) + records * u64::from(write) + 4 * slot;
    let fits = slot + u64::from(scratch) + 8 * u64::from(page) <= MOST_FLASH && written <= MOST_WRITTEN;
    fits.then_some(InPlace { slot: u32::try_from(slot).ok()?, page, write, scratch })
}

/// The largest number that divides both.
fn common_divisor(one: u32, other: u32) -> u32 {
    if other == 0 { one } else { common_divisor(other, one % other) }
}

/// Updates `base` in place on the flash that the package is for: without a disturbance, then with a loss of power now and
/// then.
pub(crate) fn prove_in_place(flash: &InPlace, base: &[u8], package: &[u8]) -> Result<(), Error> {
    prove(&board(flash, base, package)?)
}

/// A board with this flash, of which only what the update touches is simulated.
fn board<'a>(flash: &InPlace, base: &'a [u8], package: &'a [u8]) -> Result<Board<'a, NoKey>, Error> {
    let (header, extensions, _) = Header::parse_extended(package)?;
    let plan = extensions.in_place.ok_or(Error::NotInPlace)?;
    if base.len() != header.base_size as usize {
        return Err(Error::BaseSize);
    }
    let InPlace { slot, page, write, scratch } = *flash;
    let chip = Chip { slot, scratch, page, write, erased: 0xFF, unreadable: Unreadable::Nothing };
    Board::new(base, (package, header, Some(plan)), NoKey, &chip)
}

fn prove(board: &Board<'_, NoKey>) -> Result<(), Error> {
    let update = |cuts: &[Cut]| match replay(board, cuts) {
        Ok(chip) => Ok(chip.operations()),
        // What ends before the last loss of power is proved as well.
        Err(ReplayError::NoOperation { operations, .. }) => Ok(operations),
        Err(ReplayError::Lost(Lost { fault, .. })) => Err(error(fault)),
    };
    let after = update(&[])? / u64::from(CUTS + 1);
    update(&(0..CUTS).map(|cut| Cut { after, torn: 7 * cut }).collect::<Vec<_>>())?;
    Ok(())
}

const fn error(fault: Fault) -> Error {
    match fault {
        Fault::Stopped(error) => error,
        _ => Error::TargetDigest,
    }
}
