//! Inflates streams that may turn out not to be ones.

use patch_nostd::container::{Inflater, Source};

/// A whole stream.
pub(crate) struct Inflated {
    /// Bytes of stream.
    pub(crate) packed: usize,
    /// What is in it.
    pub(crate) plain: Vec<u8>,
}

/// The stream at the start of `bytes`, if there is one with at most `limit` plain bytes.
pub(crate) fn inflate(bytes: &[u8], limit: usize) -> Option<Inflated> {
    let mut source = bytes;
    let mut inflater = Inflater::new(&mut source);
    let mut plain = Vec::new();
    loop {
        let part = inflater.fill().ok()?;
        let count = part.len();
        if count == 0 {
            break;
        }
        if plain.len() + count > limit {
            return None;
        }
        plain.extend_from_slice(part);
        inflater.consume(count);
    }
    let (ended, packed, _) = inflater.progress();
    ended.then_some(Inflated { packed: packed as usize, plain })
}
