//! Arbitrary bytes as a package, and again with a right checksum, so that what lies behind it is reached.
#![no_main]

use attack::packages::repair;
use libfuzzer_sys::fuzz_target;
use smidgen_fuzz::{BASE, restore};
use smidgen_patch::Header;

fuzz_target!(|package: &[u8]| {
    let whole = restore(BASE, package, package.len());
    // How a package is cut must not matter.
    assert_eq!(whole, restore(BASE, package, 1));
    let mut package = package.to_vec();
    if let Ok(length) = Header::length(&package) {
        repair(&mut package, length);
        let whole = restore(BASE, &package, package.len());
        assert_eq!(whole, restore(BASE, &package, 7));
    }
});
