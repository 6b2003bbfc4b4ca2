//! What the search finds: exact seeds, approximate matches; and its parameters.

/// One approximate match: `length` bytes of the target at `target_start` resemble the base image at `base_start`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// First byte in the target.
    pub target_start: u32,
    /// First byte in the base.
    pub base_start: u32,
    /// Bytes covered, the same number in both images.
    pub length: u32,
}

/// Parameters of the search.
#[derive(Clone, Debug)]
pub struct SearchOptions {
    /// A new cover must win by more than this many equal bytes over carrying on with the last one.
    pub threshold: u32,
    /// Bytes of the target that are searched as one unit of parallel work.
    ///
    /// It is part of the input: another value may give slightly different covers.
    pub stretch: usize,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self { threshold: 8, stretch: 1 << 20 }
    }
}

/// An exact match that a cover grows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seed {
    pub(super) target_start: usize,
    pub(super) base_start: usize,
    pub(super) length: usize,
}

impl Seed {
    /// One past the last byte in the target.
    pub(super) fn end(&self) -> usize {
        self.target_start + self.length
    }

    /// Base position less target position.
    pub(super) fn displacement(&self) -> isize {
        self.base_start as isize - self.target_start as isize
    }

    /// The same but for its first bytes.
    pub(super) fn without(&self, bytes: usize) -> Self {
        Self {
            target_start: self.target_start + bytes,
            base_start: self.base_start + bytes,
            length: self.length - bytes,
        }
    }
}
