//! Arbitrary bytes as a package, and again with a right checksum, so that what lies behind it is reached.
#![no_main]

use libfuzzer_sys::fuzz_target;
use patch_nostd::Header;
use patch_nostd::internals::wire::crc32;
use smidgen_fuzz::{BASE, restore};

fuzz_target!(|package: &[u8]| {
    let whole = restore(BASE, package, package.len());
    // How a package is cut must not matter.
    assert_eq!(whole, restore(BASE, package, 1));
    if let Some(package) = with_checksum(package) {
        let whole = restore(BASE, &package, package.len());
        assert_eq!(whole, restore(BASE, &package, 7));
    }
});

fn with_checksum(package: &[u8]) -> Option<Vec<u8>> {
    let end = Header::length(package).ok()?;
    let mut package = package.to_vec();
    let checksum = crc32(package.get(..end - 4)?).to_le_bytes();
    package.get_mut(end - 4..end)?.copy_from_slice(&checksum);
    Some(package)
}
