//! The index over the base: a suffix array with shortcuts for the start of a search.

use std::cmp::Ordering;
use std::ops::Range;

use libsais::SuffixArrayConstruction;
use thiserror::Error;

use super::compare::common_prefix;
use super::equal::Equal;
use super::grams::GramFilter;
use super::text::Text;

/// A sorted list of all suffixes of the base, or of parts of it, for finding the longest match of any string.
///
/// Takes four to five bytes of memory per byte sorted, and one more if it is only parts.
pub struct Index<'a> {
    base: &'a [u8],
    text: Text<'a>,
    suffixes: Vec<i32>,
    buckets: Buckets,
    grams: GramFilter,
}

/// Why an [`Index`] could not be built.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SearchError {
    /// Positions are stored in 31 bits.
    #[error("the base has {0} bytes, more than the 2 GiB one index can hold")]
    TooLarge(usize),
    /// The suffix array construction ran out of memory or failed otherwise.
    #[error("suffix array construction failed: {0}")]
    Construction(String),
}

/// The outcome of a lookup.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lookup {
    /// Which entry of the suffix array matched; meaningless if `length` is 0.
    pub(super) rank: usize,
    pub(super) length: usize,
}

impl<'a> Index<'a> {
    /// Sorts the suffixes of `base`.
    ///
    /// # Errors
    /// A base of 2 GiB or more, or too little memory.
    pub fn build(base: &'a [u8]) -> Result<Self, SearchError> {
        Self::of(base, Text::whole(base))
    }

    /// Sorts the suffixes outside the `equal` stretches and around their ends; of a large base, at most `eighths` eighths.
    ///
    /// # Errors
    /// What [`Self::build`] says.
    pub fn around(base: &'a [u8], equal: &Equal, eighths: usize) -> Result<Self, SearchError> {
        Self::of(base, equal.text(base, eighths))
    }

    /// Sorts the suffixes of parts of `base`, in ascending order.
    ///
    /// # Errors
    /// What [`Self::build`] says.
    pub fn of_parts(base: &'a [u8], parts: &[Range<usize>]) -> Result<Self, SearchError> {
        Self::of(base, Text::of_parts(base, parts))
    }

    fn of(base: &'a [u8], text: Text<'a>) -> Result<Self, SearchError> {
        let bytes = text.bytes();
        if i32::try_from(bytes.len()).is_err() {
            return Err(SearchError::TooLarge(bytes.len()));
        }
        let (suffixes, (buckets, grams)) = rayon::join(
            || sort_suffixes(bytes),
            || rayon::join(|| Buckets::new(bytes), || GramFilter::build(bytes)),
        );
        Ok(Self { base, suffixes: suffixes?, buckets, grams, text })
    }

    /// Finds the longest prefix of `needle` that occurs in the base, as its position there and its length.
    ///
    /// Of several occurrences any one is returned, but always the same.
    pub fn longest_match(&self, needle: &[u8]) -> (usize, usize) {
        let found = self.search(needle);
        if found.length == 0 {
            return (0, 0);
        }
        (self.position(found.rank), found.length)
    }

    /// Up to `most` places in the base that begin with a long prefix of `needle`, the longest first, each with its
    /// length; those after the first are its neighbours among the sorted suffixes. Prefixes of less than [`BUCKET`] bytes
    /// are not long.
    pub(crate) fn long_matches(&self, needle: &[u8], most: usize, found: &mut Vec<(usize, usize)>) {
        found.clear();
        let bucket = self.bucket(needle, BUCKET);
        let Some(bucket) = bucket.filter(|_| most > 0) else { return };
        let best = self.search_bucket(bucket, BUCKET - 1, needle);
        found.push((self.position(best.rank), best.length));
        let length = |rank: usize| common_prefix(&self.base[self.position(rank)..], needle);
        let (mut below, mut above) = (best.rank, best.rank + 1);
        while found.len() < most {
            let lower = below.checked_sub(1).map_or(0, length);
            let upper = if above < self.len() { length(above) } else { 0 };
            if lower.max(upper) * 2 < best.length {
                return;
            }
            if lower >= upper {
                below -= 1;
                found.push((self.position(below), lower));
            } else {
                found.push((self.position(above), upper));
                above += 1;
            }
        }
    }

