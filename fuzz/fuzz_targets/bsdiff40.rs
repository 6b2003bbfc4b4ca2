//! Arbitrary bytes as a classic patch.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smidgen_diff::bsdiff40::{decode, is_bsdiff40, target_size};
use smidgen_fuzz::BASE;

/// The largest image that a patch may ask for here.
const LIMIT: u64 = 1 << 20;

fuzz_target!(|patch: &[u8]| {
    let size = target_size(patch);
    assert!(size.is_err() || is_bsdiff40(patch));
    if let Ok(image) = decode(BASE, patch, LIMIT) {
        assert_eq!(size, Ok(image.len() as u64));
    }
});
