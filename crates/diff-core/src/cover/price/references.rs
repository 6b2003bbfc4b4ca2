//! Predicts which references of a cover come out right, by where earlier covers moved their targets.

use std::sync::Arc;

use smidgen_patch::header::PageKind;
use smidgen_patch::internals::apply::Source;
use smidgen_patch::internals::refs::{AddressSpace, Class, Reference};

use super::moved::Moved;
use super::prices::Verdict;
use crate::encode::{PAGE, Pages, Placed};
use crate::refs::{KindReferences, PairReferences, bytes};

/// Targets up to this many bytes have their own references told from other bytes in copies of themselves.
const REPEATED: usize = 8_000_000;

/// The references of the base, and where their targets went according to some covers.
pub(crate) struct References<'a> {
    base: &'a [u8],
    target: &'a [u8],
    space: AddressSpace,
    pages: Pages,
    /// For each kind of page in use, the references of the base.
    found: Vec<(PageKind, Arc<KindReferences>)>,
    /// For each kind of code in use, the references of the target, unless it is large.
    repeated: Vec<(PageKind, Arc<KindReferences>)>,
    moved: Moved,
    /// What references taught: old targets and how far they moved, ascending.
    learned: Vec<(u32, i32)>,
}

impl<'a> References<'a> {
    /// What follows from `covers` for the catalogue's image and the target.
    pub(crate) fn new(catalogue: &PairReferences<'a>, pages: Pages, covers: &[Placed]) -> Self {
        let mut references = Self::taught(catalogue, pages, covers, Vec::new());
        references.learn(covers);
        references
    }

    /// The same where what references taught is known: old targets and how far they moved, ascending.
    pub(crate) fn taught(
        catalogue: &PairReferences<'a>,
        pages: Pages,
        covers: &[Placed],
        learned: Vec<(u32, i32)>,
    ) -> Self {
        let (base, target, space) =
            (catalogue.base.image(), catalogue.target.image(), *catalogue.base.space());
        let kinds = pages.kinds.as_slice().iter().filter(|&&kind| kind != PageKind::Bytes);
        let found: Vec<_> = kinds.clone().map(|&kind| (kind, catalogue.base.found(kind))).collect();
        let code = kinds.filter(|kind| kind.is_code() && target.len() <= REPEATED);
        let repeated = code.map(|&kind| (kind, catalogue.target.found(kind))).collect();
        let moved = if found.is_empty() { Moved::default() } else { Moved::new(base.len(), covers) };
        Self { base, target, space, pages, found, repeated, moved, learned }
    }

    /// The verdict on the reference that the decoder finds in a copy from `from` to `to`, and its length.
    pub(crate) fn verdict(&self, source: Source, from: usize, to: usize) -> Option<(Verdict, usize)> {
        match source {
            Source::Base => self.of_base(from, to),
            Source::Target => self.of_target(from, to),
        }
    }

    fn of_base(&self, from: usize, to: usize) -> Option<(Verdict, usize)> {
        let reference = self.at(from, to)?;
        let length = usize::from(reference.length);
        let own = bytes(self.base, from, length)?;
        let actual = bytes(self.target, to, length)?;
        let here = to.wrapping_sub(from) as i32;
        let mut rank = 0;
        let mut last = None;
        let unchanged = if reference.class() == Class::Branch { here } else { 0 };
        for displacement in self.guesses(reference.target, unchanged).into_iter().flatten() {
            if last == Some(displacement) {
                continue;
            }
            last = Some(displacement);
            if self.comes_out(reference, own, actual, to, displacement) {
                return Some((if rank == 0 { Verdict::First } else { Verdict::Later }, length));
            }
            rank += 1;
        }
        Some((Verdict::Wrong, length))
    }

    /// In a copy of the target, what is referred to is in its place already.
    fn of_target(&self, from: usize, to: usize) -> Option<(Verdict, usize)> {
        let found = self.of_page(&self.repeated, to)?;
        let reference = found.at(from).filter(|reference| reference.class() == Class::Branch)?;
        let length = usize::from(reference.length);
        let own = bytes(self.target, from, length)?;
        let actual = bytes(self.target, to, length)?;
        let verdict = if self.comes_out(reference, own, actual, to, 0) {
            Verdict::First
        } else if own == actual {
            Verdict::Later
        } else {
            Verdict::Wrong
        };
        Some((verdict, length))
    }

