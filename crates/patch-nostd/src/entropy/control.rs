//! Kinds of numbers and control flags: events with a counter of their own in both codecs (`docs/format.md`, section 5.5).

use core::ops::Range;

/// Which number it is: each kind learns on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Number {
    /// Bytes of literals before a cover from the base image.
    LiteralLength = 0,
    /// Bytes of a cover of the base image.
    BaseLength = 1,
    /// How far a cover of the base image is from where the last one would go on.
    BaseSeek = 2,
    /// Bytes of a cover of the target itself.
    TargetLength = 3,
    /// How far back a cover of the target begins.
    TargetDistance = 4,
    /// Landmark: base bytes between it and the one before.
    LandmarkGap = 5,
    /// Landmark: its length.
    LandmarkLength = 6,
    /// Landmark: how its displacement differs from the one before.
    LandmarkShift = 7,
    /// How far a pointer went from where it was expected.
    PointerShift = 8,
    /// The same of a reference in code.
    CodeShift = 9,
}

/// Kinds of numbers.
pub(crate) const NUMBERS: usize = 10;

const _: () = assert!(Number::CodeShift as usize + 1 == NUMBERS);

/// Control flags. Is the operation the next landmark? By the last three answers.
pub(crate) const LANDMARK_FLAGS: Range<usize> = 0..8;
/// Is the cover one of the target? By the last three answers.
pub(crate) const TARGET_FLAGS: Range<usize> = 8..16;
/// Is the displacement this recent one?
pub(crate) const RECENT_FLAGS: Range<usize> = 16..20;
/// Is the distance from the first guess stated? By the reference's class.
pub(crate) const DISTANCE_FLAGS: Range<usize> = 20..25;
/// Has the page another kind? By the last answer.
pub(crate) const KIND_FLAGS: Range<usize> = 25..27;
/// All control flags.
pub(crate) const FLAGS: usize = 27;

const _: () = {
    let flags = [LANDMARK_FLAGS, TARGET_FLAGS, RECENT_FLAGS, DISTANCE_FLAGS, KIND_FLAGS];
    assert!(tile(&flags, FLAGS));
};

/// How many there are of a range.
pub(crate) const fn length(range: &Range<usize>) -> usize {
    range.end - range.start
}

/// Whether each range begins where the one before ends, from zero to `end`.
pub(super) const fn tile(ranges: &[Range<usize>], end: usize) -> bool {
    let (mut next, mut place) = (0, 0);
    while place < ranges.len() && ranges[place].start == next && ranges[place].end > next {
        next = ranges[place].end;
        place += 1;
    }
    place == ranges.len() && next == end
}
