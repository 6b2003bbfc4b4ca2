//! `zstd` packages made by the encoder and restored by the device's decoder (`docs/format.md`, section 10).

use proptest::prelude::*;
use smidgen_diff::{CodecChoice, DiffError, Options, Package, Ram, Silent, diff, inspect};
use smidgen_patch::Error;
use smidgen_patch::header::{Codec, HEADER_LIMIT};
use testkit::{edited, edits};

use crate::common::{Pieces, restore_in};
use crate::trace::trace_adds_up;

fn options(ram: Ram) -> Options {
    Options::default().with_codec(CodecChoice::Zstd).with_ram(ram)
}

fn package(old: &[u8], new: &[u8]) -> Package {
    diff(old, new, &options(Ram::Auto), &Silent).unwrap()
}

/// What a package in pieces makes of a base, with no more workspace than a header takes.
fn restore(base: &[u8], package: &[u8], piece: usize) -> Result<Vec<u8>, Error> {
    restore_in(&mut [0; HEADER_LIMIT], base, package, Pieces::Of(piece))
}

/// Bytes without any order.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    testkit::noise(length, 256, seed)
}

/// An image with some bytes changed, a stretch moved and a stretch that is new.
fn revised(old: &[u8]) -> Vec<u8> {
    let third = old.len() / 3;
    let mut new = [&old[third..], &noise(third / 4, 99), &old[..third]].concat();
    new.iter_mut().step_by(101).for_each(|byte| *byte = byte.wrapping_add(3));
    new
}

fn window_log(package: &Package) -> u8 {
    match package.header.codec {
        Codec::Zstd { window_log } => window_log,
        Codec::Cm { .. } | Codec::Lite { .. } => panic!("not a zstd package"),
    }
}

#[test]
fn large_images_come_back_in_pieces_of_any_size() {
    let old = noise(300_000, 1);
    let new = revised(&old);
    let package = package(&old, &new);
    assert!(package.bytes.len() < new.len() / 6, "{} bytes", package.bytes.len());
    for piece in [1, 19, 4096, usize::MAX] {
        assert_eq!(restore(&old, &package.bytes, piece).as_ref(), Ok(&new));
    }
}

#[test]
fn levels_are_those_of_zstd() {
    let old = noise(60_000, 3);
    // What is new is compressible, but not at a glance.
    let words: Vec<Vec<u8>> = (0..900).map(|word| noise(3 + word as usize % 9, word)).collect();
    let order = noise(80_000, 4);
    let text = order
        .chunks(2)
        .flat_map(|pair| words[(usize::from(pair[0]) * 3 + usize::from(pair[1] & 3)) % 900].clone());
    let new: Vec<u8> = old.iter().copied().chain(text).collect();
    let sizes = [1, 3, 6, 9].map(|level| {
        let package = diff(&old, &new, &options(Ram::Auto).with_level(level), &Silent).unwrap();
        assert_eq!(restore(&old, &package.bytes, 4096).as_ref(), Ok(&new));
        package.bytes.len()
    });
    let [fastest, fast, usual, smallest] = sizes;
    assert!(fastest > fast && fast > usual && fastest > usual + usual / 20, "{sizes:?}");
    assert_eq!((usual, usual), (smallest, package(&old, &new).bytes.len()));
}

#[test]
fn every_truncation_is_an_error() {
    let old = noise(3000, 2);
    let package = package(&old, &revised(&old)).bytes;
    for length in 0..package.len() {
        assert!(restore(&old, &package[..length], length.max(1)).is_err(), "cut to {length}");
    }
    let longer = [&package[..], &[0]].concat();
    assert_eq!(restore(&old, &longer, longer.len()), Err(Error::TrailingData));
    assert_eq!(restore(&old, &longer, 1), Err(Error::TrailingData));
}

#[test]
fn the_wrong_base_is_refused() {
    let old = noise(50_000, 3);
    let package = package(&old, &revised(&old)).bytes;
    let mut other = old.clone();
    other[49_999] ^= 1;
    assert_eq!(restore(&other, &package, 100), Err(Error::BaseDigest));
    assert_eq!(restore(&old[1..], &package, 100), Err(Error::BaseSize));
    assert_eq!(inspect(&old[1..], &package), Err(Error::BaseSize));
}

#[test]
fn empty_images_are_images() {
    for (old, new) in [(&b""[..], &b""[..]), (b"something", b""), (b"", b"something")] {
        let package = package(old, new);
        assert_eq!(restore(old, &package.bytes, 1).as_deref(), Ok(new));
        assert_eq!(inspect(old, &package.bytes).as_ref(), Ok(&package.report));
    }
}

#[test]
fn the_window_is_the_largest_within_the_budget_and_the_need() {
    let old = noise(300_000, 4);
    let new = revised(&old);
    let make = |ram| diff(&old, &new, &options(ram), &Silent);
    assert_eq!(window_log(&make(Ram::Auto).unwrap()), 19);
    assert_eq!(window_log(&make(Ram::Bytes(1 << 30)).unwrap()), 19);
    for kib in [132, 200, 400, 1000] {
        let package = make(Ram::Bytes(kib << 10)).unwrap();
        assert!(u64::from(package.header.ram) <= kib << 10);
        assert_eq!(restore(&old, &package.bytes, 1000).as_ref(), Ok(&new));
    }
    let refused = make(Ram::Bytes(131 << 10)).unwrap_err();
    assert!(matches!(refused, DiffError::BudgetTooSmall { budget: 134_144, least: 135_168 }), "{refused}");
}

#[test]
fn optional_digests_are_in_the_header() {
    let (old, new) = (noise(1000, 5), noise(900, 6));
    let options = options(Ram::Auto).with_md5(true).with_body_digest(true);
    let mut package = diff(&old, &new, &options, &Silent).unwrap();
    assert!(package.header.target_md5.is_some() && package.header.body_digest.is_some());
    assert_eq!(restore(&old, &package.bytes, 7).as_ref(), Ok(&new));
    // A raw block of noise: only the digests differ.
    *package.bytes.last_mut().unwrap() ^= 1;
    assert_eq!(restore(&old, &package.bytes, 7), Err(Error::BodyDigest));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn whatever_is_packed_comes_back(
        length in 0..3000usize, seed: u64, alphabet in 1..=256u32, piece in 1..200usize,
        edits in edits(12),
    ) {
        let old = testkit::noise(length, alphabet, seed);
        let new = edited(&old, &edits);
        let package = package(&old, &new);
        prop_assert_eq!(restore(&old, &package.bytes, piece), Ok(new.clone()));
        trace_adds_up(&old, &new, &package);
    }
}