    /// Whether the reference `own`, copied to `to`, becomes `actual` if its target moved by `displacement`.
    fn comes_out(
        &self,
        reference: &Reference,
        own: [u8; 8],
        actual: [u8; 8],
        to: usize,
        displacement: i32,
    ) -> bool {
        let address = self.space.base_address.wrapping_add(to as u32);
        let guess = reference.target.wrapping_add(displacement as u32);
        let becomes = |extra: u32| {
            let written = Reference { extra, ..*reference }.write(own, address, &self.space, guess);
            written.is_some_and(|written| {
                written[..usize::from(reference.length)] == actual[..usize::from(reference.length)]
            })
        };
        match reference.class() {
            // What the first half becomes is taken for granted: the page, or the nearest multiple of its size.
            Class::Low => becomes(guess & !0xFFF) || becomes(guess.wrapping_add(0x800) & !0xFFF),
            _ => becomes(reference.extra),
        }
    }

    /// The reference that a copy from `from` to `to` meets.
    fn at(&self, from: usize, to: usize) -> Option<&Reference> {
        self.of_page(&self.found, to)?.at(from)
    }

    /// Of what kinds find, what the kind of the page at `to` does.
    fn of_page<'f>(
        &self,
        found: &'f [(PageKind, Arc<KindReferences>)],
        to: usize,
    ) -> Option<&'f KindReferences> {
        let kind = match found {
            [] => return None,
            [(_, only)] if self.pages.kinds.as_slice().len() == 1 => return Some(only),
            _ => self.pages.kinds.get(self.pages.index((to / PAGE) as u32))?,
        };
        found.iter().find(|(known, _)| *known == kind).map(|(_, found)| &**found)
    }

    /// How many bytes a copy from `from` to `to` goes on before the next reference, at most `most`.
    pub(crate) fn free(&self, from: usize, to: usize, most: usize) -> usize {
        let mut free = 0;
        while free < most {
            let page_end = ((to + free) / PAGE + 1) * PAGE - to;
            let limit = page_end.min(most);
            if let Some(found) = self.of_page(&self.found, to + free) {
                let next = found.next(from + free, from + limit) - from;
                if next < limit {
                    return next;
                }
            }
            free = limit;
        }
        most
    }

    /// Where a target of the base probably went.
    pub(crate) fn went(&self, target: u32) -> u32 {
        let displacement = self.guesses(target, 0).into_iter().flatten().next();
        target.wrapping_add(displacement.unwrap_or(0) as u32)
    }

    /// About the guesses that the decoder makes, best first; `unchanged` is the displacement with which bytes stay.
    fn guesses(&self, target: u32, unchanged: i32) -> [Option<i32>; 5] {
        let after = self.learned.partition_point(|&(known, _)| known < target);
        let at = self.learned.get(after);
        let exact = at.filter(|(known, _)| *known == target);
        let below = after.checked_sub(1).and_then(|index| self.learned.get(index));
        let offset = target.wrapping_sub(self.space.base_address) as usize;
        let displacement = |entry: &(u32, i32)| entry.1;
        [
            exact.map(displacement),
            self.moved.at(offset),
            below.map(displacement),
            at.map(displacement),
            Some(unchanged),
        ]
    }

    fn learn(&mut self, covers: &[Placed]) {
        let mut learned: Vec<(u32, i32)> = Vec::new();
        for placed in covers.iter().filter(|placed| placed.is_of_base()) {
            let (start, to, mut at) = (placed.cover.start as usize, placed.at as usize, 0);
            let length = placed.cover.length as usize;
            loop {
                at += self.free(start + at, to + at, length - at);
                let Some(reference) = self.at(start + at, to + at).filter(|_| at < length) else { break };
                if at + usize::from(reference.length) > length {
                    at += 1;
                    continue;
                }
                learned.extend(self.lesson(reference, start + at, to + at));
                at += usize::from(reference.length);
            }
        }
        learned.sort_by_key(|&(target, _)| target);
        // The last one in order of the target, as in the decoder.
        learned.reverse();
        learned.dedup_by_key(|&mut (target, _)| target);
        learned.reverse();
        self.learned = learned;
    }

    /// Where the target of the reference at `from` went, if its copy at `to` still is one and says so by itself.
    fn lesson(&self, reference: &Reference, from: usize, to: usize) -> Option<(u32, i32)> {
        if matches!(reference.class(), Class::High | Class::Low) {
            return None;
        }
        let length = usize::from(reference.length);
        let own = bytes(self.base, from, length)?;
        let actual = bytes(self.target, to, length)?;
        let address = self.space.base_address.wrapping_add(to as u32);
        let went = reference.read(actual, address, &self.space);
        let displacement = went.wrapping_sub(reference.target) as i32;
        let plausible = reference.class() != Class::Pointer || self.space.contains(went);
        let same = plausible && self.comes_out(reference, own, actual, to, displacement);
        same.then_some((reference.target, displacement))
    }
}
