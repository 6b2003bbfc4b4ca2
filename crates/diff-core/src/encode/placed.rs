//! A cover at its place in the target.

use patch_nostd::internals::apply::{Cover, Source};

/// A cover, and where it begins in the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Offset of its first byte in the target.
    pub at: u32,
    /// What it copies.
    pub cover: Cover,
}

impl Placed {
    /// A cover of the base.
    pub const fn of_base(at: u32, start: u32, length: u32) -> Self {
        Self { at, cover: Cover { source: Source::Base, start, length } }
    }

    /// Offset in the target, one past its last byte.
    pub const fn end(&self) -> u32 {
        self.at + self.cover.length
    }

    /// Offset in the target less offset in the source.
    pub fn displacement(&self) -> i64 {
        i64::from(self.at) - i64::from(self.cover.start)
    }

    /// Whether it copies from the base, not from the target itself.
    pub fn is_of_base(&self) -> bool {
        self.cover.source == Source::Base
    }
}
