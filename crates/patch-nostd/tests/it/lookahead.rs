//! No step consumes more input than the decoder waits for (`docs/format.md`, section 8).

use crate::common::named;
use smidgen_patch::Error;
use smidgen_patch::header::{Codec, Header, ModelSize, PageKind, WordForm};
use smidgen_patch::internals::apply::{Cover, Io, Layout, Operation, Oracle, Pause, Source};
use smidgen_patch::internals::entropy::{Category, Coder, LOOKAHEAD};
use smidgen_patch::internals::refs::Landmark;
use testkit::with_workspace;

/// Bytes of the base, and how far behind literals its copy begins in the target.
const SIZE: u32 = 1 << 16;
const MOVED: u32 = 32;

/// A coder that contradicts every guess, and counts the bits that this could cost.
#[derive(Default)]
struct Contrary {
    category: Option<Category>,
    bits: u32,
}

impl Coder for Contrary {
    fn code(&mut self, probability: u16, bit: bool) -> bool {
        let control = matches!(self.category, Some(Category::Control | Category::Landmarks));
        // What the mixer says is at least 16/65536, a control counter 4/65536; a half needs no counter.
        self.bits += match probability {
            0x8000 => 1,
            _ if control => 14,
            _ => 12,
        };
        bit && !matches!(self.category, Some(Category::References | Category::Unchanged))
    }

    fn category(&mut self, category: Category) {
        self.category = Some(category);
    }
}

/// A base full of pointers to a few places, each of which goes somewhere else every time.
struct Pointers {
    address: u32,
    kind: usize,
}

impl Pointers {
    /// The byte of a 64-bit word that points at place `place` of the image.
    const fn byte_of(&self, place: u32, offset: u32) -> u8 {
        let word = self.address.wrapping_add(place % SIZE) as u64;
        (word >> (8 * (offset % 8))) as u8
    }
}

impl Oracle for Pointers {
    fn operation(&self, offset: u32) -> Operation {
        let cover = Cover { source: Source::Base, start: 0, length: SIZE };
        Operation { literals: MOVED - offset, cover: Some(cover) }
    }

    fn landmark(&self, _index: u32) -> Landmark {
        Landmark { base: 0, target: 8, length: SIZE }
    }

    fn kind(&self, _page: u32) -> usize {
        self.kind
    }

    fn byte(&self, offset: u32) -> u8 {
        let word = offset / 8;
        self.byte_of(word.wrapping_mul(0x9E37_79B1) >> 16 & !7, offset)
    }
}

impl Io for Pointers {
    type Error = Error;

    fn read_base(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        for (offset, byte) in (offset..).zip(buffer) {
            *byte = self.byte_of(offset / 8 % 64 * 968, offset);
        }
        Ok(())
    }

    fn read_target(&mut self, _offset: u32, _buffer: &mut [u8]) -> Result<(), Error> {
        Err(Error::TargetRead)
    }

    fn write(&mut self, _bytes: &[u8]) -> Result<(), Error> {
        Ok(())
    }
}

/// The largest number of bits that a step may cost: a reference all of whose guesses are wrong at the start of a
/// block, with all bytes changed.
#[test]
fn no_step_takes_more_than_the_lookahead() {
    let golden = named("kinds-of-words");
    let size = ModelSize { slots: 4096, landmarks: 1, learned: 256 };
    let Some((_, tuning)) = golden.header().codec.models() else { panic!("not a body of events") };
    let lite = Codec::Lite { size, tuning }.with_models(size, tuning);
    let worst = [Codec::Cm { size, tuning }, lite].map(|codec| worst_step(&golden.header(), codec));
    // And a page of another kind: an event of a control counter and three halves.
    let worst = worst.map(|worst| worst + 17usize.div_ceil(8));
    assert!(worst.iter().all(|&worst| worst <= LOOKAHEAD), "{worst:?} bytes");
    assert!(worst[0] + 8 > LOOKAHEAD, "the worst step was not met, or less would do: {worst:?} bytes");
}

/// The bytes that the worst step takes in a body of this codec.
fn worst_step(like: &Header, codec: Codec) -> usize {
    let sizes = Header { base_size: SIZE, target_size: MOVED + SIZE, ..*like };
    let header = Header { codec, address_high: 0, ..sizes };
    let wide = PageKind::Words(WordForm::WIDE_POINTER);
    let kind = header.kinds.as_slice().iter().position(|&kind| kind == wide).unwrap();
    let oracle = Pointers { address: header.base_address, kind };
    let mut io = Pointers { ..oracle };
    with_workspace(header.requirements().workspace as usize, 0, |memory| {
        let mut walker = Layout::new(&header, memory).unwrap().walker;
        let mut worst = 0;
        loop {
            let mut coder = Contrary::default();
            let pause = walker.step(&mut coder, &oracle, &mut io).unwrap();
            worst = worst.max(coder.bits.div_ceil(8) as usize);
            if pause == Pause::Done {
                return worst;
            }
        }
    })
}
