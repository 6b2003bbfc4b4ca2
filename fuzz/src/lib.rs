//! What the fuzz targets share: a device that is given packages, and panics that end no run.

use std::panic::{set_hook, take_hook};
use std::sync::Once;

use smidgen_patch::Error;
use testkit::sha256;

/// The base image of targets that need one: the same as in `fixtures/packages`.
pub const BASE: &[u8] = include_bytes!("../../fixtures/packages/small-base.bin");

/// What a device makes of a package in pieces of this many bytes.
///
/// # Errors
/// Those of the decoder, which are fine: it must neither panic nor accept a wrong image.
pub fn restore(base: &[u8], package: &[u8], piece: usize) -> Result<Vec<u8>, Error> {
    let restored = attack::plain::restore(base, package, &mut |patcher| {
        package.chunks(piece.max(1)).try_for_each(|piece| patcher.push(piece))
    });
    assert_eq!(restored.result?, sha256(&restored.target), "a wrong image was accepted");
    Ok(restored.target)
}

/// Keeps panics that preflate-rs is known for, and that are caught, from ending a run: the fuzzer's hook would.
pub fn hush_caught() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = take_hook();
        set_hook(Box::new(move |panic| {
            let file = panic.location().map_or("", |location| location.file());
            if !["preflate", "cabac"].iter().any(|name| file.contains(name)) {
                hook(panic);
            }
        }));
    });
}
