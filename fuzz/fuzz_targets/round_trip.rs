//! Two small images: every codec makes a package that gives the new one back.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use smidgen_diff::{Arch, CodecChoice, Options, Ram, Silent, bsdiff40, diff, diff_bsdiff40};
use smidgen_fuzz::restore;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    old: &'a [u8],
    /// Parts of the old image and bytes between them, or the new image would have nothing to do with it.
    parts: Vec<(u16, u16, Vec<u8>)>,
    base_address: Option<u64>,
    kib: u8,
    arch: u8,
    level: u8,
    zstd: bool,
    piece: u8,
}

fuzz_target!(|input: Input| {
    let (old, new) = (&input.old[..input.old.len().min(4096)], input.new_image());
    let package = diff(old, &new, &input.options(), &Silent).expect("a package").bytes;
    assert!(restore(old, &package, input.piece.into()).as_ref() == Ok(&new));
    let classic = diff_bsdiff40(old, &new, &Silent).expect("a patch");
    assert!(bsdiff40::decode(old, &classic, new.len() as u64).as_ref() == Ok(&new));
});

impl Input<'_> {
    fn new_image(&self) -> Vec<u8> {
        let mut new = Vec::new();
        for (start, length, bytes) in self.parts.iter().take(20) {
            let from = usize::from(*start).min(self.old.len());
            let to = (from + usize::from(*length % 1024)).min(self.old.len());
            new.extend_from_slice(&self.old[from..to]);
            new.extend_from_slice(&bytes[..bytes.len().min(100)]);
        }
        new
    }

    fn options(&self) -> Options {
        let (codec, least) = if self.zstd { (CodecChoice::Zstd, 132) } else { (CodecChoice::Cm, 3) };
        Options::default()
            .with_ram(Ram::Bytes((least + u64::from(self.kib)) << 10))
            .with_codec(codec)
            .with_arch(Arch::ALL[usize::from(self.arch) % Arch::ALL.len()])
            .with_level(1 + self.level % 9)
            .with_base_address(self.base_address)
    }
}
