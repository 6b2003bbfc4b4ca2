//! Prices of operations, learned from how often each kind occurs: their models hardly depend on anything else.

use smidgen_patch::internals::apply::Source;

use super::prices::{Prices, Sizes, price};
use crate::encode::Placed;

/// How often each kind of operation occurs; the initial counts are a prior.
struct Counts {
    literals: Sizes,
    lengths: [Sizes; 2],
    seek: Sizes,
    distance: Sizes,
    sources: [u64; 2],
    places: [u64; 5],
    /// Displacements of the last covers of the base, newest first.
    recent: [i64; 4],
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            literals: Sizes::default(),
            lengths: [Sizes::default(); 2],
            seek: Sizes::default(),
            distance: Sizes::default(),
            sources: [4, 1],
            places: [4, 2, 1, 1, 8],
            recent: [0; 4],
        }
    }
}

impl Counts {
    fn count(&mut self, literals: u32, placed: Placed) {
        let cover = placed.cover;
        let kind = usize::from(cover.source == Source::Target);
        let displacement = placed.displacement();
        self.literals.count(literals);
        self.lengths[kind].count(cover.length - 1);
        self.sources[kind] += 1;
        match cover.source {
            Source::Base => self.count_displacement(displacement),
            Source::Target => self.distance.count(displacement as u32 - 1),
        }
    }

    fn count_displacement(&mut self, displacement: i64) {
        let place = self.recent.iter().position(|&known| known == displacement);
        self.places[place.unwrap_or(4)] += 1;
        if place.is_none() {
            self.seek.count(folded(self.recent[0] - displacement));
        }
        remember(&mut self.recent, displacement);
    }
}

/// Prices of operations by how often each kind came.
pub(crate) fn price_operations(prices: &mut Prices, covers: &[Placed]) {
    let mut counts = Counts::default();
    let mut end = 0;
    for &placed in covers {
        counts.count(placed.at - end, placed);
        end = placed.end();
    }
    prices.literals = prices.literals.learned(&counts.literals);
    prices.seek = prices.seek.learned(&counts.seek);
    prices.distance = prices.distance.learned(&counts.distance);
    for (prices, sizes) in prices.lengths.iter_mut().zip(&counts.lengths) {
        *prices = prices.learned(sizes);
    }
    prices.source = shares(counts.sources);
    prices.recent = shares(counts.places);
}

fn shares<const N: usize>(counts: [u64; N]) -> [u32; N] {
    let sum = counts.iter().sum();
    counts.map(|count| price(count, sum))
}

/// Makes a displacement the most recent one.
pub(crate) fn remember(recent: &mut [i64; 4], displacement: i64) {
    let place = recent.iter().position(|&known| known == displacement).unwrap_or(3);
    recent[..=place].rotate_right(1);
    recent[0] = displacement;
}

/// A signed number as the models code it.
pub(crate) const fn folded(value: i64) -> u32 {
    (value << 1 ^ value >> 63) as u32
}
