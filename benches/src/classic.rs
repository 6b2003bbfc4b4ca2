//! The classic bsdiff, as the `bsdiff` crate has it, and what its patches are compressed with.

use std::io::{Read, Write, sink};

use crate::pair::Pair;

/// zstd's level for patches.
const LEVEL: i32 = 19;

/// Sorts, searches and throws the patch away: the work that Smidgen's matching stands beside.
///
/// # Panics
/// Never: nothing is written.
pub fn search(pair: &Pair) {
    bsdiff::diff(&pair.old, &pair.new, &mut sink()).expect("sinks take everything");
}

/// The patch, not compressed.
///
/// # Panics
/// If it cannot be made.
#[must_use]
pub fn raw(old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut patch = Vec::new();
    bsdiff::diff(old, new, &mut patch).expect("a patch");
    patch
}

/// The patch in bzip2, as bsdiff is mostly used.
///
/// # Panics
/// If it cannot be made.
#[must_use]
pub fn diff(pair: &Pair) -> Vec<u8> {
    in_bzip2(&raw(&pair.old, &pair.new))
}

/// A patch in bzip2.
///
/// # Panics
/// Never: memory takes everything.
#[must_use]
pub fn in_bzip2(raw: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    encoder.write_all(raw).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

/// A patch in zstd.
///
/// # Panics
/// If the compressor fails.
#[must_use]
pub fn in_zstd(raw: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(raw, LEVEL).expect("a frame")
}

/// The target that a patch of [`diff`] restores.
///
/// # Panics
/// If the patch is damaged.
#[must_use]
pub fn patch(old: &[u8], patch: &[u8]) -> Vec<u8> {
    let mut raw = Vec::new();
    bzip2::read::BzDecoder::new(patch).read_to_end(&mut raw).expect("a sound stream");
    let mut new = Vec::new();
    bsdiff::patch(old, &mut raw.as_slice(), &mut new).expect("a sound patch");
    new
}
