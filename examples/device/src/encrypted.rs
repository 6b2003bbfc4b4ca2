//! The update by the Patcher alone, of a package that is encrypted: with the keys of `fixtures/packages/encrypted.txt`.

use crate::Digest;
use smidgen_patch::secrecy::SoftwareCipher;
use smidgen_patch::{Anything, Error, Patcher, SliceTarget};

/// Bytes of a packet, as a radio brings them.
const PACKET: usize = 128;

#[cfg(not(feature = "sealed"))]
type Key = smidgen_patch::secrecy::SharedKey<SoftwareCipher>;
#[cfg(feature = "sealed")]
type Key = smidgen_patch::secrecy::DeviceKey<SoftwareCipher>;

/// Bytes of the value that restores.
pub const SIZE: usize = size_of::<Patcher<'_, &[u8], SliceTarget<'_>, Digest, Anything, Key>>();

#[cfg(not(feature = "sealed"))]
fn key() -> Key {
    Key::new([3; 32])
}

/// The public half of 32 bytes of 4.
#[cfg(feature = "sealed")]
const PUBLIC: [u8; 32] = [
    0xac, 0x01, 0xb2, 0x20, 0x9e, 0x86, 0x35, 0x4f, 0xb8, 0x53, 0x23, 0x7b, 0x5d, 0xe0, 0xf4, 0xfa, 0xb1,
    0x3c, 0x7f, 0xcb, 0xf4, 0x33, 0xa6, 0x1c, 0x01, 0x93, 0x69, 0x61, 0x7f, 0xec, 0xf1, 0x0b,
];

#[cfg(feature = "sealed")]
fn key() -> Key {
    Key::new([4; 32], PUBLIC)
}

#[inline(never)]
pub fn update(base: &[u8], package: &[u8], workspace: &mut [u8], slot: &mut [u8]) -> Result<(), Error> {
    let target = SliceTarget::new(slot);
    let mut patcher = Patcher::<_, _, Digest, _, _>::with_key(workspace, base, target, Anything, key());
    for packet in package.chunks(PACKET) {
        patcher.push(packet)?;
    }
    patcher.complete()
}
