//! Damaged, incomplete and misdirected packages never pass for good ones.

#[cfg(feature = "encode")]
use crate::common::named;
use crate::common::{Golden, golden, restore, small};
use smidgen_patch::{Error, Header};

/// Anything but a good end, or the right target all the same.
fn must_not_deceive(golden: &Golden, base: &[u8], package: &[u8], piece: usize, what: &str) {
    if let (Ok(image), _) = restore(base, package, piece) {
        assert!(image == golden.target, "{}, {what}: another image is accepted", golden.name);
    }
}

#[test]
fn no_beginning_of_a_package_is_accepted() {
    for golden in small() {
        for length in 0..golden.package.len() {
            for piece in [1, usize::MAX] {
                let (end, _) = restore(&golden.base, &golden.package[..length], piece);
                assert_eq!(end, Err(Error::Truncated), "{}: {length} bytes", golden.name);
            }
        }
    }
}

#[test]
fn no_beginning_of_a_large_package_is_accepted() {
    for golden in golden() {
        for length in (0..golden.package.len()).rev().step_by(golden.package.len() / 12 + 1).skip(1) {
            let (end, _) = restore(&golden.base, &golden.package[..length], 64);
            assert_eq!(end, Err(Error::Truncated), "{}: {length} bytes", golden.name);
        }
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    for golden in small() {
        let header = golden.body_start();
        let mut package = golden.package.clone();
        for bit in 0..8 * package.len() {
            package[bit / 8] ^= 1 << (bit % 8);
            let what = format!("bit {bit}");
            must_not_deceive(&golden, &golden.base, &package, 64, &what);
            if bit < 8 * header {
                let (end, slot) = restore(&golden.base, &package, 64);
                assert!(end.is_err() && slot.begun.is_none(), "{}, {what} of the header", golden.name);
            }
            package[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn bytes_after_the_end_are_noticed() {
    for golden in golden() {
        for more in [&[0][..], &[0xFF], &[0; 300]] {
            let longer = [&golden.package[..], more].concat();
            for piece in [1, 7, golden.package.len(), usize::MAX] {
                let (end, _) = restore(&golden.base, &longer, piece);
                assert_eq!(end, Err(Error::TrailingData), "{}: {} more", golden.name, more.len());
            }
        }
    }
}

#[test]
fn a_wrong_base_is_noticed_before_the_target_is_touched() {
    for golden in golden().into_iter().filter(|golden| !golden.base.is_empty()) {
        let last = golden.base.len() - 1;
        for place in [0, last / 2, last] {
            let mut base = golden.base.clone();
            base[place] ^= 0x80;
            let (end, slot) = restore(&base, &golden.package, 64);
            assert_eq!(end, Err(Error::BaseDigest), "{}: byte {place}", golden.name);
            assert_eq!((slot.begun, slot.writes), (None, 0));
        }
        let longer = [&golden.base[..], &[0]].concat();
        for base in [&[][..], &golden.base[1..], &golden.base[..last], &longer] {
            let (end, slot) = restore(base, &golden.package, 64);
            assert_eq!(end, Err(Error::BaseSize), "{}: {} bytes", golden.name, base.len());
            assert_eq!((slot.begun, slot.writes), (None, 0));
        }
    }
}

#[test]
fn a_base_where_none_belongs_is_noticed() {
    for golden in golden().into_iter().filter(|golden| golden.base.is_empty()) {
        let (end, slot) = restore(b"something", &golden.package, 64);
        assert_eq!((end, slot.begun), (Err(Error::BaseSize), None), "{}", golden.name);
    }
}

#[test]
fn swapped_bodies_are_noticed() {
    let all = small();
    for golden in &all {
        for other in &all {
            let (header, body) = (golden.body_start(), other.body_start());
            let package = [&golden.package[..header], &other.package[body..]].concat();
            must_not_deceive(golden, &golden.base, &package, 64, &other.name);
        }
    }
}

#[test]
fn headers_are_read_only_when_they_are_complete() {
    for golden in golden() {
        let length = golden.body_start();
        for known in 9..length {
            assert_eq!(Header::parse(&golden.package[..known]).err(), Some(Error::Truncated));
        }
        assert!(Header::parse(&golden.package[..length]).is_ok());
    }
}

/// The same package with a body that ends early, as its header says.
#[cfg(feature = "encode")]
fn shortened(golden: &Golden, body: usize) -> Vec<u8> {
    let (header, extensions, length) = Header::parse_extended(&golden.package).unwrap();
    let header = Header { body_length: body as u32, body_digest: None, ..header };
    [&header.to_bytes_with(&extensions), &golden.package[length..length + body]].concat()
}

/// Zeros after the end used to go on for ever: a package of 66 bytes made a target of 16 MiB.
#[cfg(feature = "encode")]
#[test]
fn nothing_is_made_of_zeros_after_a_body() {
    let (mut cuts, mut complete) = (0, 0);
    for golden in golden() {
        let (header, start) = (golden.header(), golden.body_start());
        if header.body_digest.is_some() || header.codec.models().is_none() {
            continue;
        }
        let whole = golden.package.len() - start;
        for body in (0..whole.saturating_sub(4)).rev().step_by(whole / 60 + 1) {
            let (end, slot) = restore(&golden.base, &shortened(&golden, body), 64);
            assert!(end.is_err(), "{}: {body} bytes are enough", golden.name);
            cuts += 1;
            complete += usize::from(slot.image.len() == golden.target.len());
        }
    }
    // Now and then, four bytes are enough for what is left.
    assert!(cuts > 200 && complete * 20 < cuts, "{complete} of {cuts}");
}

#[cfg(feature = "encode")]
#[test]
fn a_package_without_a_body_makes_no_image() {
    use smidgen_patch::header::{Codec, ModelSize, Tuning};
    let size = ModelSize { slots: 16, landmarks: 0, learned: 0 };
    let tuning = Tuning { counter_rate: 5, mixer_rate: 8, block_log: 5, high_first: false };
    let like = named("small-from-nothing").header();
    let cm = Codec::Cm { size, tuning };
    let codecs = [cm, Codec::Lite { size, tuning }.with_models(size, tuning)];
    let bodies = [&[][..], &[0x20], &[0x10, 0x80]];
    for (codec, body) in codecs.iter().flat_map(|codec| bodies.map(|body| (*codec, body))) {
        let ram = smidgen_patch::internals::wire::codec_ram(&codec);
        let header = Header { codec, ram, target_size: 16 << 20, body_digest: None, ..like };
        let header = Header { body_length: body.len() as u32, ..header };
        let (end, slot) = restore(&[], &[&header.to_bytes(), body].concat(), 64);
        assert!(matches!(end, Err(Error::Truncated | Error::Corrupt)), "{body:?}: {end:?}");
        assert!(slot.image.len() <= 1024, "{body:?}: {} bytes", slot.image.len());
    }
}
