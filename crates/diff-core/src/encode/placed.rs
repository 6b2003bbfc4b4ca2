//! A cover at its place in the target.

use smidgen_patch::internals::apply::{Cover, Source};

use crate::images::Images;
use crate::search::Match;

/// A cover, and where it begins in the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// Offset of its first byte in the target.
    pub(crate) at: u32,
    pub(crate) cover: Cover,
}

impl From<&Match> for Placed {
    fn from(found: &Match) -> Self {
        Self::of_base(found.target_start, found.base_start, found.length)
    }
}

impl Placed {
    pub(crate) const fn of_base(at: u32, start: u32, length: u32) -> Self {
        Self { at, cover: Cover { source: Source::Base, start, length } }
    }

    /// Offset in the target, one past its last byte.
    pub(crate) const fn end(&self) -> u32 {
        self.at + self.cover.length
    }

    /// Offset in the target less offset in the source.
    pub(crate) fn displacement(&self) -> i64 {
        i64::from(self.at) - i64::from(self.cover.start)
    }

    /// Whether it copies from the base, not from the target itself.
    pub(crate) fn is_of_base(&self) -> bool {
        self.cover.source == Source::Base
    }

    /// What a cover of the base copies, and what the target has in its place.
    pub(crate) fn bytes<'a>(&self, images: Images<'a>) -> Images<'a> {
        let length = self.cover.length as usize;
        Images {
            base: &images.base[self.cover.start as usize..][..length],
            target: &images.target[self.at as usize..][..length],
        }
    }

    /// How many bytes of the target differ from what a cover of the base copies.
    pub(crate) fn changes(&self, images: Images) -> u32 {
        let Images { base, target } = self.bytes(images);
        base.iter().zip(target).filter(|(base, target)| base != target).count() as u32
    }
}