    pub(crate) fn base(&self) -> &'a [u8] {
        self.base
    }

    pub(super) fn grams(&self) -> &GramFilter {
        &self.grams
    }

    /// Number of suffixes, which is the number of bytes sorted.
    pub(super) fn len(&self) -> usize {
        self.suffixes.len()
    }

    /// Where in the base the suffix of this rank starts.
    pub(super) fn position(&self, rank: usize) -> usize {
        self.text.base_position(self.place(rank))
    }

    /// The same in the text that was sorted.
    fn place(&self, rank: usize) -> usize {
        self.suffixes[rank] as usize
    }

    /// Like [`Self::longest_match`], but names the suffix by its rank, so that its neighbours can be looked at.
    pub(super) fn search(&self, needle: &[u8]) -> Lookup {
        match self.bucket(needle, BUCKET) {
            Some(bucket) => self.search_bucket(bucket, BUCKET - 1, needle),
            None => match self.bucket(needle, BUCKET - 1) {
                Some(bucket) => self.search_bucket(bucket, BUCKET - 1, needle),
                None => self.search_bucket(0..self.len(), 0, needle),
            },
        }
    }

    fn search_bucket(&self, ranks: Range<usize>, shared: usize, needle: &[u8]) -> Lookup {
        let found = self.search_in(ranks, shared, needle);
        if self.text.is_whole() { found } else { self.beyond_the_part(found, needle) }
    }

    /// What follows a part in the text is not what follows it in the base.
    fn beyond_the_part(&self, found: Lookup, needle: &[u8]) -> Lookup {
        if found.length == 0 {
            return found;
        }
        let inside = self.text.within_part(self.place(found.rank), found.length);
        let base = &self.base[self.position(found.rank) + inside..];
        Lookup { length: inside + common_prefix(&needle[inside..], base), ..found }
    }

    /// The suffixes of the bucket of the first `length` bytes of the needle, two or all of [`BUCKET`], if there are any.
    fn bucket(&self, needle: &[u8], length: usize) -> Option<Range<usize>> {
        let Range { mut start, mut end } = self.buckets.ranks(needle.get(..length)?);
        let belongs = |rank: usize| {
            let suffix = &self.text.bytes()[self.place(rank)..];
            suffix.len() >= length && suffix[..BUCKET - 1] == needle[..BUCKET - 1]
        };
        // A suffix shorter than a bucket's strings sorts before all that start with it, so it is in the bucket before.
        while end > start && !belongs(end - 1) {
            end -= 1;
        }
        while length < BUCKET && start > 0 && belongs(start - 1) {
            start -= 1;
        }
        (end > start).then_some(start..end)
    }

    /// Binary search among suffixes that all share at least `shared` bytes with the needle.
    ///
    /// All suffixes between two that share k bytes with the needle do so too, so no comparison starts before that:
    /// long equal ranges (blank flash, padding) cost no more than others.
    fn search_in(&self, ranks: Range<usize>, shared: usize, needle: &[u8]) -> Lookup {
        let Range { start: mut low, end: mut high } = ranks;
        let (mut low_shared, mut high_shared) = (shared, shared);
        let mut best = Lookup { rank: low, length: 0 };
        let text = self.text.bytes();
        while low < high {
            let middle = low + (high - low) / 2;
            let suffix = &text[self.place(middle)..];
            let known = low_shared.min(high_shared);
            let length = known + common_prefix(&suffix[known..], &needle[known..]);
            if length > best.length {
                best = Lookup { rank: middle, length };
            }
            match suffix.get(length).cmp(&needle.get(length)) {
                _ if length == needle.len() => return best,
                Ordering::Less => (low, low_shared) = (middle + 1, length),
                _ => (high, high_shared) = (middle, length),
            }
        }
        best
    }
}

