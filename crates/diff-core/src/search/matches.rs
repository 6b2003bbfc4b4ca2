//! What the search finds, and how it is set.

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

/// What the search may be told.
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
