//! Learns prices from a walk of the real models over a plan.

use patch_nostd::apply::{Cover, Source};
use patch_nostd::entropy::Category;

use super::differences::{Change, Differences};
use super::prices::{CLASSES, Prices, Sizes, class, price};
use super::references::References;

/// How much the price from before counts for against what is observed, in events.
const HABIT: u64 = 16;
/// A block that is not clean is paid for at its beginning, up to so many bytes before the change that is to blame.
const BLOCK: usize = 64;

/// What was seen of one kind of event.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    count: u64,
    cost: u64,
}

/// A byte that was copied.
#[derive(Clone, Copy, Debug)]
struct Copied {
    position: usize,
    cost: u64,
    class: usize,
    changed: bool,
}

/// Watches a walk.
pub struct Observer<'a> {
    old: &'a [u8],
    new: &'a [u8],
    covers: &'a [(u32, Cover)],
    references: &'a References<'a>,
    /// The cover that is copied, or comes next.
    next: usize,
    position: usize,
    /// The costs so far.
    costs: [u64; 6],
    history: u32,
    differences: Differences,
    literals: Vec<Seen>,
    copied: Vec<Copied>,
    verdicts: [Seen; 3],
    again: Seen,
    changes: Vec<Seen>,
}

/// The place of the references in the meter's categories.
const REFERENCES: usize = Category::References as usize;
const CHANGED: usize = Category::Changed as usize;

impl<'a> Observer<'a> {
    /// Watches a walk over these covers.
    pub fn new(
        (old, new): (&'a [u8], &'a [u8]),
        covers: &'a [(u32, Cover)],
        references: &'a References,
    ) -> Self {
        Self {
            old,
            new,
            covers,
            references,
            next: 0,
            position: 0,
            costs: [0; 6],
            history: 0,
            differences: Differences::default(),
            literals: vec![Seen::default(); 256],
            copied: Vec::new(),
            verdicts: [Seen::default(); 3],
            again: Seen::default(),
            changes: vec![Seen::default(); 256],
        }
    }

    /// The walk has come to `position` at these costs.
    pub fn step(&mut self, position: u32, costs: &[u64; 6]) {
        let (start, end) = (self.position, position as usize);
        let total = |costs: &[u64; 6]| costs.iter().sum::<u64>();
        let cost = total(costs) - total(&self.costs);
        let special = costs[REFERENCES] - self.costs[REFERENCES];
        let value = costs[CHANGED] - self.costs[CHANGED];
        self.costs = *costs;
        if start == end {
            return;
        }
        self.position = end;
        while self
            .covers
            .get(self.next)
            .is_some_and(|(target, cover)| (target + cover.length) as usize <= start)
        {
            self.next += 1;
        }
        match self.covers.get(self.next).copied() {
            Some((target, cover)) if target as usize <= start => {
                if target as usize == start {
                    self.history = super::lattice::FRESH;
                }
                self.copy((start, end), (target, cover), (cost, special, value));
            }
            _ => self.literals[usize::from(self.new[start])].add(cost),
        }
    }

    fn copy(
        &mut self,
        (start, end): (usize, usize),
        (target, cover): (u32, Cover),
        (cost, references, value): (u64, u64, u64),
    ) {
        let from = cover.start as usize + start - target as usize;
        let verdict = match cover.source {
            Source::Base if end == start + 4 => self.references.verdict(from, start),
            _ => None,
        };
        if let Some(verdict) = verdict {
            self.verdicts[verdict as usize].add(references);
            return;
        }
        let source = match cover.source {
            Source::Base => self.old,
            Source::Target => self.new,
        };
        let share = (cost - value) / (end - start) as u64;
        for position in start..end {
            let change = Change::find(source, from + position - start, self.new[position]);
            if let Some(change) = change {
                let known = self.differences.knows(change);
                let seen =
                    if known { &mut self.again } else { &mut self.changes[usize::from(change.difference)] };
                seen.add(value);
                self.differences.learn(change);
            }
            self.copied.push(Copied {
                position,
                cost: share,
                class: class(self.history),
                changed: change.is_some(),
            });
            self.history = self.history << 1 | u32::from(change.is_some());
        }
    }

    /// The prices that were observed, with those of before where nothing was.
    pub fn prices(&mut self, before: &Prices) -> Prices {
        let mut prices = before.clone();
        self.price_literals(&mut prices);
        self.price_copies(&mut prices);
        for (price, seen) in prices.reference.iter_mut().zip(&self.verdicts) {
            *price = seen.average(*price);
        }
        price_control(&mut prices, self.covers);
        prices
    }

