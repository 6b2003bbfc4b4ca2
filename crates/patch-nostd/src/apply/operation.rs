//! Operations (literals, then a cover), and the oracle that an encoder answers by (`docs/format.md`, section 4.2).

use crate::Error;
use crate::refs::Landmark;
use crate::state::{State, Transfer, state};

/// Where a cover copies from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The base image.
    #[default]
    Base,
    /// The target, where it has been written already.
    Target,
}

impl State for Source {
    fn transfer<T: Transfer>(&mut self, transfer: &mut T) -> Result<(), Error> {
        let mut from_target = *self == Self::Target;
        from_target.transfer(transfer)?;
        *self = if from_target { Self::Target } else { Self::Base };
        Ok(())
    }
}

/// A stretch of the target that resembles another place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cover {
    /// Where it copies from.
    pub source: Source,
    /// First byte copied, in the source.
    pub start: u32,
    /// Bytes, at least one.
    pub length: u32,
}

state!(Cover: source, start, length);

/// What happens next: some literals, then a cover, which only the last operation may lack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operation {
    /// Bytes that are coded as they are.
    pub literals: u32,
    /// What is copied after them.
    pub cover: Option<Cover>,
}

state!(Operation: literals, cover);

#[cfg(feature = "flash")]
impl Operation {
    /// Bytes of its cover.
    pub(super) fn cover_length(&self) -> u64 {
        self.cover.map_or(0, |cover| cover.length.into())
    }

    /// Whether the source of its cover is within the base or the target, which have these sizes.
    pub(super) fn is_within(&self, (base, target): (u32, u32)) -> bool {
        self.cover.is_none_or(|cover| match cover.source {
            Source::Base => fits(cover.start, cover.length, base),
            Source::Target => fits(cover.start, cover.length, target),
        })
    }
}

/// What an encoder knows and a decoder decodes.
pub trait Oracle {
    /// Whether the answers mean anything; a decoder's do not, and nothing is derived from them.
    const KNOWS: bool = true;
    /// The operation that begins at `offset` of the target.
    fn operation(&self, offset: u32) -> Operation;
    /// The landmark of this index, in order of the base.
    fn landmark(&self, index: u32) -> Landmark;
    /// The index, in the header's list, of the kind of a page of the target.
    fn kind(&self, page: u32) -> usize;
    /// The target's byte.
    fn byte(&self, offset: u32) -> u8;
    /// Whether a reference may begin at `offset` of the base in a page of this kind, which is an index as above.
    ///
    /// A trial that looks at the same image again and again answers from a table what the walk would find out itself.
    fn may_refer(&self, _kind: usize, _offset: u32) -> bool {
        true
    }
}

/// The decoder's oracle, whose answers mean nothing.
#[derive(Debug)]
pub struct Blind;

impl Oracle for Blind {
    const KNOWS: bool = false;

    fn operation(&self, _offset: u32) -> Operation {
        Operation { literals: 0, cover: None }
    }

    fn landmark(&self, _index: u32) -> Landmark {
        Landmark { base: 0, target: 0, length: 0 }
    }

    fn kind(&self, _page: u32) -> usize {
        0
    }

    fn byte(&self, _offset: u32) -> u8 {
        0
    }
}

/// Whether `length` bytes (at least one) from `start` lie within `size`.
pub(super) fn fits(start: u32, length: u32, size: u32) -> bool {
    length > 0 && start.checked_add(length).is_some_and(|end| end <= size)
}
