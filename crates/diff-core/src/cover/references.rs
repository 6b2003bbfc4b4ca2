//! Which references of the old image a cover would get right, by what is known so far about where things went.

use patch_nostd::apply::{Cover, Source};
use patch_nostd::refs::{AddressSpace, REFERENCE_LENGTH, ReferenceKind};
use patch_nostd::wire::{RegionKind, RegionTable};

use super::prices::Verdict;

/// No cover copies this byte of the old image.
const NOWHERE: i32 = i32::MIN;

/// The references of the old image, and where their targets went according to some covers.
pub struct References<'a> {
    old: &'a [u8],
    new: &'a [u8],
    space: AddressSpace,
    regions: RegionTable,
    /// For each kind of region in use, whether a reference begins at a byte of the old image.
    marks: Vec<(RegionKind, Vec<bool>)>,
    /// For each byte of the old image, how far the longest cover that copies it moves it.
    moved: Vec<i32>,
    /// What references taught: old targets and how far they moved, ascending.
    learned: Vec<(u32, i32)>,
}

impl<'a> References<'a> {
    /// What `covers` tell about the images.
    pub fn new(
        (old, new): (&'a [u8], &'a [u8]),
        space: AddressSpace,
        regions: RegionTable,
        covers: &[(u32, Cover)],
    ) -> Self {
        let mut kinds: Vec<RegionKind> = regions.as_slice().iter().map(|region| region.kind).collect();
        kinds.sort_unstable_by_key(|&kind| kind as u8);
        kinds.dedup();
        kinds.retain(|&kind| kind != RegionKind::Bytes);
        let marks: Vec<_> = kinds.into_iter().map(|kind| (kind, marks(old, kind, &space))).collect();
        let moved = if marks.is_empty() { Vec::new() } else { moved(old.len(), covers) };
        let mut references = Self { old, new, space, regions, marks, moved, learned: Vec::new() };
        references.learn(covers);
        references
    }

    /// How the reference at `base` comes out if it is copied to `target`; nothing if there is none.
    pub fn verdict(&self, base: usize, target: usize) -> Option<Verdict> {
        let kind = self.kind(base, target)?;
        let bytes: [u8; 4] = *self.old.get(base..)?.first_chunk()?;
        let actual: [u8; 4] = *self.new.get(target..)?.first_chunk()?;
        let target_address = self.space.base_address.wrapping_add(target as u32);
        let old_target = kind.read(bytes, self.space.base_address.wrapping_add(base as u32));
        let here = target.wrapping_sub(base) as i32;
        let mut rank = 0;
        let mut last = None;
        for displacement in self.guesses(kind, old_target, here).into_iter().flatten() {
            if last == Some(displacement) {
                continue;
            }
            last = Some(displacement);
            let guess = old_target.wrapping_add(displacement as u32);
            if kind.write(bytes, target_address, guess) == Some(actual) {
                return Some(if rank == 0 { Verdict::First } else { Verdict::Later });
            }
            rank += 1;
        }
        Some(Verdict::Wrong)
    }

    /// The reference that a copy from `base` to `target` meets.
    fn kind(&self, base: usize, target: usize) -> Option<ReferenceKind> {
        if self.marks.is_empty() {
            return None;
        }
        let region = match self.regions.as_slice() {
            [only] => only.kind,
            _ => self.regions.kind_at(target as u32),
        };
        let (_, marks) = self.marks.iter().find(|(kind, _)| *kind == region)?;
        if !marks.get(base).copied().unwrap_or(false) {
            return None;
        }
        let bytes = *self.old.get(base..)?.first_chunk()?;
        ReferenceKind::find(region, bytes, self.space.base_address.wrapping_add(base as u32), &self.space)
    }

    /// About the guesses that the decoder makes, best first.
    fn guesses(&self, kind: ReferenceKind, target: u32, here: i32) -> [Option<i32>; 5] {
        let after = self.learned.partition_point(|&(known, _)| known < target);
        let at = self.learned.get(after);
        let exact = at.filter(|(known, _)| *known == target);
        let below = after.checked_sub(1).and_then(|index| self.learned.get(index));
        let offset = target.wrapping_sub(self.space.base_address) as usize;
        let moved = self.moved.get(offset).copied().filter(|&moved| moved != NOWHERE);
        let displacement = |entry: &(u32, i32)| entry.1;
        let unchanged = if kind.is_relative() { here } else { 0 };
        [exact.map(displacement), moved, below.map(displacement), at.map(displacement), Some(unchanged)]
    }

