//! A valid header for the fixed base, whatever sizes and speeds it states, with an arbitrary body.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use patch_nostd::internals::wire::{
    Codec, MAX_KINDS, ModelSize, PageKind, PageKinds, Tuning, Window, codec_ram,
};
use patch_nostd::{Header, Sha256, SoftwareSha256};
use smidgen_fuzz::{BASE, restore};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    zstd: bool,
    slots: u8,
    landmarks: u8,
    learned: u8,
    speeds: [u8; 3],
    target_size: u16,
    base_address: u32,
    address_high: u32,
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
        let codec = self.codec();
        Header {
            codec,
            base_size: BASE.len() as u32,
            target_size: self.target_size.into(),
            base_digest: base_digest(),
            target_digest: [0; 32],
            target_md5: None,
            ram: codec_ram(&codec),
            base_address: self.base_address,
            address_high: self.address_high,
            windows: [Window { start: u32::from(self.window) << 16, length: 0x1_0000 }; 3],
            kinds: self.kinds(),
            read_back: self.read_back,
            body_length: self.body.len() as u32,
            body_digest: None,
        }
    }

    fn codec(&self) -> Codec {
        if self.zstd {
            return Codec::Zstd { window_log: 10 + self.slots % 6 };
        }
        let [counter, mixer, block] = self.speeds;
        let size = ModelSize {
            slots: u32::from(self.slots) + 1,
            landmarks: self.landmarks.into(),
            learned: self.learned.into(),
        };
        let tuning =
            Tuning { counter_rate: 3 + counter % 4, mixer_rate: 1 + mixer % 15, block_log: 3 + block % 4 };
        Codec::Cm { size, tuning }
    }

    /// As many as may be of those that are wanted, each once.
    fn kinds(&self) -> PageKinds {
        let mut kinds = Vec::new();
        for &number in &self.kinds {
            // Code has small numbers, words have those from 16 on.
            let kind = PageKind::from_number(number % 32).unwrap_or_default();
            if kinds.len() < MAX_KINDS && !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        PageKinds::new(&kinds).unwrap_or_default()
    }
}

fn base_digest() -> [u8; 16] {
    let mut digest = SoftwareSha256::start();
    digest.update(BASE);
    let mut first = [0; 16];
    first.copy_from_slice(&digest.finish()[..16]);
    first
}
