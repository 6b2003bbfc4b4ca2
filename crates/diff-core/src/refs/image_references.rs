//! The references of both images, looked for once for each kind of page.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;
use smidgen_patch::header::PageKind;
use smidgen_patch::internals::refs::{AddressSpace, Class, Halves, Reference, Steps, VIEW, View};

use crate::images::Images;

/// Bytes that are looked through on their own, so that several threads can, and only where something is asked for.
const STRETCH: usize = 1 << 16;
/// Bytes before a stretch in which a walk gets into step with instructions and sees what they put into registers.
const BEFORE: usize = 256;

/// The references of both images.
pub(crate) struct PairReferences<'a> {
    pub(crate) base: ImageReferences<'a>,
    /// As the base's are sought: copies of the target find them there.
    pub(crate) target: ImageReferences<'a>,
}

/// What each kind of page finds in an image, kept from the first time that it is asked for.
pub(crate) struct ImageReferences<'a> {
    image: &'a [u8],
    space: AddressSpace,
    kinds: Vec<Kind<'a>>,
}

/// What one kind finds.
#[derive(Clone, Default)]
struct Kind<'a> {
    found: OnceLock<Arc<KindReferences>>,
    starts: OnceLock<Arc<Starts<'a>>>,
}

/// Where references begin: also those that only matter where a walk meets them. Each stretch is looked through when it is
/// first asked for: a trial that passes over most of an image asks for little.
pub(crate) struct Starts<'a> {
    image: &'a [u8],
    kind: PageKind,
    space: AddressSpace,
    stretches: Vec<OnceLock<Marks>>,
}

/// The references of an image for one kind of page, none inside of another.
#[derive(Debug)]
pub(crate) struct KindReferences {
    /// Where references begin that are kept.
    kept: Marks,
    /// Those that are kept, in order.
    references: Vec<Reference>,
    /// Where all begin, by stretches.
    starts: Vec<Marks>,
}

/// A bit for each byte of an image.
#[derive(Clone, Debug, Default)]
struct Marks {
    bits: Vec<u64>,
    /// For each element of `bits`, how many are set before it.
    ranks: Vec<u32>,
}

impl<'a> PairReferences<'a> {
    /// None is looked for yet.
    pub(crate) fn new(images: Images<'a>, space: AddressSpace) -> Self {
        let Images { base, target } = images;
        Self { base: ImageReferences::new(base, space), target: ImageReferences::new(target, space) }
    }
}

impl<'a> ImageReferences<'a> {
    fn new(image: &'a [u8], space: AddressSpace) -> Self {
        Self { image, space, kinds: vec![Kind::default(); usize::from(u8::MAX) + 1] }
    }

    pub(crate) fn image(&self) -> &'a [u8] {
        self.image
    }

    pub(crate) fn space(&self) -> &AddressSpace {
        &self.space
    }

    pub(crate) fn found(&self, kind: PageKind) -> Arc<KindReferences> {
        let look = || Arc::new(KindReferences::new(self.image, kind, &self.space));
        self.kinds[usize::from(kind.number())].found.get_or_init(look).clone()
    }

    /// Where the references of pages of `kind` begin: the same whether or not [`Self::found`] was asked before.
    pub(crate) fn starts(&self, kind: PageKind) -> Arc<Starts<'a>> {
        let Kind { found, starts } = &self.kinds[usize::from(kind.number())];
        let look = || {
            let stretches = match found.get() {
                Some(found) => found.starts.iter().cloned().map(OnceLock::from).collect(),
                None => stretches(self.image, kind).map(|_| OnceLock::new()).collect(),
            };
            Arc::new(Starts { image: self.image, kind, space: self.space, stretches })
        };
        starts.get_or_init(look).clone()
    }
}

/// The stretches of an image; none for bytes, which have no references.
fn stretches(image: &[u8], kind: PageKind) -> impl Iterator<Item = Range<usize>> {
    let size = if kind == PageKind::Bytes { 0 } else { image.len() };
    (0..size).step_by(STRETCH).map(move |start| start..size.min(start + STRETCH))
}

/// Calls `note` for each reference that a walk through `range` of an image meets, with where it begins.
fn find(
    image: &[u8],
    range: Range<usize>,
    kind: PageKind,
    space: &AddressSpace,
    mut note: impl FnMut(usize, &Reference),
) {
    let mut halves = Halves::default();
    let mut steps = Steps::default();
    let mut at = range.start.saturating_sub(BEFORE);
    while at < range.end {
        let address = space.base_address.wrapping_add(at as u32);
        let view = View::new(&image[at..image.len().min(at + VIEW)], address, steps.inside(address));
        let found = Reference::find(kind, &view, space, &halves);
        found.iter().filter(|_| at >= range.start).for_each(|reference| note(at, reference));
        let Some(reference) = found.filter(|found| found.class() != Class::Near) else {
            steps.byte(kind, address, image[at], image.get(at + 1).copied().unwrap_or(0));
            at += 1;
            continue;
        };
        let length = usize::from(reference.length);
        let Some(own) = bytes(image, at, length) else { break };
        reference.effect((own, address), (own, address)).into_iter().for_each(|effect| halves.take(effect));
        at += length;
        steps.begin(space.base_address.wrapping_add(at as u32));
    }
}

