//! Times corrections.
#![allow(missing_docs)]
use smidgen_patch::internals::container::deflate::*;
use std::time::Instant;
fn main() {
    let mut args = std::env::args().skip(1);
    let file = std::fs::read(args.next().unwrap()).unwrap();
    let level: u8 = args.next().map_or(9, |l| l.parse().unwrap());
    // gzip -n: ten bytes of header, eight of trailer.
    let stream = &file[10..file.len() - 8];
    let plain = std::fs::read(std::env::args().nth(3).unwrap()).unwrap();
    let parsed = Parsed::new(stream, usize::MAX).unwrap();
    let parameters = Parameters { finder: Finder::new(level, 15), border: Border::Gzip };
    let t = Instant::now();
    let (corrections, made) = corrections(&plain, &parsed, &parameters, None, &[]).unwrap();
    assert!(made == stream);
    println!("{} tokens, {} bytes of corrections, {:?}", parsed.tokens.len(), corrections.len(), t.elapsed());
}
