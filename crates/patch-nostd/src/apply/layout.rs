//! How the caller's workspace is divided, and how large it must be (`docs/format.md`, section 3.2).

use crate::entropy::{CONTROL_CELLS, LOOKAHEAD, Model, RangeDecoder, Slot, Weights};
use crate::refs::{AddressSpace, Landmark, Landmarks, Learned, LearnedEntry, Predictor};
use crate::wire::{Codec, HEADER_LIMIT, Header, ModelSize, Tuning};
use crate::{Error, apply::walker::Walker};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Bytes of a window on the source of a cover: the largest block, and what a reference at its end looks at.
pub(super) const WINDOW: usize = 128;
/// Bytes that are gathered before they are written to the target.
pub(super) const OUTPUT: usize = 256;
/// Bytes of package input that are held.
const INPUT: usize = 2 * LOOKAHEAD;

/// Workspace per landmark.
pub const LANDMARK_RAM: u32 = size_of::<Landmark>() as u32;
/// Workspace per learned displacement.
pub const LEARNED_RAM: u32 = size_of::<LearnedEntry>() as u32;
/// Workspace per slot of counters.
pub const SLOT_RAM: u32 = size_of::<Slot>() as u32;
/// Workspace that every `cm` package needs besides its tables.
pub const FIXED_RAM: u32 = size_of::<Fixed>() as u32;

/// What every package needs: of one type, which is checked once.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Fixed {
    weights: Weights,
    control: [u16; CONTROL_CELLS],
    input: [u8; INPUT],
    window: [u8; WINDOW],
    output: [u8; OUTPUT],
}

/// Bytes of workspace that decoding a package with this header takes: a pure function of the header's fields.
#[must_use]
pub fn required_ram(header: &Header) -> u64 {
    codec_ram(&header.codec)
}

/// [`required_ram`] of every header with this codec.
#[must_use]
pub fn codec_ram(codec: &Codec) -> u64 {
    ram(codec).into()
}

/// The same: no sum of what a header can say is above 2^28.
pub(crate) fn ram(codec: &Codec) -> u32 {
    let body = match *codec {
        Codec::Cm { size, .. } => cm_ram(size),
        #[cfg(any(feature = "zstd", feature = "encode"))]
        Codec::Zstd { window_log } => zstd_ram(window_log),
    };
    // The header itself is gathered in the workspace first.
    body.max(HEADER_LIMIT as u32)
}

const fn cm_ram(size: ModelSize) -> u32 {
    let tables =
        LANDMARK_RAM.wrapping_mul(size.landmarks).wrapping_add(LEARNED_RAM.wrapping_mul(size.learned));
    FIXED_RAM.wrapping_add(tables).wrapping_add(SLOT_RAM.wrapping_mul(size.slots))
}

/// What the largest zstd block can be, in bytes (RFC 8878, section 3.1.1.2.4).
#[cfg(any(feature = "zstd", feature = "encode"))]
const ZSTD_BLOCK: u32 = 128 << 10;
/// libzstd's state without its buffers, rounded up: `ZSTD_estimateDCtxSize` of 1.5.7 is 95976 on 64-bit machines.
#[cfg(any(feature = "zstd", feature = "encode"))]
const ZSTD_STATE: u32 = 96 << 10;
/// Two slices of 16 KiB: decompressed bytes, and target bytes.
#[cfg(any(feature = "zstd", feature = "encode"))]
const ZSTD_SLICES: u32 = 32 << 10;

/// What decoding a zstd body takes from the heap: `ZSTD_estimateDStreamSize` of the window, and our own slices.
///
/// libzstd holds a window, two blocks beside it and one block of input; its few odd bytes are in the rounding.
#[cfg(any(feature = "zstd", feature = "encode"))]
fn zstd_ram(window_log: u8) -> u32 {
    let window = 1u32 << (window_log & 31).min(27);
    window + 3 * window.min(ZSTD_BLOCK) + ZSTD_STATE + ZSTD_SLICES
}

/// The parts of a workspace.
#[derive(Debug)]
pub struct Layout<'w> {
    /// Everything that decodes operations.
    pub walker: Walker<'w>,
    /// Where package bytes wait.
    pub input: &'w mut [u8],
}

impl<'w> Layout<'w> {
    /// Divides a workspace of at least [`required_ram`] bytes, aligned to four.
    // Here and in what it calls: a decoder that is made where it stays takes no stack.
    #[inline(always)]
    pub fn new(
        header: &Header,
        size: ModelSize,
        tuning: Tuning,
        workspace: &'w mut [u8],
    ) -> Result<Self, Error> {
        let mut rest = workspace;
        let landmarks = take::<Landmark>(&mut rest, size.landmarks as usize)?;
        let learned = take::<LearnedEntry>(&mut rest, size.learned as usize)?;
        let slots = take::<Slot>(&mut rest, size.slots as usize)?;
        let fixed = take::<Fixed>(&mut rest, 1)?.first_mut().ok_or(Error::WorkspaceTooSmall)?;
        landmarks.fill(Landmark::default());
        let space = AddressSpace {
            base_address: header.base_address,
            address_high: header.address_high,
            image_size: header.base_size,
            windows: header.windows,
        };
        let predictor = Predictor::new(Landmarks::new(landmarks), Learned::new(learned), space);
        let model = Model::new(&mut fixed.control, slots, &mut fixed.weights, tuning);
        let walker = Walker::new(header, tuning, model, predictor, &mut fixed.window, &mut fixed.output);
        Ok(Self { walker, input: &mut fixed.input })
    }

    /// The decoder of the body, over the input buffer, and the walker that it feeds.
    #[inline(always)]
    pub(super) fn split(self, body_length: u32) -> (Walker<'w>, RangeDecoder<'w>) {
        (self.walker, RangeDecoder::new(self.input, body_length))
    }
}

fn take<'w, T>(rest: &mut &'w mut [u8], count: usize) -> Result<&'w mut [T], Error>
where
    T: FromBytes + IntoBytes + Immutable + KnownLayout,
{
    // No number of a header is so large that this wraps.
    let bytes = count.wrapping_mul(size_of::<T>());
    let whole = core::mem::take(rest);
    let (part, left) = whole.split_at_mut_checked(bytes).ok_or(Error::WorkspaceTooSmall)?;
    *rest = left;
    <[T]>::mut_from_bytes(part).map_err(|_| Error::WorkspaceMisaligned)
}
