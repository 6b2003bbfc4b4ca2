//! Makes `zstd` bodies: covers and literals through one zstd frame (`docs/format.md`, section 10).

use std::io;

use patch_nostd::internals::wire::Writer;
use zstd::bulk::Compressor;
use zstd::zstd_safe::CParameter;

use super::placed::Placed;

/// The operations that make `target` from `base`, before they are compressed.
///
/// `covers` are in order of `target`, with where each begins there; they copy from the base image, do not overlap in
/// `target` and lie within both images.
pub(crate) fn stream(base: &[u8], target: &[u8], covers: &[Placed]) -> Vec<u8> {
    let mut writer = Writer::default();
    let (mut position, mut expected) = (0, 0);
    for &Placed { at, cover } in covers {
        literals(&mut writer, &target[position..at as usize]);
        let (start, length) = (cover.start as usize, cover.length as usize);
        writer.varint(zigzag(i64::from(cover.start) - expected));
        writer.varint(cover.length);
        position = at as usize + length;
        let pairs = target[at as usize..position].iter().zip(&base[start..start + length]);
        writer.bytes.extend(pairs.map(|(target, base)| target.wrapping_sub(*base)));
        expected = i64::from(cover.start) + i64::from(cover.length);
    }
    if position < target.len() {
        literals(&mut writer, &target[position..]);
    }
    writer.bytes
}

/// One frame of `stream`, whose window has at most 2^`window_log` bytes. The result depends on the arguments only.
///
/// # Errors
/// What libzstd says, such as that there is no memory.
pub(crate) fn body(stream: &[u8], window_log: u8) -> io::Result<Vec<u8>> {
    let mut compressor = Compressor::new(level(stream.len()))?;
    compressor.set_parameter(CParameter::WindowLog(u32::from(window_log)))?;
    compressor.set_parameter(CParameter::EnableLongDistanceMatching(false))?;
    compressor.set_parameter(CParameter::ChecksumFlag(false))?;
    // The size of what is given is pledged by libzstd itself: a short stream gets a window of its own size.
    compressor.compress(stream)
}

/// The best level that takes no more than about ten seconds for 27 MB, on one core.
const fn level(size: usize) -> i32 {
    if size <= 8 << 20 { 22 } else { 19 }
}

fn literals(writer: &mut Writer, bytes: &[u8]) {
    writer.varint(bytes.len() as u32);
    writer.raw(bytes);
}

/// 0, -1, 1, -2, 2 and so on become 0, 1, 2, 3, 4; images are smaller than 2^30.
fn zigzag(value: i64) -> u32 {
    (value << 1 ^ value >> 63) as u32
}
