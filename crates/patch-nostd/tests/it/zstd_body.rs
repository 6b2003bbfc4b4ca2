//! The decoder of `zstd` bodies against good, damaged and hostile input (`docs/format.md`, section 10).

use proptest::prelude::*;
use smidgen_patch::Error;
use smidgen_patch::header::{Codec, Header, PageKinds};
use smidgen_patch::internals::apply::{Io, Operation, ZstdBody};

/// A base, and the target as far as it has been made.
struct Images {
    base: Vec<u8>,
    target: Vec<u8>,
    announced: Vec<Operation>,
}

impl Io for Images {
    type Error = Error;

    fn read_base(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        buffer.copy_from_slice(&self.base[offset as usize..][..buffer.len()]);
        Ok(())
    }

    fn read_target(&mut self, _offset: u32, _buffer: &mut [u8]) -> Result<(), Error> {
        Err(Error::TargetRead)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.target.extend_from_slice(bytes);
        Ok(())
    }

    fn announce(&mut self, operation: Operation) {
        self.announced.push(operation);
    }
}

const BASE: &[u8] = b"0123456789";
/// Two literals, a cover of four bytes from 3, a literal, a cover of three from 1: `ab3466z222`.
const STREAM: &[u8] = b"\x02ab\x06\x04\x00\x00\x01\x00\x01z\x0B\x03\x01\x00\xFF";
const TARGET: &[u8] = b"ab3466z222";

fn header(base: usize, target: usize, body: usize) -> Header {
    Header {
        codec: Codec::Zstd { window_log: 10 },
        base_size: base as u32,
        target_size: target as u32,
        base_digest: [0; 16],
        target_digest: [0; 32],
        target_md5: None,
        ram: 0,
        base_address: 0,
        address_high: 0,
        windows: Default::default(),
        kinds: PageKinds::default(),
        forms: smidgen_patch::header::Forms::NONE,
        read_back: false,
        body_length: body as u32,
        body_digest: None,
    }
}

fn frame(stream: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(stream, 3).unwrap()
}

/// What a body gives when it arrives in pieces of `piece` bytes.
fn decode(target: usize, body: &[u8], stated: usize, piece: usize) -> Result<Images, Error> {
    let mut images = Images { base: BASE.to_vec(), target: vec![], announced: vec![] };
    let mut decoder = ZstdBody::new(&header(BASE.len(), target, stated), 10)?;
    for piece in body.chunks(piece) {
        decoder.push(piece, &mut images)?;
    }
    decoder.finish()?;
    assert_eq!(images.target.len(), target);
    Ok(images)
}

/// The error for a body, which must not depend on the pieces.
fn refusal(target: usize, body: &[u8]) -> Error {
    let whole = decode(target, body, body.len(), body.len().max(1)).err();
    for piece in [1, 2, 5, 7, 18, 19] {
        assert_eq!(decode(target, body, body.len(), piece).err(), whole, "pieces of {piece}");
    }
    whole.expect("the body must be refused")
}

/// The error for a stream in a good frame.
fn stream_refusal(target: usize, stream: &[u8]) -> Error {
    refusal(target, &frame(stream))
}

#[test]
fn pieces_of_any_size_give_the_target() {
    let body = frame(STREAM);
    for piece in 1..=body.len() {
        let images = decode(TARGET.len(), &body, body.len(), piece).unwrap();
        assert_eq!(images.target, TARGET);
        let said: Vec<(u32, u32)> =
            images.announced.iter().map(|o| (o.literals, o.cover.map_or(0, |cover| cover.length))).collect();
        assert_eq!(said, [(2, 4), (1, 3)]);
    }
}

#[test]
fn an_empty_target_is_an_empty_frame() {
    let body = frame(b"");
    assert_eq!(decode(0, &body, body.len(), 1).unwrap().target, b"");
    assert_eq!(refusal(0, b""), Error::Truncated);
    assert_eq!(stream_refusal(0, b"\0"), Error::TrailingData);
}

#[test]
fn every_truncation_is_an_error() {
    let body = frame(STREAM);
    for length in 0..body.len() {
        for piece in [1, body.len()] {
            let package_cut = decode(TARGET.len(), &body[..length], body.len(), piece);
            assert_eq!(package_cut.err(), Some(Error::Truncated), "cut to {length}");
        }
        assert_eq!(refusal(TARGET.len(), &body[..length]), Error::Truncated, "a body of {length}");
    }
    for length in 0..STREAM.len() {
        assert_eq!(stream_refusal(TARGET.len(), &STREAM[..length]), Error::Truncated, "a stream of {length}");
    }
}

