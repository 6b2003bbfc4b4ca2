//! Bodies of random bytes, and good ones with random changes: no panic, no overflow, no wrong image accepted.

use crate::common::{Golden, golden, restore, small};
use proptest::prelude::*;
use smidgen_patch::{Error, Header, Patcher, SliceTarget};
use testkit::noise;

/// Restores a good header with this body; whatever happens, it must not be a wrong image.
fn try_body(golden: &Golden, body: &[u8], piece: usize) {
    let package = [&golden.package[..golden.body_start()], body].concat();
    let (end, slot) = restore(&golden.base, &package, piece);
    assert_eq!(slot.begun, Some(golden.target.len() as u32), "the header is good");
    match end {
        Ok(image) => assert!(image == golden.target, "{}: a wrong image is accepted", golden.name),
        Err(error) => assert!(
            matches!(
                error,
                Error::Corrupt
                    | Error::Truncated
                    | Error::TrailingData
                    | Error::TargetDigest
                    | Error::BodyDigest
            ),
            "{}: {error:?}",
            golden.name
        ),
    }
}

#[test]
fn random_bodies_are_never_accepted() {
    for golden in small() {
        let length = golden.header().body_length as usize;
        for seed in 0..200 {
            try_body(&golden, &noise(length, 256, seed), 1 + seed as usize % 100);
        }
    }
}

#[test]
fn random_bodies_of_large_packages_are_never_accepted() {
    for golden in golden() {
        let length = golden.header().body_length as usize;
        for seed in 0..10 {
            try_body(&golden, &noise(length, 256, seed), 64);
        }
    }
}

#[test]
fn bodies_that_go_wrong_half_way_are_never_accepted() {
    for golden in golden() {
        let body = &golden.package[golden.body_start()..];
        for seed in 0..12 {
            // Behind a good beginning the models are sure of themselves, and all tables are in use.
            let good = body.len() * seed / 12;
            let wrong = noise(body.len() - good, 256, seed as u64);
            try_body(&golden, &[&body[..good], &wrong].concat(), 64);
        }
    }
}

#[test]
fn bodies_of_one_byte_value_are_never_accepted() {
    for golden in small() {
        for byte in [0, 1, 0x7F, 0x80, 0xFE, 0xFF] {
            try_body(&golden, &vec![byte; golden.header().body_length as usize], 64);
        }
    }
}

proptest! {
    #[test]
    fn changed_packages_are_never_accepted(
        which: prop::sample::Index, at: prop::sample::Index, bytes in prop::collection::vec(any::<u8>(), 0..9), piece in 1..99usize,
    ) {
        let all = small();
        let golden = which.get(&all);
        let at = at.index(golden.package.len());
        let end = (at + bytes.len()).min(golden.package.len());
        let package = [&golden.package[..at], &bytes, &golden.package[end..]].concat();
        if let (Ok(image), _) = restore(&golden.base, &package, piece) {
            prop_assert!(image == golden.target);
        }
    }

    #[test]
    fn no_bytes_make_the_patcher_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), room in 0..600usize) {
        let package = [b"SMDG\x02", &bytes[..]].concat();
        let _ = Header::parse(&bytes);
        prop_assert!(Header::parse(&package).is_err());
        let (mut workspace, mut slot) = (vec![0; room], [0; 64]);
        let target = SliceTarget::new(&mut slot);
        let mut patcher = Patcher::new(&mut workspace, &b"base"[..], target);
        let pushed = patcher.push(&package);
        prop_assert!(pushed.is_err() || patcher.finish().is_err());
    }
}
