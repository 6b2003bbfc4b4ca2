//! Inflates streams that may turn out not to be ones.

use std::cell::Cell;

use smidgen_patch::internals::container::compressor::Coder;
use smidgen_patch::internals::container::{Inflater, Source};

pub(crate) struct Inflated {
    pub(crate) packed: usize,
    pub(crate) plain: Vec<u8>,
}

/// Why bytes were not inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotInflated {
    /// How many bytes were read and made until that was known.
    pub(crate) cost: usize,
    /// Whether more plain bytes came out than are allowed; otherwise it is no stream, or not all of one.
    pub(crate) too_large: bool,
}

/// The stream at the start of `bytes`, if there is one with at most `limit` plain bytes.
pub(crate) fn inflate(bytes: &[u8], limit: usize) -> Result<Inflated, NotInflated> {
    let (mut source, room) = (bytes, Cell::new(u64::MAX));
    all_of(Inflater::new(&mut source, &room), limit)
}

/// The same of a stream that another coder takes apart.
pub(crate) fn unpack(coder: Box<dyn Coder>, bytes: &[u8], limit: usize) -> Result<Inflated, NotInflated> {
    let (mut source, room) = (bytes, Cell::new(u64::MAX));
    all_of(Inflater::with(coder, &mut source, &room), limit)
}

fn all_of(mut inflater: Inflater<'_>, limit: usize) -> Result<Inflated, NotInflated> {
    let (mut plain, mut too_large) = (Vec::new(), false);
    while let Ok(part) = inflater.fill() {
        let count = part.len();
        too_large = count > limit - plain.len();
        if count == 0 || too_large {
            break;
        }
        plain.extend_from_slice(part);
        inflater.consume(count);
    }
    let (ended, packed, _) = inflater.progress();
    let packed = packed as usize;
    if ended && !too_large {
        Ok(Inflated { packed, plain })
    } else {
        Err(NotInflated { cost: packed + plain.len(), too_large })
    }
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec;

    use super::*;

    #[test]
    fn what_is_too_large_is_told_from_what_is_damaged() {
        let stream = compress_to_vec(&[7; 100_000], 6);
        let failed = |bytes: &[u8], limit| inflate(bytes, limit).err().map(|error| error.too_large);
        assert_eq!(failed(&stream, 100_000), None);
        assert_eq!(failed(&stream, 99_999), Some(true));
        assert_eq!(failed(&stream, 0), Some(true));
        assert_eq!(failed(&stream[..stream.len() - 1], 100_000), Some(false));
        assert_eq!(failed(&[], 0), Some(false));
    }
}
