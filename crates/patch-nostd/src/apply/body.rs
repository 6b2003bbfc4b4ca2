//! Feeds a body to its decoder: in pieces as they arrive, decrypted, or whole (`docs/format.md`, section 8).

use super::io::Io;
#[cfg(feature = "containers")]
use super::layout::Layout;
use super::operation::Blind;
use super::walker::{Pause, Walker};
use crate::Error;
use crate::entropy::{Coder, RangeDecoder};
use crate::secrecy::{Cipher, decrypt_body};
#[cfg(feature = "containers")]
use crate::wire::{Header, Lane, Lanes};

/// Bytes of body that are decrypted at once: a block of ChaCha20.
const PIECE: usize = 64;

/// Feeds what fits of a piece to the decoder, and decodes about `budget` bytes; true when the target is complete.
pub(super) fn decode<I: Io>(
    walker: &mut Walker<'_>,
    decoder: &mut RangeDecoder<'_>,
    io: &mut I,
    piece: &mut &[u8],
    budget: u32,
    done: bool,
) -> Result<bool, I::Error> {
    let taken = decoder.fill(piece);
    *piece = piece.get(taken..).unwrap_or(&[]);
    if !done && decoder.ready() {
        return Ok(walker.run(decoder, &Blind, io, budget)? == Pause::Done);
    }
    // Bytes after the end of the body.
    if taken == 0 && !piece.is_empty() { Err(Error::TrailingData.into()) } else { Ok(done) }
}

/// Decrypts the start of a piece of the body, of which `taken` bytes have been taken before, and has `take` take what it
/// can of it. The piece is then what is left.
// The buffer is not on the stack while anything is decoded.
#[cfg_attr(not(feature = "std"), inline(never))]
pub(super) fn decrypted<C: Cipher>(
    cipher: &mut Option<C>,
    taken: u32,
    piece: &mut &[u8],
    take: impl FnOnce(&[u8]) -> usize,
) {
    let mut buffer = [0; PIECE];
    // Up to the end of a block, so that none is made twice.
    let part = buffer.get_mut(taken as usize % PIECE..).unwrap_or_default();
    let count = piece.len().min(part.len());
    let part = part.get_mut(..count).unwrap_or_default();
    part.iter_mut().zip(piece.iter()).for_each(|(to, from)| *to = *from);
    decrypt_body(cipher, taken, part);
    let taken = take(part);
    *piece = piece.get(taken..).unwrap_or(&[]);
}

/// Decodes the whole body that belongs to `header`, lane after lane; only the sizes in it matter, not the digests.
#[cfg(feature = "containers")]
pub(crate) fn decode_body<I: Io>(
    header: &Header,
    lanes: &Lanes,
    mut body: &[u8],
    io: &mut I,
) -> Result<(), I::Error> {
    #[cfg(feature = "zstd")]
    if let crate::wire::Codec::Zstd { window_log } = header.codec {
        let mut decoder = super::zstd::ZstdBody::new(header, window_log)?;
        decoder.push(body, io)?;
        return Ok(decoder.finish()?);
    }
    for &lane in lanes.as_slice() {
        let part = body.split_off(..lane.body_length as usize).ok_or(Error::Truncated)?;
        decode_lane(header, lane, part, io)?;
    }
    if body.is_empty() { Ok(()) } else { Err(Error::TrailingData.into()) }
}

/// Decodes a lane of the body that belongs to `header`; `body` is the lane's.
///
/// # Errors
/// Those of the body, and of `io`; [`Error::UnsupportedCodec`] for `zstd`, whose bodies have no lanes.
#[cfg(feature = "containers")]
pub fn decode_lane<I: Io>(header: &Header, lane: Lane, mut body: &[u8], io: &mut I) -> Result<(), I::Error> {
    let mut memory = std::vec![0; header.ram as usize + 3];
    let start = memory.as_ptr().align_offset(4);
    let workspace = memory.get_mut(start..).ok_or(Error::WorkspaceTooSmall)?;
    let layout = Layout::new(header, workspace)?;
    let (mut walker, mut decoder) = layout.split(lane.body_length);
    walker.enter(lane.range());
    let mut done = false;
    loop {
        let (before, was_done) = (body.len(), done);
        done = decode(&mut walker, &mut decoder, io, &mut body, u32::MAX, done)?;
        if body.is_empty() && done {
            return Ok(decoder.finish()?);
        }
        // Neither input nor events: what is missing does not come any more.
        if body.len() == before && done == was_done && !decoder.ready() {
            return Err(Error::Truncated.into());
        }
    }
}
