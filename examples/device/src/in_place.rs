//! The update in the slot of the old image, with a scratch area: power is lost half way, and it goes on where it was.

use crate::Digest;
use crate::flash::{GEOMETRY, PAGE, RamFlash};
use smidgen_patch::flash::{FlashRequirements, InPlaceAreas, InPlaceUpdate, Step};
use smidgen_patch::verify::Anything;
use smidgen_patch::{Error, Header};

/// Bytes of the scratch area: what `run` plans with.
const SCRATCH: usize = 16 << 10;
/// Bytes that are done at once, between which a device may do other things.
const BUDGET: u32 = 4096;

/// Bytes of the value that restores.
pub const SIZE: usize = size_of::<Update<'_>>();
type Update<'u> = InPlaceUpdate<'u, RamFlash<'u>, &'u [u8], Digest>;

#[inline(never)]
pub fn update(_: &[u8], package: &[u8], workspace: &mut [u8], slot: &mut [u8]) -> Result<(), Error> {
    let areas =
        (crate::writable(crate::JOURNAL, 2 * PAGE as usize), crate::writable(crate::SCRATCH, SCRATCH));
    areas.0.fill(0xFF);
    let state = crate::writable(crate::STATE, needed(package)?.state as usize);
    state.fill(0xFF);
    let half = slot.len() as u32 / 2 / BUDGET;
    step(&mut begin(package, workspace, slot, (areas.0, areas.1, state))?, half)?;
    // Nothing but flash is left of that.
    step(&mut begin(package, workspace, slot, (areas.0, areas.1, state))?, u32::MAX)
}

/// What the update takes on top of the workspace.
fn needed(package: &[u8]) -> Result<FlashRequirements, Error> {
    let (header, _) = Header::parse(package)?;
    header.requirements().in_place(&InPlaceAreas::on_chip(GEOMETRY)).ok_or(Error::Areas)
}

/// `most` steps, or to the end.
#[inline(never)]
fn step(update: &mut Update<'_>, most: u32) -> Result<(), Error> {
    for _ in 0..most {
        if update.step(BUDGET)? == Step::Ready {
            break;
        }
    }
    Ok(())
}

#[inline(never)]
fn begin<'u>(
    package: &'u [u8],
    workspace: &'u mut [u8],
    slot: &'u mut [u8],
    (journal, scratch, state): (&'u mut [u8], &'u mut [u8], &'u mut [u8]),
) -> Result<Update<'u>, Error> {
    let buffer = crate::writable(crate::BUFFER, needed(package)?.buffer);
    let areas = InPlaceAreas {
        slot: RamFlash(slot),
        scratch: RamFlash(scratch),
        journal: RamFlash(journal),
        state: RamFlash(state),
    };
    InPlaceUpdate::new(workspace, buffer, areas, package, Anything)
}
