//! The classic bsdiff of the crate `bsdiff`, with patches in bzip2.

use std::io::{Read, sink};

use crate::pair::Pair;

/// Sorts, searches and throws the patch away: the work that Smidgen's matching stands beside.
pub fn search(pair: &Pair) {
    bsdiff::diff(&pair.old, &pair.new, &mut sink()).expect("sinks take everything");
}

/// The patch.
pub fn diff(old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    bsdiff::diff(old, new, &mut encoder).expect("a patch");
    encoder.finish().expect("memory takes everything")
}

/// The target that a patch of [`diff`] restores.
pub fn patch(old: &[u8], patch: &[u8]) -> Vec<u8> {
    let mut raw = Vec::new();
    bzip2::read::BzDecoder::new(patch).read_to_end(&mut raw).expect("a sound stream");
    let mut new = Vec::new();
    bsdiff::patch(old, &mut raw.as_slice(), &mut new).expect("a sound patch");
    new
}
