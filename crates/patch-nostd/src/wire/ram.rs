//! The memory that a package takes, by the codec's parameters (`docs/format.md`, section 3.2).

use super::codec::{Codec, ModelSize};
use super::prefix::HEADER_LIMIT;

/// Workspace per landmark.
pub const LANDMARK_RAM: u32 = 12;
/// Workspace per learned displacement.
pub const LEARNED_RAM: u32 = 8;
/// Workspace per slot of counters.
pub const SLOT_RAM: u32 = 8;
/// Workspace that every `cm` package needs on top of its tables.
pub const FIXED_RAM: u32 = 2720;
/// The same of `lite`, tables of counters included.
pub const LITE_RAM: u32 = 2564;

/// What restoring a package takes of a device: see [`Header::requirements`](super::Header::requirements).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Requirements {
    /// Bytes of workspace, aligned to four. The value that restores, and its stack, come on top.
    pub workspace: u32,
    /// Bytes that a `zstd` package takes from the heap; 0 for other codecs.
    pub heap: u32,
}

impl Requirements {
    /// Those of packages that are made for this much workspace (`smidgen diff --ram`): to plan a device's flash.
    #[must_use]
    pub const fn of_workspace(workspace: u32) -> Self {
        Self { workspace, heap: 0 }
    }

    pub(super) fn of_codec(codec: &Codec) -> Self {
        match codec {
            #[cfg(feature = "cm")]
            Codec::Cm { .. } => Self::of_workspace(codec_ram(codec)),
            #[cfg(feature = "lite")]
            Codec::Lite { .. } => Self::of_workspace(codec_ram(codec)),
            // A header, and what is private in it if it is encrypted.
            #[cfg(feature = "zstd")]
            Codec::Zstd { .. } => Self { workspace: 2 * HEADER_LIMIT as u32, heap: codec_ram(codec) },
        }
    }
}

/// Bytes of RAM that a header must state for a body of this codec: of workspace, or of heap for `zstd`. No sum of what a header can state is above 2^28.
#[must_use]
pub fn codec_ram(codec: &Codec) -> u32 {
    let body = match *codec {
        #[cfg(feature = "cm")]
        Codec::Cm { size, .. } => models_ram(FIXED_RAM, size),
        #[cfg(feature = "lite")]
        Codec::Lite { size, .. } => models_ram(LITE_RAM, size),
        #[cfg(feature = "zstd")]
        Codec::Zstd { window_log } => zstd_ram(window_log),
    };
    // The header itself is gathered in the workspace first.
    body.max(HEADER_LIMIT as u32)
}

const fn models_ram(fixed: u32, size: ModelSize) -> u32 {
    let tables =
        LANDMARK_RAM.wrapping_mul(size.landmarks).wrapping_add(LEARNED_RAM.wrapping_mul(size.learned));
    fixed.wrapping_add(tables).wrapping_add(SLOT_RAM.wrapping_mul(size.slots))
}

/// What the largest zstd block can be, in bytes (RFC 8878, section 3.1.1.2.4).
#[cfg(feature = "zstd")]
const ZSTD_BLOCK: u32 = 128 << 10;
/// libzstd's state without its buffers, rounded up: `ZSTD_estimateDCtxSize` of 1.5.7 is 95976 on 64-bit machines.
#[cfg(feature = "zstd")]
const ZSTD_STATE: u32 = 96 << 10;
/// Two slices of 16 KiB: decompressed bytes, and target bytes.
#[cfg(feature = "zstd")]
const ZSTD_SLICES: u32 = 32 << 10;

/// What decoding a zstd body takes from the heap: `ZSTD_estimateDStreamSize` of the window, and our own slices.
///
/// libzstd holds a window, two blocks beside it and one block of input; its few odd bytes are in the rounding.
#[cfg(feature = "zstd")]
fn zstd_ram(window_log: u8) -> u32 {
    let window = 1u32 << (window_log & 31).min(27);
    window + 3 * window.min(ZSTD_BLOCK) + ZSTD_STATE + ZSTD_SLICES
}
