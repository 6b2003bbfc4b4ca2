//! Seeds: exact matches that approximate ones grow from.

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

    /// Old position less new position.
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
