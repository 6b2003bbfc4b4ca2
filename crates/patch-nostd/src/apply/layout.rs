//! Divides the caller's workspace (`docs/format.md`, section 3.2).

use super::walker::{OUTPUT, WINDOW, Walker};
use crate::Error;
use crate::entropy::{CONTROL_CELLS, LOOKAHEAD, Model, RangeDecoder, Slot, Weights};
use crate::refs::{AddressSpace, Landmark, Landmarks, Learned, LearnedEntry, Predictor};
use crate::wire::{FIXED_RAM, Header, LANDMARK_RAM, LEARNED_RAM, ModelSize, SLOT_RAM, Tuning};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Bytes of package input that are held.
const INPUT: usize = 2 * LOOKAHEAD;

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

// The sizes that headers state are those of these types.
const _: () = assert!(
    size_of::<Fixed>() == FIXED_RAM as usize
        && size_of::<Landmark>() == LANDMARK_RAM as usize
        && size_of::<LearnedEntry>() == LEARNED_RAM as usize
        && size_of::<Slot>() == SLOT_RAM as usize
);

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
    /// [`Error::WorkspaceTooSmall`] and [`Error::WorkspaceMisaligned`].
    // Inlined, as what it calls: a decoder that is made where it stays takes no stack.
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
            forms: header.forms,
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