    fn price_literals(&self, prices: &mut Prices) {
        let mut all = Seen::default();
        self.literals.iter().for_each(|seen| all.join(seen));
        for (price, seen) in prices.literal.iter_mut().zip(&self.literals) {
            *price = seen.average(all.average(*price));
        }
    }

    fn price_copies(&mut self, prices: &mut Prices) {
        self.blame_changes(prices);
        let mut seen = [[Seen::default(); CLASSES]; 2];
        for copied in &self.copied {
            seen[usize::from(copied.changed)][copied.class].add(copied.cost);
        }
        for (table, seen) in [&mut prices.same, &mut prices.changed].into_iter().zip(seen) {
            for (price, seen) in table.iter_mut().zip(seen) {
                *price = seen.average(*price);
            }
        }
        prices.again = self.again.average(prices.again);
        for (price, seen) in prices.difference.iter_mut().zip(&self.changes) {
            *price = seen.average(*price);
        }
    }

    /// Moves what equal bytes cost because of a change soon after them to that change.
    fn blame_changes(&mut self, prices: &Prices) {
        let mut usual = [Seen::default(); CLASSES];
        let mut change = usize::MAX;
        let distant =
            |change: usize, copied: &Copied| change == usize::MAX || change > copied.position + BLOCK;
        for copied in self.copied.iter().rev() {
            if copied.changed {
                change = copied.position;
            } else if distant(change, copied) {
                usual[copied.class].add(copied.cost);
            }
        }
        let usual: Vec<u64> =
            usual.iter().zip(&prices.same).map(|(seen, price)| u64::from(seen.average(*price))).collect();
        let (mut change, mut excess): (Option<usize>, u64) = (None, 0);
        for index in (0..self.copied.len()).rev() {
            let copied = &mut self.copied[index];
            if copied.changed {
                if let Some(change) = change.replace(index) {
                    self.copied[change].cost += excess;
                }
                excess = 0;
            } else if change.is_some_and(|change| index + BLOCK > change) {
                let more = copied.cost.saturating_sub(usual[copied.class]);
                copied.cost -= more;
                excess += more;
            }
        }
        if let Some(change) = change {
            self.copied[change].cost += excess;
        }
    }
}

impl Seen {
    fn add(&mut self, cost: u64) {
        self.count += 1;
        self.cost += cost;
    }

    fn join(&mut self, other: &Self) {
        self.count += other.count;
        self.cost += other.cost;
    }

    fn average(&self, before: u32) -> u32 {
        ((self.cost + HABIT * u64::from(before)) / (self.count + HABIT)).max(1) as u32
    }
}

/// Prices of operations by how often each kind came.
fn price_control(prices: &mut Prices, covers: &[(u32, Cover)]) {
    let (mut literals, mut seek, mut distance) = (Sizes::default(), Sizes::default(), Sizes::default());
    let mut lengths = [Sizes::default(); 2];
    let mut sources = [4.0f32, 1.0];
    let mut places = [4.0f32, 2.0, 1.0, 1.0, 8.0];
    let mut recent = [0i64; 4];
    let mut end = 0;
    for &(target, cover) in covers {
        literals.count(target - end);
        end = target + cover.length;
        let displacement = i64::from(target) - i64::from(cover.start);
        let kind = usize::from(cover.source == Source::Target);
        sources[kind] += 1.0;
        lengths[kind].count(cover.length - 1);
        if cover.source == Source::Target {
            distance.count(displacement as u32 - 1);
            continue;
        }
        let place = recent.iter().position(|&known| known == displacement);
        places[place.unwrap_or(4)] += 1.0;
        if place.is_none() {
            seek.count(super::lattice::folded(recent[0] - displacement));
        }
        super::lattice::remember(&mut recent, displacement);
    }
    prices.literals = literals.prices(&prices.literals);
    prices.seek = seek.prices(&prices.seek);
    prices.distance = distance.prices(&prices.distance);
    prices.lengths = std::array::from_fn(|kind| lengths[kind].prices(&prices.lengths[kind]));
    let sum: f32 = sources.iter().sum();
    prices.source = sources.map(|count| price(count / sum));
    let sum: f32 = places.iter().sum();
    prices.recent = places.map(|count| price(count / sum));
}
