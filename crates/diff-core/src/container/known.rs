//! Streams that were made again once, by the device's own code: the proof of another package need not do it again.
//!
//! What comes out depends on the plain bytes and the corrections only, those of all pieces of the stream so far. A SHA-256
//! of these says that they are the same.

use std::cell::RefCell;
use std::collections::HashMap;

use sha2::{Digest, Sha256};
use smidgen_patch::Error;
use smidgen_patch::container::{InProcess, Maker};

use super::found::Found;
use crate::proof::Makers;

/// What a piece was made of, with the pieces before it.
type Key = [u8; 32];

/// A piece that was made, and of what.
#[derive(Debug)]
pub(crate) struct Made {
    key: Key,
    stream: Vec<u8>,
}

/// Makes a stream piece by piece, and keeps what it made.
pub(super) struct Making {
    maker: InProcess,
    last: Key,
    pub(super) made: Vec<Made>,
}

/// All pieces that were made of chosen streams, for a proof.
pub(super) struct Known<'a> {
    pieces: HashMap<Key, &'a [u8]>,
}

/// Hands out what is known in place of making it.
struct Remembering<'a> {
    known: &'a Known<'a>,
    /// The last keys of the streams that have begun.
    streams: RefCell<Vec<Key>>,
}

impl Making {
    pub(super) fn new() -> Option<Self> {
        let maker = InProcess::default();
        maker.begin().ok()?;
        Some(Self { maker, last: Key::default(), made: Vec::new() })
    }

    /// Whether the next piece comes out as it was.
    pub(super) fn piece(&mut self, plain: &[u8], corrections: &[u8], stream: &[u8]) -> bool {
        let made = self.maker.piece(plain, corrections, stream.len() as u32);
        if made.as_deref() != Ok(stream) {
            return false;
        }
        self.last = key(&self.last, plain, corrections);
        self.made.push(Made { key: self.last, stream: stream.to_vec() });
        true
    }
}

impl<'a> Known<'a> {
    pub(super) fn new(found: &'a [Found]) -> Self {
        let mut pieces = HashMap::new();
        let mut rest: Vec<&Found> = found.iter().collect();
        while let Some(found) = rest.pop() {
            pieces.extend(found.made().iter().map(|made| (made.key, &*made.stream)));
            rest.extend(&found.inside);
        }
        Self { pieces }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }
}

impl Makers for Known<'_> {
    fn maker(&self) -> Box<dyn Maker + '_> {
        Box::new(Remembering { known: self, streams: RefCell::default() })
    }
}

impl Maker for Remembering<'_> {
    fn begin(&self) -> Result<(), Error> {
        self.streams.borrow_mut().push(Key::default());
        Ok(())
    }

    /// What is not known is refused: the package is then proved without this.
    fn piece(&self, plain: &[u8], corrections: &[u8], room: u32) -> Result<Vec<u8>, Error> {
        let mut streams = self.streams.borrow_mut();
        let last = streams.last_mut().ok_or(Error::Corrupt)?;
        *last = key(last, plain, corrections);
        let stream = *self.known.pieces.get(last).ok_or(Error::Corrupt)?;
        if stream.len() <= room as usize { Ok(stream.to_vec()) } else { Err(Error::Corrupt) }
    }

    fn end(&self) -> Result<(), Error> {
        self.streams.borrow_mut().pop();
        Ok(())
    }
}

fn key(last: &Key, plain: &[u8], corrections: &[u8]) -> Key {
    let length = (corrections.len() as u64).to_le_bytes();
    let parts: [&[u8]; 4] = [last, &length, corrections, plain];
    parts.into_iter().fold(Sha256::new(), Sha256::chain_update).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_made_is_known() {
        let (first, second) = (Made { key: key(&[0; 32], b"a", b"x"), stream: b"A".to_vec() }, b"ax");
        let known = Known {
            pieces: HashMap::from([
                (first.key, &*first.stream),
                (key(&first.key, b"b", b""), second.as_slice()),
            ]),
        };
        let maker = known.maker();
        assert_eq!(maker.piece(b"a", b"x", 9), Err(Error::Corrupt), "nothing has begun");
        maker.begin().unwrap();
        assert_eq!(maker.piece(b"a", b"x", 9).unwrap(), b"A");
        // A stream in a stream begins anew, and the outer one goes on.
        maker.begin().unwrap();
        assert_eq!(maker.piece(b"b", b"", 9), Err(Error::Corrupt));
        maker.end().unwrap();
        assert_eq!(maker.piece(b"b", b"", 1), Err(Error::Corrupt), "no room");
        let maker = known.maker();
        maker.begin().unwrap();
        maker.piece(b"a", b"x", 1).unwrap();
        assert_eq!(maker.piece(b"b", b"", 2).unwrap(), second);
        let other = known.maker();
        other.begin().unwrap();
        assert_eq!(other.piece(b"ax", b"", 9), Err(Error::Corrupt), "lengths count");
    }
}
