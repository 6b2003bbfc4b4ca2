//! A valid header for the fixed base, whatever sizes and speeds it states, with an arbitrary body.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use smidgen_fuzz::{BASE, restore};
use smidgen_patch::Header;
use smidgen_patch::header::{
    ByteOrder, Codec, Description, Forms, MAX_FORMS, MAX_KINDS, MAX_PARTS, ModelSize, PageKind, Part, Reach,
    Tuning, Window,
};
use smidgen_patch::internals::wire::codec_ram;
use testkit::Choice;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    zstd: bool,
    slots: u8,
    landmarks: u8,
    learned: u8,
    speeds: [u8; 3],
    target_size: u16,
    base_address: u64,
    window: u16,
    kinds: [u8; MAX_KINDS],
    forms: Vec<Form>,
    read_back: bool,
    piece: u8,
    body: &'a [u8],
}

#[derive(Arbitrary, Debug, Default)]
struct Form {
    shape: u8,
    relative: bool,
    scale: u8,
    ahead: u8,
    mask: u32,
    value: u32,
    parts: [(u8, u8); MAX_PARTS],
}

fuzz_target!(|input: Input| {
    let package = [input.header().to_bytes(), input.body.to_vec()].concat();
    Header::parse(&package).expect("the header is valid");
    let whole = restore(BASE, &package, package.len());
    assert_eq!(whole, restore(BASE, &package, input.piece.into()));
    // Its digest is zero, so nothing can be right.
    assert!(whole.is_err());
});

impl Input<'_> {
    fn header(&self) -> Header {
        let header = self.choice().header(BASE, &[], self.landmarks.into());
        let codec = if self.zstd { Codec::Zstd { window_log: 10 + self.slots % 6 } } else { header.codec };
        Header {
            codec,
            target_size: self.target_size.into(),
            target_digest: [0; 32],
            ram: codec_ram(&codec) as u32,
            windows: [Window { start: u32::from(self.window) << 16, length: 0x1_0000 }; 3],
            read_back: self.read_back,
            body_length: self.body.len() as u32,
            ..header
        }
    }

    fn choice(&self) -> Choice {
        let [counter, mixer, block] = self.speeds;
        Choice {
            kinds: self.kinds(),
            forms: self.forms(),
            places: Vec::new(),
            base_address: self.base_address,
            size: ModelSize { slots: u32::from(self.slots) + 1, landmarks: 0, learned: self.learned.into() },
            tuning: Tuning {
                counter_rate: 3 + counter % 4,
                mixer_rate: 1 + mixer % 15,
                block_log: 3 + block % 4,
                high_first: block & 4 != 0,
            },
            lite: block & 8 != 0,
        }
    }

    /// At least one form that a header may describe.
    fn forms(&self) -> Forms {
        let forms: Vec<Description> = self.forms.iter().map(Form::description).take(MAX_FORMS).collect();
        let some = if forms.is_empty() { vec![Form::default().description()] } else { forms };
        Forms::new(&some).expect("as many as may be")
    }

    /// As many as may be of those that are wanted, each once.
    fn kinds(&self) -> Vec<PageKind> {
        let mut kinds = Vec::new();
        for &number in &self.kinds {
            // Code has small numbers, words have those from 16 on.
            let kind = PageKind::from_number(number % 32).unwrap_or_default();
            if kinds.len() < MAX_KINDS && !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        kinds
    }
}

impl Form {
    /// The description that comes nearest.
    fn description(&self) -> Description {
        let length = 2 + (self.shape & 3) % 3;
        let orders = [ByteOrder::Little, ByteOrder::Big, ByteOrder::Halves];
        let order = orders[usize::from(self.shape >> 2 & 3) % if length == 4 { 3 } else { 2 }];
        let reach = [Reach::Pointer, Reach::Far, Reach::Near][usize::from(self.shape >> 4 & 3) % 3];
        let scale = self.scale & 3;
        let (mut left, mut parts) = (32 - scale, [Part::default(); MAX_PARTS]);
        for (part, (low, bits)) in parts.iter_mut().zip(self.parts) {
            let low = low % (8 * length);
            *part = Part { low, bits: (1 + bits % 32).min(8 * length - low).min(left) };
            left -= part.bits;
        }
        Description {
            length,
            order,
            alignment: 1 << (self.shape >> 6) % 3,
            reach,
            relative: self.relative,
            scale,
            ahead: self.ahead & 15,
            mask: self.mask & u32::MAX >> (32 - 8 * u32::from(length)),
            value: self.value & u32::MAX >> (32 - 8 * u32::from(length)),
            parts,
        }
    }
}
