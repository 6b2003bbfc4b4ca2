//! Which references of the old image a cover would get right, by what is known so far about where things went.

use std::sync::Arc;

use patch_nostd::refs::{AddressSpace, Class, Reference};
use patch_nostd::wire::RegionKind;

use super::prices::Verdict;
use crate::encode::{PAGE, Placed, Regions};
use crate::refs::{Catalogue, Found, bytes};

/// No cover copies this byte of the old image.
const NOWHERE: i32 = i32::MIN;

/// The references of the old image, and where their targets went according to some covers.
pub struct References<'a> {
    old: &'a [u8],
    new: &'a [u8],
    space: AddressSpace,
    regions: Regions,
    /// For each kind of region in use, the references of the old image.
    found: Vec<(RegionKind, Arc<Found>)>,
    /// For each byte of the old image, how far the longest cover that copies it moves it.
    moved: Vec<i32>,
    /// What references taught: old targets and how far they moved, ascending.
    learned: Vec<(u32, i32)>,
}

impl<'a> References<'a> {
    /// What `covers` tell about the catalogue's image and the new one.
    pub fn new(catalogue: &Catalogue<'a>, new: &'a [u8], regions: Regions, covers: &[Placed]) -> Self {
        let (old, space) = (catalogue.old(), *catalogue.space());
        let kinds = regions.kinds.as_slice().iter().filter(|&&kind| kind != RegionKind::Bytes);
        let found: Vec<_> = kinds.map(|&kind| (kind, catalogue.found(kind))).collect();
        let moved = if found.is_empty() { Vec::new() } else { moved(old.len(), covers) };
        let mut references = Self { old, new, space, regions, found, moved, learned: Vec::new() };
        references.learn(covers);
        references
    }

    /// How the reference comes out that the decoder would find in a copy from `base` to `target`, and its length.
    pub fn verdict(&self, base: usize, target: usize) -> Option<(Verdict, usize)> {
        let reference = self.at(base, target)?;
        let length = usize::from(reference.length);
        let own = bytes(self.old, base, length)?;
        let actual = bytes(self.new, target, length)?;
        let here = target.wrapping_sub(base) as i32;
        let mut rank = 0;
        let mut last = None;
        for displacement in self.guesses(reference, here).into_iter().flatten() {
            if last == Some(displacement) {
                continue;
            }
            last = Some(displacement);
            if self.comes_out(reference, (own, actual), target, displacement) {
                return Some((if rank == 0 { Verdict::First } else { Verdict::Later }, length));
            }
            rank += 1;
        }
        Some((Verdict::Wrong, length))
    }

    /// Whether a reference whose target moves so far becomes `actual`.
    fn comes_out(
        &self,
        reference: &Reference,
        (own, actual): ([u8; 8], [u8; 8]),
        target: usize,
        displacement: i32,
    ) -> bool {
        let address = self.space.base_address.wrapping_add(target as u32);
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

    /// The reference that a copy from `base` to `target` meets.
    fn at(&self, base: usize, target: usize) -> Option<&Reference> {
        self.found(target)?.at(base)
    }

    /// What the page at `target` finds.
    fn found(&self, target: usize) -> Option<&Found> {
        let kind = match &self.found[..] {
            [] => return None,
            [(_, only)] if self.regions.kinds.as_slice().len() == 1 => return Some(only),
            _ => self.regions.kinds.get(self.regions.index((target / PAGE) as u32))?,
        };
        self.found.iter().find(|(known, _)| *known == kind).map(|(_, found)| &**found)
    }

    /// How many bytes a copy from `base` to `target` goes on before the next reference, at most `most`.
    pub fn free(&self, base: usize, target: usize, most: usize) -> usize {
        let mut free = 0;
        while free < most {
            let page_end = ((target + free) / PAGE + 1) * PAGE - target;
            let limit = page_end.min(most);
            if let Some(found) = self.found(target + free) {
                let next = found.next(base + free, base + limit) - base;
                if next < limit {
                    return next;
                }
            }
            free = limit;
        }
        most
    }

    /// About the guesses that the decoder makes, best first.
    fn guesses(&self, reference: &Reference, here: i32) -> [Option<i32>; 5] {
        let target = reference.target;
        let after = self.learned.partition_point(|&(known, _)| known < target);
        let at = self.learned.get(after);
        let exact = at.filter(|(known, _)| *known == target);
        let below = after.checked_sub(1).and_then(|index| self.learned.get(index));
        let offset = target.wrapping_sub(self.space.base_address) as usize;
        let moved = self.moved.get(offset).copied().filter(|&moved| moved != NOWHERE);
        let displacement = |entry: &(u32, i32)| entry.1;
        let unchanged = if reference.class() == Class::Branch { here } else { 0 };
        [exact.map(displacement), moved, below.map(displacement), at.map(displacement), Some(unchanged)]
    }

    fn learn(&mut self, covers: &[Placed]) {
        let mut learned: Vec<(u32, i32)> = Vec::new();
        for placed in covers.iter().filter(|placed| placed.is_of_base()) {
            let (start, target, mut at) = (placed.cover.start as usize, placed.at as usize, 0);
            let length = placed.cover.length as usize;
            loop {
                at += self.free(start + at, target + at, length - at);
                let Some(reference) = self.at(start + at, target + at).filter(|_| at < length) else { break };
                if at + usize::from(reference.length) > length {
                    at += 1;
                    continue;
                }
                learned.extend(self.lesson(reference, start + at, target + at));
                at += usize::from(reference.length);
            }
        }
        learned.sort_by_key(|&(target, _)| target);
        // The last one in order of the new image, as in the decoder.
        learned.reverse();
        learned.dedup_by_key(|&mut (target, _)| target);
        learned.reverse();
        self.learned = learned;
    }

    /// Where the target of the reference at `base` went, if its copy at `target` still is one and tells by itself.
    fn lesson(&self, reference: &Reference, base: usize, target: usize) -> Option<(u32, i32)> {
        if matches!(reference.class(), Class::High | Class::Low) {
            return None;
        }
        let length = usize::from(reference.length);
        let own = bytes(self.old, base, length)?;
        let actual = bytes(self.new, target, length)?;
        let address = self.space.base_address.wrapping_add(target as u32);
        let went = reference.read(actual, address, &self.space);
        let displacement = went.wrapping_sub(reference.target) as i32;
        let plausible = reference.class() != Class::Pointer || self.space.contains(went);
        let same = plausible && self.comes_out(reference, (own, actual), target, displacement);
        same.then_some((reference.target, displacement))
    }
}

fn moved(size: usize, covers: &[Placed]) -> Vec<i32> {
    let mut moved = vec![NOWHERE; size];
    let mut sorted: Vec<&Placed> = covers.iter().filter(|placed| placed.is_of_base()).collect();
    sorted.sort_by_key(|placed| (placed.cover.length, placed.at));
    for Placed { at, cover } in sorted {
        let start = cover.start as usize;
        moved[start..start + cover.length as usize].fill(at.wrapping_sub(cover.start) as i32);
    }
    moved
}
