//! What the search finds, and how it is set.

/// One approximate match: `length` bytes of the new image at `new_start` resemble the base image at `old_start`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// First byte in the new image.
    pub new_start: u32,
    /// First byte in the old image.
    pub old_start: u32,
    /// Bytes covered, the same number in both images.
    pub length: u32,
}

/// What the search may be told.
#[derive(Clone, Debug)]
pub struct CoverOptions {
    /// A new cover must win by more than this many equal bytes over carrying on with the last one.
    pub threshold: u32,
    /// Bytes of the new image that are searched as one unit of parallel work.
    ///
    /// It is part of the input: another value may give slightly different covers.
    pub stretch: usize,
}

impl Default for CoverOptions {
    fn default() -> Self {
        Self { threshold: 8, stretch: 1 << 20 }
    }
}
