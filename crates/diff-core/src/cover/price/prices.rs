//! What the models charge, about: one table of prices, either defaults or learned.

/// Prices are in 1/256 bit.
pub(crate) const BIT: u32 = 256;
/// A literal: what the models leave of bytes that match nothing, before anything is learned.
pub(crate) const LITERAL: u32 = 27 * BIT / 4;
/// Sizes of numbers: the position of the highest bit of a number plus one.
const SIZES: usize = 32;
/// Classes of what was copied just before, see [`class`].
pub(crate) const CLASSES: usize = 6;
/// The history that a cover begins with, see [`class`]: a change some bytes ago.
pub(crate) const FRESH: u32 = 1 << 6;
/// The weight of the default distribution of sizes against observations, in numbers.
const PRIOR: u64 = 12;

/// How a prediction of a reference comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    First,
    Later,
    /// None is: the bytes are coded one by one as well.
    Wrong,
}

/// What one kind of number costs by its size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NumberPrices {
    by_size: [u32; SIZES],
    /// The most frequent size by default.
    middle: usize,
}

/// How much dearer or cheaper than observed something is taken to be, in eighths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub(crate) literals: u32,
    /// Everything that operations say.
    pub(crate) operations: u32,
    pub(crate) changes: u32,
}

/// How often the sizes of one kind of number came.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sizes([u32; SIZES]);

#[derive(Clone, Debug)]
pub(crate) struct Prices {
    pub(crate) literal: [u32; 256],
    pub(crate) literals: NumberPrices,
    /// Bytes of a cover of the base, and of the target.
    pub(crate) lengths: [NumberPrices; 2],
    pub(crate) seek: NumberPrices,
    pub(crate) distance: NumberPrices,
    /// A cover of the base, and of the target.
    pub(crate) source: [u32; 2],
    /// A displacement that is one of the four recent ones, by place; last, one that is not.
    pub(crate) recent: [u32; 5],
    /// A copied byte that is unchanged, by class.
    pub(crate) same: [u32; CLASSES],
    /// That a copied byte is changed, by class.
    pub(crate) changed: [u32; CLASSES],
    /// By how much, by the difference.
    pub(crate) difference: [u32; 256],
    /// The same where the difference is the one seen in such surroundings the last time.
    pub(crate) again: u32,
    pub(crate) reference: [u32; 3],
}

impl Default for Prices {
    /// What was seen on average over images of all kinds; learned prices replace them where that is affordable.
    fn default() -> Self {
        let sizes = NumberPrices::around;
        Self {
            literal: [LITERAL; 256],
            literals: sizes(1),
            lengths: [sizes(4), sizes(2)],
            seek: sizes(12),
            distance: sizes(11),
            source: [BIT / 2, 2 * BIT],
            recent: [2 * BIT, 3 * BIT, 4 * BIT, 5 * BIT, BIT],
            same: [BIT, BIT / 2, BIT / 3, BIT / 6, BIT / 12, BIT / 40],
            changed: [BIT, BIT, 2 * BIT, 3 * BIT, 4 * BIT, 5 * BIT],
            difference: std::array::from_fn(|difference| usual(difference as u8)),
            again: 3 * BIT,
            reference: [BIT / 2, 4 * BIT, 18 * BIT],
        }
    }
}

/// Small differences are more frequent than large ones.
const fn usual(difference: u8) -> u32 {
    match (difference as i8).unsigned_abs() {
        0..=4 => 6 * BIT,
        5..=16 => 7 * BIT,
        _ => 17 * BIT / 2,
    }
}

impl NumberPrices {
    /// Default prices: sizes about `middle` are the most frequent.
    fn around(middle: usize) -> Self {
        Sizes::default().prices(middle)
    }

    pub(crate) fn of(&self, number: u32) -> u32 {
        self.by_size[size(number)]
    }

    pub(crate) fn learned(&self, sizes: &Sizes) -> Self {
        sizes.prices(self.middle)
    }
}

impl Prices {
    /// The same with literals, operations and changed bytes dearer or cheaper.
    pub(crate) fn scaled(mut self, scale: Scale) -> Self {
        let Scale { literals, operations, changes } = scale;
        let of = |prices: &mut [u32], eighths: u32| {
            prices.iter_mut().for_each(|price| *price = *price * eighths / 8)
        };
        of(&mut self.literal, literals);
        let numbers = [&mut self.literals, &mut self.seek, &mut self.distance];
        for numbers in numbers.into_iter().chain(&mut self.lengths) {
            of(&mut numbers.by_size, operations);
        }
        of(&mut self.source, operations);
        of(&mut self.recent, operations);
        of(&mut self.changed, changes);
        of(&mut self.difference, changes);
        of(std::slice::from_mut(&mut self.again), changes);
        self
    }
}

impl Sizes {
    pub(crate) fn count(&mut self, number: u32) {
        self.0[size(number)] += 1;
    }

    /// Prices by frequency, with the default distribution as the prior.
    fn prices(&self, middle: usize) -> NumberPrices {
        let weights: u64 = (0..SIZES).map(|size| weight(size, middle)).sum();
        let count = |size: usize| u64::from(self.0[size]) * weights + PRIOR * weight(size, middle);
        let sum = (0..SIZES).map(count).sum();
        let by_size = std::array::from_fn(|size| price(count(size), sum) + size as u32 * BIT);
        NumberPrices { by_size, middle }
    }
}

/// The default frequency of a size: a quarter less for each step away from the middle.
fn weight(size: usize, middle: usize) -> u64 {
    (0..size.abs_diff(middle)).fold(1 << 20, |weight, _| weight * 3 / 4)
}

fn size(number: u32) -> usize {
    number.saturating_add(1).ilog2() as usize
}

/// The price of an event that comes `count` times of `sum`; at least one unit.
pub(crate) fn price(count: u64, sum: u64) -> u32 {
    (log2(sum) - log2(count)).max(1)
}

/// The logarithm of a positive number to base two, in 1/256: in integers, as the same package must come out everywhere.
fn log2(number: u64) -> u32 {
    let whole = number.ilog2();
    let mut mantissa = (number << (63 - whole)) >> 32;
    let mut log = whole;
    for _ in 0..8 {
        mantissa = (mantissa * mantissa) >> 31;
        log = (log << 1) | (mantissa >> 32) as u32;
        if mantissa >> 32 != 0 {
            mantissa >>= 1;
        }
    }
    log
}

/// The class of a history of changed bytes, a bit each, the last one lowest.
pub(crate) const fn class(history: u32) -> usize {
    match history.trailing_zeros() {
        0 if history & 2 != 0 => 0,
        0 => 1,
        1..=3 => 2,
        4..=7 => 3,
        8..=31 => 4,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_right_to_the_last_place() {
        for number in (1..5000).chain([u64::from(u32::MAX), 1 << 40, (1 << 50) + 12_345]) {
            let exact = (number as f64).log2() * 256.0;
            assert!((f64::from(log2(number)) - exact).abs() <= 1.0, "{number}");
        }
    }

    #[test]
    fn what_was_counted_often_is_cheap() {
        let mut sizes = Sizes::default();
        (0..1000).for_each(|_| sizes.count(1000));
        let default = NumberPrices::around(4);
        let learned = default.learned(&sizes);
        assert!(learned.of(1000) < default.of(1000) && learned.of(10) > default.of(10));
        assert!((9 * BIT..9 * BIT + 10).contains(&learned.of(1000)));
    }
}
