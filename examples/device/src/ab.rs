//! The update into another slot, with a journal: power is lost half way, and it goes on where it was.

use crate::Digest;
use crate::flash::{PAGE, RamFlash};
use smidgen_patch::Error;
use smidgen_patch::flash::{AbAreas, AbUpdate, Step};
use smidgen_patch::verify::Anything;

/// Bytes of a packet, as a radio brings them.
const PACKET: usize = 128;
/// Bytes that are checked at once, between which a device may do other things.
const BUDGET: u32 = 4096;

/// Bytes of the value that restores.
pub const SIZE: usize = size_of::<Update<'_>>();
type Update<'u> = AbUpdate<'u, &'u [u8], RamFlash<'u>, RamFlash<'u>, Digest, Anything>;

#[inline(never)]
pub fn update(base: &[u8], package: &[u8], workspace: &mut [u8], slot: &mut [u8]) -> Result<(), Error> {
    let journal = crate::writable(crate::JOURNAL, 2 * PAGE as usize);
    journal.fill(0xFF);
    let (half, _) = package.split_at(package.len() / 2);
    push(&mut begin(base, workspace, slot, journal)?, half)?;
    // Nothing but flash is left of that.
    let mut update = begin(base, workspace, slot, journal)?;
    push(&mut update, package)?;
    let mut step = update.end()?;
    while step != Step::Ready {
        step = update.check(BUDGET)?;
    }
    Ok(())
}

#[inline(never)]
fn begin<'u>(
    base: &'u [u8],
    workspace: &'u mut [u8],
    slot: &'u mut [u8],
    journal: &'u mut [u8],
) -> Result<Update<'u>, Error> {
    let buffer = crate::writable(crate::BUFFER, PAGE as usize);
    let areas = AbAreas { slot: RamFlash(slot), journal: RamFlash(journal) };
    AbUpdate::new(workspace, buffer, base, areas, Anything)
}

#[inline(never)]
fn push(update: &mut Update<'_>, package: &[u8]) -> Result<(), Error> {
    for packet in package.chunks(PACKET) {
        update.push(packet)?;
    }
    Ok(())
}