fn sort_suffixes(base: &[u8]) -> Result<Vec<i32>, SearchError> {
    if base.is_empty() {
        return Ok(Vec::new());
    }
    let sorted = SuffixArrayConstruction::for_text(base).in_owned_buffer32().single_threaded().run();
    sorted.map(|sorted| sorted.into_vec()).map_err(|error| SearchError::Construction(error.to_string()))
}

/// Bytes of the strings that buckets are made of: two, and the upper bits of a third.
const BUCKET: usize = 3;
/// The third byte's bits that count, for texts of more than so many bytes: two to eight
/// bytes of text have an entry of four bytes.
const BITS: [(usize, u32); 3] = [(2 << 20, 5), (1 << 19, 4), (1 << 17, 2)];

/// Where the suffixes begin that start alike.
struct Buckets {
    bits: u32,
    /// For each string, the rank of the first suffix that starts with it or sorts after it.
    starts: Vec<u32>,
}

impl Buckets {
    /// Counts the suffixes that sort before each string.
    fn new(text: &[u8]) -> Self {
        let bits = BITS.iter().find(|(size, _)| text.len() > *size).map_or(0, |&(_, bits)| bits);
        let mut buckets = Self { bits, starts: vec![0; (1 << (16 + bits)) + 1] };
        for string in text.windows(BUCKET) {
            let key = buckets.key(string);
            buckets.starts[key + 1] += 1;
        }
        for short in 1..BUCKET.min(text.len() + 1) {
            let key = buckets.key(&text[text.len() - short..]);
            buckets.starts[key] += 1;
        }
        let mut sum = 0;
        for start in &mut buckets.starts {
            sum += *start;
            *start = sum;
        }
        buckets
    }

    /// The number of a string of up to [`BUCKET`] bytes; of a short one that of the first string that starts with it.
    fn key(&self, string: &[u8]) -> usize {
        let byte = |place: usize| string.get(place).map_or(0, |&byte| usize::from(byte));
        (byte(0) << 8 | byte(1)) << self.bits | byte(2) >> (8 - self.bits)
    }

    /// The suffixes that start like a string of two or three bytes, and after them maybe one or two short ones.
    fn ranks(&self, string: &[u8]) -> Range<usize> {
        let first = self.key(string);
        let last = if string.len() < BUCKET { first + (1 << self.bits) } else { first + 1 };
        self.starts[first] as usize..self.starts[last] as usize
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn longest_by_trying_all(base: &[u8], needle: &[u8]) -> usize {
        (0..base.len()).map(|at| common_prefix(&base[at..], needle)).max().unwrap_or(0)
    }

    fn check(base: &[u8], needle: &[u8]) {
        let (position, length) = Index::build(base).unwrap().longest_match(needle);
        assert_eq!(length, longest_by_trying_all(base, needle), "{base:?} {needle:?}");
        assert_eq!(base[position..position + length], needle[..length]);
    }

    proptest! {
        #[test]
        fn the_longest_match_is_found(
            base in prop::collection::vec(any::<u8>(), 0..300), needle in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            check(&base, &needle);
        }

        #[test]
        fn the_longest_match_is_found_among_many(
            base in prop::collection::vec(0..3u8, 0..300), needle in prop::collection::vec(0..3u8, 0..40),
        ) {
            check(&base, &needle);
        }

        #[test]
        fn a_part_of_the_image_is_found_whole(
            base in prop::collection::vec(253..=255u8, 1..300), from: prop::sample::Index, to: prop::sample::Index,
        ) {
            let (a, b) = (from.index(base.len()), to.index(base.len()));
            let needle = &base[a.min(b)..=a.max(b)];
            prop_assert_eq!(Index::build(&base).unwrap().longest_match(needle).1, needle.len());
        }
    }

    #[test]
    fn the_last_byte_is_a_match_too() {
        check(b"ab", b"b");
        check(b"ab", b"ba");
        check(b"a\x00b", b"b\x00");
    }
}