#[test]
fn everything_must_end_with_the_target() {
    let body = frame(STREAM);
    for more in [&[0][..], &frame(b""), b"\x50\x2A\x4D\x18\0\0\0\0"] {
        let longer = [&body[..], more].concat();
        assert_eq!(refusal(TARGET.len(), &longer), Error::TrailingData);
        for piece in [1, longer.len()] {
            let beyond = decode(TARGET.len(), &longer, body.len(), piece);
            assert_eq!(beyond.err(), Some(Error::TrailingData));
        }
    }
    let stream = [STREAM, b"\0"].concat();
    assert_eq!(stream_refusal(TARGET.len(), &stream), Error::TrailingData);
    let bomb = [STREAM, &vec![0; 1 << 20]].concat();
    assert_eq!(stream_refusal(TARGET.len(), &bomb), Error::Corrupt, "its window is too large");
}

#[test]
fn impossible_operations_are_corrupt() {
    for (what, stream) in [
        ("more literals than target", &b"\x0Bhello world"[..]),
        ("more cover than target", b"\x03abc\x00\x08"),
        ("an empty cover", b"\x00\x00\x00"),
        ("a seek below zero", b"\x00\x01\x01"),
        ("a cover past the base's end", b"\x00\x08\x07"),
        ("a seek far past the base's end", b"\x00\xFE\xFF\xFF\xFF\x0F\x01"),
        ("a longer form", b"\x81\x00"),
        ("33 bits", b"\xFF\xFF\xFF\xFF\x1F"),
        ("six bytes", b"\x80\x80\x80\x80\x80\x01"),
    ] {
        assert_eq!(stream_refusal(10, stream), Error::Corrupt, "{what}");
    }
}

#[test]
fn only_plain_frames_are_taken() {
    let good = frame(STREAM);
    let mut checked = zstd::bulk::Compressor::new(3).unwrap();
    checked.include_checksum(true).unwrap();
    assert_eq!(refusal(TARGET.len(), &checked.compress(STREAM).unwrap()), Error::Corrupt);
    let skippable = [b"\x50\x2A\x4D\x18\0\0\0\0", &good[..]].concat();
    assert_eq!(refusal(TARGET.len(), &skippable), Error::Corrupt);
    for at in 0..5 {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert_eq!(refusal(TARGET.len(), &bad), Error::Corrupt, "byte {at}");
    }
}

/// libzstd would decode a small frame in one go without looking at its window.
#[test]
fn a_window_beyond_the_limit_is_refused_even_where_the_frame_is_small() {
    let raw_block = |window: u8| {
        let block = ((STREAM.len() as u32) << 3 | 1).to_le_bytes();
        // A window descriptor, and a content size of four bytes.
        let content = (STREAM.len() as u32).to_le_bytes();
        [&[0x28, 0xB5, 0x2F, 0xFD, 0x80, window][..], &content, &block[..3], STREAM].concat()
    };
    let fits = raw_block(0);
    assert_eq!(decode(TARGET.len(), &fits, fits.len(), fits.len()).unwrap().target, TARGET);
    assert_eq!(refusal(TARGET.len(), &raw_block(1)), Error::Corrupt);
    assert_eq!(refusal(TARGET.len(), &raw_block(0x50)), Error::Corrupt);
}

/// `ZSTD_estimateDStreamSize` of libzstd 1.5.7 on a 64-bit machine.
#[test]
fn the_stated_memory_covers_what_libzstd_estimates() {
    for (window_log, estimate) in [(10, 100_136), (17, 620_328), (19, 1_013_544), (27, 134_706_984)] {
        let codec = Codec::Zstd { window_log };
        let stated = Header { codec, ..header(0, 0, 0) }.requirements().heap;
        assert!((estimate + (32 << 10)..=estimate + (35 << 10)).contains(&stated), "{window_log}: {stated}");
    }
}

proptest! {
    #[test]
    fn no_stream_panics(target in 0..40usize, stream in prop::collection::vec(0..24u8, 0..60), piece in 1..9usize) {
        let body = frame(&stream);
        let whole = decode(target, &body, body.len(), body.len()).map(|images| images.target);
        let pieces = decode(target, &body, body.len(), piece).map(|images| images.target);
        prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn no_damaged_frame_panics(at: prop::sample::Index, bit in 0..8u32, piece in 1..9usize) {
        let mut body = frame(STREAM);
        body[at.index(STREAM.len())] ^= 1 << bit;
        let whole = decode(TARGET.len(), &body, body.len(), body.len()).map(|images| images.target);
        let pieces = decode(TARGET.len(), &body, body.len(), piece).map(|images| images.target);
        prop_assert_eq!(whole, pieces);
    }
}
