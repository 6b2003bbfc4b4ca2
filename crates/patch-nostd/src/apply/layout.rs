//! Divides the caller's workspace (`docs/format.md`, section 3.2).

use super::walker::{OUTPUT, WINDOW, Walker};
use crate::Error;
#[cfg(feature = "cm")]
use crate::entropy::cm::{CONTROL_CELLS, Cm, Slot, Weights};
#[cfg(feature = "lite")]
use crate::entropy::lite::{Counters, Lite};
use crate::entropy::{LOOKAHEAD, Model, RangeDecoder};
use crate::refs::{AddressSpace, Landmark, Landmarks, Learned, LearnedEntry, Predictor};
#[cfg(feature = "lite")]
use crate::wire::LITE_RAM;
use crate::wire::{Codec, Header, LANDMARK_RAM, LEARNED_RAM, ModelSize};
#[cfg(feature = "cm")]
use crate::wire::{FIXED_RAM, SLOT_RAM};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Bytes of package input that are held.
const INPUT: usize = 2 * LOOKAHEAD;

/// What every package needs.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Buffers {
    input: [u8; INPUT],
    window: [u8; WINDOW],
    output: [u8; OUTPUT],
}

/// What every package of codec `cm` needs: of one type, which is checked once.
#[cfg(feature = "cm")]
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct CmMemory {
    weights: Weights,
    control: [u16; CONTROL_CELLS],
    buffers: Buffers,
}

/// What every package of codec `lite` needs.
#[cfg(feature = "lite")]
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct LiteMemory {
    counters: Counters,
    buffers: Buffers,
}

// The sizes that headers state are those of these types.
const _: () = assert!(
    size_of::<Landmark>() == LANDMARK_RAM as usize && size_of::<LearnedEntry>() == LEARNED_RAM as usize
);
#[cfg(feature = "cm")]
const _: () = assert!(size_of::<CmMemory>() == FIXED_RAM as usize && size_of::<Slot>() == SLOT_RAM as usize);
#[cfg(feature = "lite")]
const _: () = assert!(size_of::<LiteMemory>() == LITE_RAM as usize);

/// The parts of a workspace.
#[derive(Debug)]
pub struct Layout<'w> {
    /// Everything that decodes operations.
    pub walker: Walker<'w>,
    /// Where package bytes wait.
    pub input: &'w mut [u8],
}

impl<'w> Layout<'w> {
    /// Divides a workspace, which must be aligned to four and meet [`Header::requirements`].
    ///
    /// # Errors
    /// [`Error::WorkspaceTooSmall`] and [`Error::WorkspaceMisaligned`]; [`Error::UnsupportedCodec`] for `zstd`.
    // Inlined, as what it calls: a decoder that is made where it stays takes no stack.
    #[inline(always)]
    pub fn new(header: &Header, workspace: &'w mut [u8]) -> Result<Self, Error> {
        let (size, tuning) = header.codec.models().ok_or(Error::UnsupportedCodec)?;
        let ModelSize { landmarks, learned, .. } = size;
        let mut rest = workspace;
        let landmarks = take::<Landmark>(&mut rest, landmarks as usize)?;
        let learned = take::<LearnedEntry>(&mut rest, learned as usize)?;
        landmarks.fill(Landmark::default());
        let space = AddressSpace {
            base_address: header.base_address,
            address_high: header.address_high,
            image_size: header.base_size,
            windows: header.windows,
            forms: header.forms,
        };
        let predictor = Predictor::new(Landmarks::new(landmarks), Learned::new(learned), space);
        let (model, buffers) = match header.codec {
            #[cfg(feature = "cm")]
            Codec::Cm { .. } => {
                let slots = take::<Slot>(&mut rest, size.slots as usize)?;
                let CmMemory { weights, control, buffers } = take_one(&mut rest)?;
                (Model::Cm(Cm::new(control, slots, weights, tuning)), buffers)
            }
            #[cfg(feature = "lite")]
            Codec::Lite { .. } => {
                let LiteMemory { counters, buffers } = take_one(&mut rest)?;
                (Model::Lite(Lite::new(counters, tuning)), buffers)
            }
            #[cfg(feature = "zstd")]
            Codec::Zstd { .. } => return Err(Error::UnsupportedCodec),
        };
        let Buffers { input, window, output } = buffers;
        let walker = Walker::new(header, tuning, model, predictor, window, output);
        Ok(Self { walker, input })
    }

    /// The decoder of the body, over the input buffer, and the walker that it feeds.
    #[inline(always)]
    pub(super) fn split(self, body_length: u32) -> (Walker<'w>, RangeDecoder<'w>) {
        (self.walker, RangeDecoder::new(self.input, body_length))
    }
}

fn take_one<'w, T>(rest: &mut &'w mut [u8]) -> Result<&'w mut T, Error>
where
    T: FromBytes + IntoBytes + Immutable + KnownLayout,
{
    take(rest, 1)?.first_mut().ok_or(Error::WorkspaceTooSmall)
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
