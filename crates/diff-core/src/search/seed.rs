//! Seeds: exact matches that approximate ones grow from.

/// An exact match that a cover grows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seed {
    pub(super) new_start: usize,
    pub(super) old_start: usize,
    pub(super) length: usize,
}

impl Seed {
    /// One past the last byte in the new image.
    pub(super) fn end(&self) -> usize {
        self.new_start + self.length
    }

    /// Old position less new position.
    pub(super) fn displacement(&self) -> isize {
        self.old_start as isize - self.new_start as isize
    }

    /// The same but for its first bytes.
    pub(super) fn without(&self, bytes: usize) -> Self {
        Self {
            new_start: self.new_start + bytes,
            old_start: self.old_start + bytes,
            length: self.length - bytes,
        }
    }
}
