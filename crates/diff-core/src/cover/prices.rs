//! What the models charge, about: one table that the choice of covers reads, from habit or from observation.

/// Prices are in 1/256 bit.
pub const BIT: u32 = 256;
/// Sizes of numbers: the position of the highest bit of a number plus one.
const SIZES: usize = 32;
/// Classes of what was copied just before, see [`class`].
pub const CLASSES: usize = 6;
/// How much the habitual distribution of sizes counts for against what was observed, in numbers.
const HABIT: u32 = 12;

/// How a prediction of a reference comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The first guess is right.
    First,
    /// Another guess is right.
    Later,
    /// None is: the bytes are coded one by one as well.
    Wrong,
}

/// What one kind of number costs by its size.
#[derive(Clone, Copy, Debug)]
pub struct NumberPrices([u32; SIZES]);

/// How much dearer or cheaper than observed something is taken to be, in eighths.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Literals.
    pub literals: u32,
    /// Everything that operations say.
    pub operations: u32,
    /// Changed bytes of covers.
    pub changes: u32,
}

/// How often the sizes of one kind of number came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sizes([u32; SIZES]);

/// All prices.
#[derive(Clone, Debug)]
pub struct Prices {
    /// A literal, by its value.
    pub literal: [u32; 256],
    /// How many literals come before a cover.
    pub literals: NumberPrices,
    /// Bytes of a cover of the base, and of the target.
    pub lengths: [NumberPrices; 2],
    /// The displacement of a cover of the base, as a difference.
    pub seek: NumberPrices,
    /// The distance of a cover of the target.
    pub distance: NumberPrices,
    /// A cover of the base, and of the target.
    pub source: [u32; 2],
    /// A displacement that is one of the recent ones, and one that is none.
    pub recent: [u32; 5],
    /// A copied byte that is unchanged, by class.
    pub same: [u32; CLASSES],
    /// That a copied byte is changed, by class.
    pub changed: [u32; CLASSES],
    /// By how much, by the difference.
    pub difference: [u32; 256],
    /// The same where the difference is the one seen in such surroundings the last time.
    pub again: u32,
    /// A reference, by verdict.
    pub reference: [u32; 3],
}

impl Default for Prices {
    /// What was seen on average over images of all kinds; learned prices replace them where that is affordable.
    fn default() -> Self {
        let sizes = |most: f32| NumberPrices::habit(most);
        Self {
            literal: [27 * BIT / 4; 256],
            literals: sizes(1.5),
            lengths: [sizes(4.0), sizes(2.5)],
            seek: sizes(12.0),
            distance: sizes(11.0),
            source: [BIT / 2, 2 * BIT],
            recent: [2 * BIT, 3 * BIT, 4 * BIT, 5 * BIT, BIT],
            same: [BIT, BIT / 2, BIT / 3, BIT / 6, BIT / 12, BIT / 40],
            changed: [BIT, BIT, 2 * BIT, 3 * BIT, 4 * BIT, 5 * BIT],
            difference: std::array::from_fn(|difference| usual(difference as u8)),
            again: 3 * BIT,
            reference: [BIT / 2, 4 * BIT, 8 * BIT],
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
    /// Sizes about `middle` are the most frequent; each away from it is less so by a quarter.
    fn habit(middle: f32) -> Self {
        let weight = |size: usize| 0.75f32.powf((size as f32 - middle).abs());
        let sum: f32 = (0..SIZES).map(weight).sum();
        Self(std::array::from_fn(|size| price(weight(size) / sum) + size as u32 * BIT))
    }

    /// The price of a number.
    pub fn of(&self, number: u32) -> u32 {
        self.0[size(number)]
    }
}

impl Prices {
    /// The same with literals, operations and changed bytes dearer or cheaper.
    #[must_use]
    pub fn scaled(mut self, scale: Scale) -> Self {
        let Scale { literals, operations, changes } = scale;
        let of = |prices: &mut [u32], eighths: u32| {
            prices.iter_mut().for_each(|price| *price = *price * eighths / 8)
        };
        of(&mut self.literal, literals);
        let numbers = [&mut self.literals, &mut self.seek, &mut self.distance];
        for numbers in numbers.into_iter().chain(&mut self.lengths) {
            of(&mut numbers.0, operations);
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
    /// Counts a number.
    pub fn count(&mut self, number: u32) {
        self.0[size(number)] += 1;
    }

    /// Prices by frequency; what is rare keeps something of what is habitual.
    pub fn prices(&self, habit: &NumberPrices) -> NumberPrices {
        let sum: u32 = self.0.iter().sum::<u32>() + HABIT;
        NumberPrices(std::array::from_fn(|size| {
            let extra = size as u32 * BIT;
            let usual = (-((habit.0[size] - extra) as f32) / BIT as f32).exp2() * HABIT as f32;
            price((self.0[size] as f32 + usual) / sum as f32) + extra
        }))
    }
}

fn size(number: u32) -> usize {
    number.saturating_add(1).ilog2() as usize
}

/// The price of an event of this probability.
pub fn price(probability: f32) -> u32 {
    (-probability.log2() * BIT as f32).max(1.0) as u32
}

/// The class of a history of changed bytes, a bit each, the last one lowest.
pub const fn class(history: u32) -> usize {
    match history.trailing_zeros() {
        0 if history & 2 != 0 => 0,
        0 => 1,
        1..=3 => 2,
        4..=7 => 3,
        8..=31 => 4,
        _ => 5,
    }
}
