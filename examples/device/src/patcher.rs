//! The update by the Patcher alone: the slot is memory.

use crate::Digest;
use smidgen_patch::{Anything, Error, Patcher, SliceTarget};

/// Bytes of a packet, as a radio brings them.
const PACKET: usize = 128;

/// Bytes of the value that restores.
pub const SIZE: usize = size_of::<Patcher<'_, &[u8], SliceTarget<'_>, Digest>>();

#[inline(never)]
pub fn update(base: &[u8], package: &[u8], workspace: &mut [u8], slot: &mut [u8]) -> Result<(), Error> {
    let target = SliceTarget::new(slot);
    let mut patcher = Patcher::<_, _, Digest, _>::with_policy(workspace, base, target, Anything);
    for packet in package.chunks(PACKET) {
        patcher.push(packet)?;
    }
    patcher.complete()
}
