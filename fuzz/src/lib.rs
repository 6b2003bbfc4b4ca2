//! What the fuzz targets share: a device that is given packages.

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
