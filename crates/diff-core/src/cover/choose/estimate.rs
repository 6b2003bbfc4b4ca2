//! Estimates what the pages of a target cost with each kind, by default prices and with given covers.

use smidgen_patch::header::PageKind;
use smidgen_patch::internals::apply::Source;

use crate::cover::price::{Change, Differences, FRESH, Prices, References, class};
use crate::encode::{PAGE, PageCosts, Pages, Placed};
use crate::refs::PairReferences;
use crate::search::common_prefix;

/// Unchanged bytes after which the next ones cost the same.
const HISTORY: usize = 32;

/// What copying these covers costs if all pages are of `kind`, without the operations.
pub(crate) fn estimate(catalogue: &PairReferences<'_>, kind: PageKind, covers: &[Placed]) -> PageCosts {
    estimate_by(catalogue, References::new(catalogue, Pages::uniform(kind), covers), covers)
}

/// What copying these covers costs if references are predicted like that.
pub(crate) fn estimate_by(
    catalogue: &PairReferences<'_>,
    references: References<'_>,
    covers: &[Placed],
) -> PageCosts {
    let target = catalogue.target.image();
    let mut estimate = Estimate {
        base: catalogue.base.image(),
        target,
        references,
        prices: Prices::default(),
        differences: Differences::default(),
        costs: vec![0; target.len().div_ceil(PAGE)],
    };
    for &Placed { at, cover } in covers.iter().filter(|placed| placed.is_of_base()) {
        estimate.copy(at as usize, cover.start as usize, cover.length as usize);
    }
    estimate.page_costs()
}

struct Estimate<'a> {
    base: &'a [u8],
    target: &'a [u8],
    references: References<'a>,
    prices: Prices,
    differences: Differences,
    costs: Vec<u64>,
}

impl Estimate<'_> {
    fn copy(&mut self, to: usize, start: usize, length: usize) {
        let (mut at, mut history) = (0, FRESH);
        while at < length {
            let (position, from) = (to + at, start + at);
            let left = (length - at).min(PAGE - position % PAGE);
            let free = self.references.free(from, position, left);
            let same = common_prefix(&self.base[from..from + free], &self.target[position..position + free]);
            let (price, bytes) = if same > 0 {
                self.run(&mut history, same)
            } else if free > 0 {
                (self.byte(from, position, &mut history), 1)
            } else {
                match self
                    .references
                    .verdict(Source::Base, from, position)
                    .filter(|&(_, bytes)| bytes <= length - at)
                {
                    Some((verdict, bytes)) => (self.prices.reference[verdict as usize], bytes),
                    None => (self.byte(from, position, &mut history), 1),
                }
            };
            self.costs[position / PAGE] += u64::from(price);
            at += bytes;
        }
    }

    fn run(&self, history: &mut u32, length: usize) -> (u32, usize) {
        let mut price = 0;
        for _ in 0..length.min(HISTORY) {
            price += self.prices.same[class(*history)];
            *history <<= 1;
        }
        (price + length.saturating_sub(HISTORY) as u32 * self.prices.same[class(0)], length)
    }

    fn byte(&mut self, from: usize, position: usize, history: &mut u32) -> u32 {
        let class = class(*history);
        let change = Change::find(self.base, from, self.target[position]);
        *history = *history << 1 | u32::from(change.is_some());
        let Some(change) = change else { return self.prices.same[class] };
        let known = self.differences.knows(change);
        self.differences.learn(change);
        let value =
            if known { self.prices.again } else { self.prices.difference[usize::from(change.difference)] };
        self.prices.changed[class] + value
    }

    fn page_costs(self) -> PageCosts {
        let sums = self.costs.into_iter().scan(0, |sum, cost| {
            *sum += cost;
            Some(*sum)
        });
        PageCosts { by_page: sums.collect() }
    }
}
