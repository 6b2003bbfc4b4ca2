//! `diff` on two files of any streams, whole, broken or bombs: it ends, and what it makes gives the new file back.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use smidgen_diff::{Options, Ram, Silent, diff};
use testkit::archives::zlib;

#[derive(Arbitrary, Debug)]
enum Part<'a> {
    Bytes(&'a [u8]),
    /// Of these bytes, so often.
    Zlib(&'a [u8], u8),
    /// The same, with something in it overwritten.
    Broken(&'a [u8], u16, u8),
    /// In another stream.
    Nested(&'a [u8]),
    /// A local header of zip, and a stream.
    Entry([u8; 26], &'a [u8]),
    /// A member of gzip whose trailer may be wrong.
    Gzip(&'a [u8], [u8; 8]),
    /// Headers of streams with nothing in them.
    Marks(u8),
}

fuzz_target!(|input: (Vec<Part>, Vec<Part>)| {
    let (old, new) = (file(&input.0), file(&input.1));
    let options = Options::default().with_ram(Ram::Bytes(4 << 10)).with_level(1);
    // It proves what it makes.
    diff(&old, &new, &options, &Silent).expect("a package");
});

fn file(parts: &[Part]) -> Vec<u8> {
    let raw = |plain: &[u8]| {
        let stream = zlib(plain);
        stream[2..stream.len() - 4].to_vec()
    };
    let part = |part: &Part| match part {
        Part::Bytes(bytes) => bytes.to_vec(),
        Part::Zlib(bytes, times) => zlib(&bytes.repeat(1 + usize::from(*times))),
        Part::Broken(bytes, place, byte) => {
            let mut stream = zlib(bytes);
            let place = usize::from(*place) % stream.len();
            stream[place] = *byte;
            stream
        }
        Part::Nested(bytes) => zlib(&zlib(&zlib(bytes))),
        Part::Entry(fields, bytes) => [&b"PK\x03\x04"[..], fields, &raw(bytes)].concat(),
        Part::Gzip(bytes, trailer) => [&b"\x1f\x8b\x08\0\0\0\0\0\0\x03"[..], &raw(bytes), trailer].concat(),
        Part::Marks(count) => b"\x78\x01\x00\x02\x00\xfd\xff".repeat((*count).into()),
    };
    parts.iter().take(8).flat_map(part).collect()
}
