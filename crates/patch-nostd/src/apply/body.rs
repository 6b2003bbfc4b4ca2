//! Decodes a whole body at once, for those who check base and target themselves (`docs/format.md`, section 14).

use std::vec;

use super::io::Io;
use super::layout::Layout;
use super::patcher::decode;
use crate::Error;
use crate::entropy::Coder;
use crate::wire::{Codec, Header};

/// Decodes the body that belongs to `header`; only the sizes in it matter, not the digests.
pub(crate) fn decode_body<I: Io>(header: &Header, body: &[u8], io: &mut I) -> Result<(), I::Error> {
    match header.codec {
        Codec::Cm { size, tuning } => {
            let mut memory = vec![0; header.ram as usize + 3];
            let start = memory.as_ptr().align_offset(4);
            let workspace = memory.get_mut(start..).ok_or(Error::WorkspaceTooSmall)?;
            let layout = Layout::new(header, size, tuning, workspace)?;
            let (mut walker, mut decoder) = layout.split(header.body_length);
            let (mut rest, mut done) = (body, false);
            loop {
                let before = rest.len();
                let was_done = done;
                done = decode((&mut walker, &mut decoder), io, &mut rest, u32::MAX, done)?;
                if rest.is_empty() && done {
                    return Ok(decoder.finish()?);
                }
                // Neither input nor events: what is missing does not come any more.
                if rest.len() == before && done == was_done && !decoder.ready() {
                    return Err(Error::Truncated.into());
                }
            }
        }
        #[cfg(feature = "zstd")]
        Codec::Zstd { window_log } => {
            let mut decoder = super::zstd::ZstdBody::new(header, window_log)?;
            decoder.push(body, io)?;
            Ok(decoder.finish()?)
        }
        #[cfg(all(feature = "encode", not(feature = "zstd")))]
        Codec::Zstd { .. } => Err(Error::UnsupportedCodec.into()),
    }
}
