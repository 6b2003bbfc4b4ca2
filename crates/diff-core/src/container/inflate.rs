//! Inflates streams that may turn out not to be ones.

use std::cell::Cell;

use smidgen_patch::internals::container::{Inflater, Source};

pub(crate) struct Inflated {
    pub(crate) packed: usize,
    pub(crate) plain: Vec<u8>,
}

/// The stream at the start of `bytes`, if there is one with at most `limit` plain bytes.
pub(crate) fn inflate(bytes: &[u8], limit: usize) -> Option<Inflated> {
    attempt(bytes, limit).ok()
}

/// The same; of what is no stream, how many bytes were read and made until that was known.
pub(crate) fn attempt(bytes: &[u8], limit: usize) -> Result<Inflated, usize> {
    let (mut source, room) = (bytes, Cell::new(limit as u64));
    let mut inflater = Inflater::new(&mut source, &room);
    let mut plain = Vec::new();
    while let Ok(part) = inflater.fill() {
        let count = part.len();
        if count == 0 {
            break;
        }
        plain.extend_from_slice(part);
        inflater.consume(count);
    }
    let (ended, packed, _) = inflater.progress();
    let packed = packed as usize;
    if ended { Ok(Inflated { packed, plain }) } else { Err(packed + plain.len()) }
}
