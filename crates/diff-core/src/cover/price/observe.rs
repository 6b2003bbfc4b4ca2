//! Learns prices from a walk of the real models over a plan.

use std::ops::Range;

use smidgen_patch::internals::entropy::Category;

use super::blame::{Copied, blame_changes};
use super::differences::{Change, Differences};
use super::operations::price_operations;
use super::prices::{CLASSES, FRESH, Prices, class};
use super::references::References;
use super::seen::{Seen, learn};
use crate::encode::Placed;
use crate::images::Images;

pub(crate) struct Observer<'a> {
    images: Images<'a>,
    covers: &'a [Placed],
    references: &'a References<'a>,
    /// The cover that is copied, or comes next.
    next: usize,
    position: usize,
    costs: [u64; 6],
    history: u32,
    differences: Differences,
    literals: Vec<Seen>,
    copied: Vec<Copied>,
    verdicts: [Seen; 3],
    again: Seen,
    changes: Vec<Seen>,
}

const CHANGED: usize = Category::Changed as usize;

impl<'a> Observer<'a> {
    /// An observer of the walk through the lane that begins at `start`.
    pub(crate) fn new(
        images: Images<'a>,
        covers: &'a [Placed],
        references: &'a References,
        start: u32,
    ) -> Self {
        Self {
            images,
            covers,
            references,
            next: covers.partition_point(|placed| placed.at < start),
            position: start as usize,
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

    /// The walk has reached `position` at these costs.
    pub(crate) fn step(&mut self, position: u32, costs: &[u64; 6]) {
        let (start, end) = (self.position, position as usize);
        let total = |costs: &[u64; 6]| costs.iter().sum::<u64>();
        let cost = total(costs) - total(&self.costs);
        let value = costs[CHANGED] - self.costs[CHANGED];
        self.costs = *costs;
        if start == end {
            return;
        }
        self.position = end;
        while self.covers.get(self.next).is_some_and(|placed| placed.end() as usize <= start) {
            self.next += 1;
        }
        match self.covers.get(self.next).copied() {
            Some(placed) if placed.at as usize <= start => {
                if placed.at as usize == start {
                    self.history = FRESH;
                }
                self.copy(start..end, placed, cost, value);
            }
            _ => {
                let share = cost / (end - start) as u64;
                let bytes = &self.images.target[start..end];
                bytes.iter().for_each(|&byte| self.literals[usize::from(byte)].add(share));
            }
        }
    }

    fn copy(
        &mut self,
        Range { start, end }: Range<usize>,
        Placed { at, cover }: Placed,
        cost: u64,
        value: u64,
    ) {
        let from = cover.start as usize + start - at as usize;
        let verdict = self.references.verdict(cover.source, from, start);
        if let Some((verdict, _)) = verdict.filter(|&(_, length)| end == start + length) {
            self.verdicts[verdict as usize].add(cost);
            return;
        }
        let source = self.images.of(cover.source);
        let share = (cost - value) / (end - start) as u64;
        for position in start..end {
            let change = Change::find(source, from + position - start, self.images.target[position]);
            if let Some(change) = change {
                let known = self.differences.knows(change);
                let seen =
                    if known { &mut self.again } else { &mut self.changes[usize::from(change.difference)] };
                seen.add(value);
                self.differences.learn(change);
            }
            let class = class(self.history) as u8;
            let (position, cost) = (position as u32, share as u32);
            self.copied.push(Copied { position, cost, class, changed: change.is_some() });
            self.history = self.history << 1 | u32::from(change.is_some());
        }
    }

    /// Adds what was observed in the lane behind.
    pub(crate) fn join(&mut self, other: Self) {
        let seen = |all: &mut [Seen], others: &[Seen]| {
            all.iter_mut().zip(others).for_each(|(seen, other)| seen.join(other));
        };
        seen(&mut self.literals, &other.literals);
        seen(&mut self.verdicts, &other.verdicts);
        seen(&mut self.changes, &other.changes);
        self.again.join(&other.again);
        self.copied.extend(other.copied);
    }

    /// The observed prices, with those of `before` where nothing was observed.
    pub(crate) fn prices(&mut self, before: &Prices) -> Prices {
        let mut prices = before.clone();
        self.price_literals(&mut prices);
        self.price_copies(&mut prices);
        learn(&mut prices.reference, &self.verdicts);
        price_operations(&mut prices, self.covers);
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
        blame_changes(&mut self.copied, &prices.same);
        let mut seen = [[Seen::default(); CLASSES]; 2];
        for copied in &self.copied {
            seen[usize::from(copied.changed)][usize::from(copied.class)].add(copied.cost.into());
        }
        for (table, seen) in [&mut prices.same, &mut prices.changed].into_iter().zip(seen) {
            learn(table, &seen);
        }
        prices.again = self.again.average(prices.again);
        learn(&mut prices.difference, &self.changes);
    }
}