impl Starts<'_> {
    /// Whether some reference begins at `offset`.
    #[inline]
    pub(crate) fn begins(&self, offset: usize) -> bool {
        let index = offset / STRETCH;
        let Some(stretch) = self.stretches.get(index) else { return false };
        stretch.get_or_init(|| self.look(index)).get(offset % STRETCH)
    }

    #[cold]
    fn look(&self, index: usize) -> Marks {
        let start = index * STRETCH;
        let range = start..self.image.len().min(start + STRETCH);
        let mut marks = Marks::of(range.len());
        find(self.image, range, self.kind, &self.space, |at, _| marks.set(at - start));
        marks
    }
}

impl KindReferences {
    fn new(image: &[u8], kind: PageKind, space: &AddressSpace) -> Self {
        let look = |range: Range<usize>| {
            let (start, mut references) = (range.start, Vec::new());
            let (mut kept, mut all) = (Marks::of(range.len()), Marks::of(range.len()));
            find(image, range, kind, space, |at, reference| {
                all.set(at - start);
                if reference.class() != Class::Near && at + usize::from(reference.length) <= image.len() {
                    kept.set(at - start);
                    references.push(*reference);
                }
            });
            (kept, references, all)
        };
        let ranges: Vec<Range<usize>> = stretches(image, kind).collect();
        let found: Vec<(Marks, Vec<Reference>, Marks)> = ranges.into_par_iter().map(look).collect();
        let mut all = Self { kept: Marks::default(), references: Vec::new(), starts: Vec::new() };
        for (kept, references, starts) in found {
            all.kept.bits.extend(kept.bits);
            all.references.extend(references);
            all.starts.push(starts);
        }
        all.kept.count();
        all
    }

    /// The reference that begins at `offset`, unless it only matters where a walk meets it.
    pub(crate) fn at(&self, offset: usize) -> Option<&Reference> {
        if self.kept.get(offset) { self.references.get(self.kept.rank(offset)) } else { None }
    }

    /// Where the first reference of [`Self::at`] from `offset` on begins, but no more than `limit`.
    pub(crate) fn next(&self, offset: usize, limit: usize) -> usize {
        self.kept.next(offset, limit)
    }
}

impl Marks {
    fn of(size: usize) -> Self {
        Self { bits: vec![0; size.div_ceil(64)], ranks: Vec::new() }
    }

    fn set(&mut self, place: usize) {
        self.bits[place / 64] |= 1 << (place % 64);
    }

    #[inline]
    fn get(&self, place: usize) -> bool {
        self.bits.get(place / 64).is_some_and(|bits| bits >> (place % 64) & 1 != 0)
    }

    /// The first place from `place` on that is set, but no more than `limit`.
    fn next(&self, place: usize, limit: usize) -> usize {
        let mut word = place / 64;
        let mut bits = self.bits.get(word).map_or(0, |bits| bits >> (place % 64) << (place % 64));
        while bits == 0 {
            word += 1;
            match self.bits.get(word) {
                Some(next) if word * 64 < limit => bits = *next,
                _ => return limit,
            }
        }
        limit.min(word * 64 + bits.trailing_zeros() as usize)
    }

    fn count(&mut self) {
        let ranks = self.bits.iter().scan(0, |sum, bits| {
            let before = *sum;
            *sum += bits.count_ones();
            Some(before)
        });
        self.ranks = ranks.collect();
    }

    /// How many places before this one are set.
    fn rank(&self, place: usize) -> usize {
        let before = self.bits[place / 64] & ((1 << (place % 64)) - 1);
        (self.ranks[place / 64] + before.count_ones()) as usize
    }
}

/// `length` bytes from `at`, then zeros.
pub(crate) fn bytes(image: &[u8], at: usize, length: usize) -> Option<[u8; 8]> {
    let mut bytes = [0; 8];
    bytes[..length].copy_from_slice(image.get(at..at + length)?);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_points_into_the_image_is_found_at_its_place() {
        let words: Vec<u32> =
            (0..600).map(|index| if index % 7 == 0 { 0x1000 + index } else { u32::MAX }).collect();
        let image: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let space =
            AddressSpace { base_address: 0x1000, image_size: image.len() as u32, ..AddressSpace::default() };
        let references = ImageReferences::new(&image, space);
        let found = references.found(PageKind::POINTERS);
        for (offset, _) in image.iter().enumerate() {
            let expected = (offset % 28 == 0).then(|| words[offset / 4]);
            assert_eq!(found.at(offset).map(|reference| reference.target), expected);
            assert_eq!(references.starts(PageKind::POINTERS).begins(offset), expected.is_some());
            assert_eq!(found.next(offset, image.len()), offset.next_multiple_of(28).min(image.len()));
        }
    }

    #[test]
    fn stretches_are_found_alike_on_their_own() {
        let image: Vec<u8> =
            (0..3 * STRETCH as u32 + 77).map(|i| ((i.wrapping_mul(i) >> 7) ^ (i / 3)) as u8).collect();
        let space = AddressSpace { image_size: 1 << 24, ..AddressSpace::default() };
        for kind in PageKind::CODE.iter().copied().chain([PageKind::Bytes]) {
            let (one, other) = (ImageReferences::new(&image, space), ImageReferences::new(&image, space));
            one.found(kind);
            let mut count = 0;
            for offset in 0..image.len() + 9 {
                assert_eq!(one.starts(kind).begins(offset), other.starts(kind).begins(offset));
                count += usize::from(one.starts(kind).begins(offset));
            }
            assert_eq!(count > 10, kind != PageKind::Bytes, "{count}");
        }
    }
}