    fn learn(&mut self, covers: &[(u32, Cover)]) {
        let mut learned: Vec<(u32, i32)> = Vec::new();
        for &(target, cover) in covers.iter().filter(|(_, cover)| cover.source == Source::Base) {
            let (start, target, mut at) = (cover.start as usize, target as usize, 0);
            while at + REFERENCE_LENGTH <= cover.length as usize {
                let Some(kind) = self.kind(start + at, target + at) else {
                    at += 1;
                    continue;
                };
                learned.extend(self.lesson(kind, start + at, target + at));
                at += REFERENCE_LENGTH;
            }
        }
        learned.sort_by_key(|&(target, _)| target);
        // The last one in order of the new image, as in the decoder.
        learned.reverse();
        learned.dedup_by_key(|&mut (target, _)| target);
        learned.reverse();
        self.learned = learned;
    }

    /// Where the target of the reference at `base` went, if its copy at `target` still is one.
    fn lesson(&self, kind: ReferenceKind, base: usize, target: usize) -> Option<(u32, i32)> {
        let bytes = *self.old.get(base..)?.first_chunk()?;
        let actual = *self.new.get(target..)?.first_chunk()?;
        let address = |offset: usize| self.space.base_address.wrapping_add(offset as u32);
        let old_target = kind.read(bytes, address(base));
        let went = kind.read(actual, address(target));
        kind.matches(bytes, actual, &self.space).then_some((old_target, went.wrapping_sub(old_target) as i32))
    }
}

/// Where references begin, none inside of another.
fn marks(old: &[u8], region: RegionKind, space: &AddressSpace) -> Vec<bool> {
    let mut marks = vec![false; old.len()];
    let mut at = 0;
    while let Some(&bytes) = old.get(at..).and_then(|rest| rest.first_chunk()) {
        let found =
            ReferenceKind::find(region, bytes, space.base_address.wrapping_add(at as u32), space).is_some();
        marks[at] = found;
        at += if found { REFERENCE_LENGTH } else { 1 };
    }
    marks
}

fn moved(size: usize, covers: &[(u32, Cover)]) -> Vec<i32> {
    let mut moved = vec![NOWHERE; size];
    let mut sorted: Vec<&(u32, Cover)> =
        covers.iter().filter(|(_, cover)| cover.source == Source::Base).collect();
    sorted.sort_by_key(|(target, cover)| (cover.length, *target));
    for (target, cover) in sorted {
        let start = cover.start as usize;
        moved[start..start + cover.length as usize].fill(target.wrapping_sub(cover.start) as i32);
    }
    moved
}

#[cfg(test)]
mod tests {
    use patch_nostd::wire::Region;

    use super::*;

    #[test]
    fn a_pointer_is_right_where_its_target_went_with_a_cover() {
        let old: Vec<u8> = [100u32, 300, 7].iter().flat_map(|word| word.to_le_bytes()).collect();
        let old = [old, vec![1; 500]].concat();
        let new: Vec<u8> = [110u32, 300, 7].iter().flat_map(|word| word.to_le_bytes()).collect();
        let new = [new, vec![1; 510]].concat();
        let space = AddressSpace { image_size: old.len() as u32, ..AddressSpace::default() };
        let regions = RegionTable::new(&[Region { kind: RegionKind::Words, end: 522 }]).unwrap();
        let moved = Cover { source: Source::Base, start: 50, length: 100 };
        let references = References::new((&old, &new), space, regions, &[(60, moved)]);
        assert_eq!(references.verdict(0, 0), Some(Verdict::First));
        assert_eq!(references.verdict(4, 4), Some(Verdict::First));
        assert_eq!(references.verdict(4, 0), Some(Verdict::Wrong));
        assert_eq!(references.verdict(1, 1), None);
    }
}
