//! A base and a target in memory, and the pieces of the target as it grows.

use std::collections::VecDeque;
use std::ops::Range;

use smidgen_patch::Error;
use smidgen_patch::internals::apply::{Io, Operation};

use super::piece::{Cost, Origin, Piece, Source};
use crate::api::Report;
use crate::encode::Placed;
use crate::images::copy_from;

/// The surroundings of a decoder.
pub(super) struct Memory<'a, F> {
    base: &'a [u8],
    pub(super) target: Vec<u8>,
    pub(super) report: Report,
    block: u32,
    /// Covers that are announced and not passed, with where they begin in the target.
    covers: VecDeque<Placed>,
    /// Where the last operation ends.
    end: u32,
    pub(super) receive: F,
}

/// A stretch of the target that is new, or a part of one cover.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) start: u32,
    pub(super) end: u32,
    /// What its first byte is copied from.
    pub(super) source: Option<Source>,
}

impl<'a, F: FnMut(&Piece)> Memory<'a, F> {
    /// `block` is the number of bytes that covers are copied in at once, at least one.
    pub(super) fn new(base: &'a [u8], block: u32, receive: F) -> Self {
        let (report, covers) = (Report::default(), VecDeque::new());
        Self { base, target: Vec::new(), report, block, covers, end: 0, receive }
    }

    /// The beginning of a part of the target, as far as it is of one kind; what is before it has been asked for. What no
    /// operation has laid claim to is new: those of codec `zstd` are announced when their new bytes are there.
    pub(super) fn stretch(&mut self, Range { start, end }: Range<u32>) -> Stretch {
        while self.covers.front().is_some_and(|placed| placed.end() <= start) {
            self.covers.pop_front();
        }
        match self.covers.front() {
            None => Stretch { start, end, source: None },
            Some(placed) if start < placed.at => Stretch { start, end: end.min(placed.at), source: None },
            Some(placed) => {
                let passed = self.passed(placed, start, end);
                let source = Source::new(placed.cover.source, placed.cover.start + passed);
                Stretch { start, end: end.min(placed.end()), source: Some(source) }
            }
        }
    }

    /// How far into the source of a cover its part from `start` on is copied.
    ///
    /// A repeat of what is nearer than the end of its block repeats what it copied, not what it was corrected to; bytes
    /// that may be corrected come one by one.
    fn passed(&self, placed: &Placed, start: u32, end: u32) -> u32 {
        let passed = start - placed.at;
        let distance = placed.at.saturating_sub(placed.cover.start);
        let in_block = passed % self.block;
        if placed.is_of_base() || end - start > 1 || distance == 0 {
            return passed;
        }
        passed - in_block + in_block % distance
    }

    /// Divides a stretch, which has been written, into pieces without costs. Where differences are not `coded`, they
    /// are predictions.
    pub(super) fn divide(&self, stretch: &Stretch, coded: bool, take: impl FnMut(Piece)) {
        divide((self.base, &self.target), stretch, coded, take);
    }
}

/// The same for images in memory, of which the target has been made beyond the stretch.
pub(super) fn divide(
    (base, target): (&[u8], &[u8]),
    stretch: &Stretch,
    coded: bool,
    mut take: impl FnMut(Piece),
) {
    let Stretch { start, end, source } = *stretch;
    let mut piece = |offset: u32, length: u32, origin| {
        let source = source.map(|source| source.behind(offset - start));
        take(Piece { offset, length, origin, source, cost: Cost::default() });
    };
    let Some(from) = source else { return piece(start, end - start, Origin::New) };
    let (source, equal) = match from {
        Source::Base(offset) if offset == start => (part(base, offset, end - start), Origin::Same),
        Source::Base(offset) => (part(base, offset, end - start), Origin::Moved),
        Source::Target(offset) => (part(target, offset, end - start), Origin::Repeat),
    };
    let differing = if coded { Origin::Changed } else { Origin::Predicted };
    let target = part(target, start, end - start);
    let mut at = 0;
    while at < target.len() {
        let is_equal = source.get(at) == target.get(at);
        let same = (at..target.len()).take_while(|&next| (source.get(next) == target.get(next)) == is_equal);
        let length = same.count();
        piece(start + at as u32, length as u32, if is_equal { equal } else { differing });
        at += length;
    }
}

/// Bytes of an image, as many as there are.
fn part(image: &[u8], offset: u32, length: u32) -> &[u8] {
    let start = image.len().min(offset as usize);
    let end = image.len().min(start.saturating_add(length as usize));
    &image[start..end]
}

impl<F: FnMut(&Piece)> Io for Memory<'_, F> {
    type Error = Error;

    fn read_base(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        copy_from(self.base, offset, buffer).ok_or(Error::BaseRead)
    }

    fn read_target(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        copy_from(&self.target, offset, buffer).ok_or(Error::TargetRead)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.target.extend_from_slice(bytes);
        Ok(())
    }

    fn announce(&mut self, operation: Operation) {
        self.report.count(operation);
        let at = self.end + operation.literals;
        self.covers.extend(operation.cover.map(|cover| Placed { at, cover }));
        self.end = at + operation.cover.map_or(0, |cover| cover.length);
    }
}
