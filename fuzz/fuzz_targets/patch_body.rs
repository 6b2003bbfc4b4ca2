//! A valid header for the fixed base, whatever sizes and speeds it states, with an arbitrary body.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use smidgen_fuzz::{BASE, restore};
use smidgen_patch::Header;
use smidgen_patch::header::{Codec, MAX_KINDS, ModelSize, PageKind, Tuning, Window};
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
    read_back: bool,
    piece: u8,
    body: &'a [u8],
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
            places: Vec::new(),
            base_address: self.base_address,
            size: ModelSize { slots: u32::from(self.slots) + 1, landmarks: 0, learned: self.learned.into() },
            tuning: Tuning {
                counter_rate: 3 + counter % 4,
                mixer_rate: 1 + mixer % 15,
                block_log: 3 + block % 4,
                high_first: block & 4 != 0,
            },
        }
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
