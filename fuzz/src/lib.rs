//! What the fuzz targets share: a device that is given packages, digests and streams.

use std::panic::{set_hook, take_hook};
use std::sync::Once;

use patch_nostd::{Error, Header, Patcher, Sha256, SliceTarget, SoftwareSha256};

/// The base image of targets that need one: the same as in `fixtures/packages`.
pub const BASE: &[u8] = include_bytes!("../../fixtures/packages/small-base.bin");

/// More memory or a larger image than this is no work for a fuzzer.
const RAM_LIMIT: u64 = 4 << 20;
const IMAGE_LIMIT: u32 = 1 << 20;

/// What a device makes of a package in pieces of so many bytes.
///
/// # Errors
/// Those of the decoder, which are fine: it must neither panic nor accept a wrong image.
pub fn restore(base: &[u8], package: &[u8], piece: usize) -> Result<Vec<u8>, Error> {
    let size = match Header::parse(package) {
        Ok((header, _)) if u64::from(header.ram) > RAM_LIMIT || header.target_size > IMAGE_LIMIT => {
            return Err(Error::WorkspaceTooSmall);
        }
        Ok((header, _)) => (header.ram as usize, header.target_size as usize),
        // The patcher must find out for itself.
        Err(_) => (4096, 4096),
    };
    let (ram, image) = size;
    let mut memory = vec![0xA5; ram + 3];
    let start = memory.as_ptr().align_offset(4);
    let workspace = &mut memory[start..start + ram];
    let mut image = vec![0; image];
    let mut patcher = Patcher::new(workspace, base, SliceTarget::new(&mut image));
    package.chunks(piece.max(1)).try_for_each(|piece| patcher.push(piece))?;
    patcher.finish()?;
    Ok(image)
}

/// The SHA-256 of bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut digest = SoftwareSha256::start();
    digest.update(bytes);
    digest.finish()
}

/// A zlib stream of these bytes.
pub fn zlib(plain: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(plain, 6)
}

/// Panics that preflate-rs is known for, and that are caught, end no run: the fuzzer's hook would.
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
