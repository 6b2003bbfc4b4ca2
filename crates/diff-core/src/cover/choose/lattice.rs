//! The cheapest covers of a section: a shortest path over positions and the displacements that may be copied at each.
//!
//! A Viterbi search. Between operations there is one state for each position; within a cover one for each position
//! and candidate (a *lane*). A byte leads from one position to the next: as a literal, or along a lane for what the
//! models charge for a byte, changed or not, or for a reference that is predicted or not. Entering a lane costs an
//! operation and a displacement, leaving one the length. As in LZMA's optimal parser, what prices depend on (the
//! displacements used last, the number of literals so far) is that of the cheapest way to the position.

use std::ops::Range;

use smidgen_patch::internals::apply::Source;

use super::candidates::{Candidate, Section};
use crate::cover::price::{Change, Differences, FRESH, Prices, References, class, folded, remember};
use crate::cover::sources::covers_of_path;
use crate::encode::Placed;
use crate::images::Images;

pub(super) struct Lattice<'a> {
    pub(crate) images: Images<'a>,
    pub(crate) prices: &'a Prices,
    /// Which references come out right.
    pub(crate) references: &'a References<'a>,
    /// How many candidates are followed at the same time.
    pub(crate) lanes: usize,
}

/// The cheapest way to a position between operations.
#[derive(Clone, Copy)]
struct Node {
    price: u32,
    literals: u32,
    /// Displacements of the last covers of the base, newest first.
    recent: [i64; 4],
    /// The last edge: bytes, and for a cover where it copies from.
    length: u32,
    from: Option<(Source, u32)>,
}

/// A candidate that is being followed.
struct Lane {
    candidate: Candidate,
    /// The cheapest way to be within a cover here, but for the cover's length.
    price: u32,
    opened: usize,
    history: u32,
    /// Bytes of a reference that are still to be copied.
    busy: usize,
    change: Option<Change>,
}

impl Lattice<'_> {
    pub(super) fn cheapest(&self, section: &Section) -> Vec<Placed> {
        let (Range { start, end }, recent) = (section.range.clone(), section.recent);
        let first = Node { price: self.prices.literals.of(0), literals: 0, recent, length: 0, from: None };
        let mut nodes = vec![Node { price: u32::MAX, ..first }; end - start + 1];
        nodes[0] = first;
        let mut lanes: Vec<Lane> = Vec::with_capacity(self.lanes + 1);
        let mut differences = Differences::default();
        let mut waiting = section.candidates.iter().peekable();
        for position in start..end {
            while let Some(&candidate) = waiting.next_if(|candidate| candidate.start as usize <= position) {
                enter(&mut lanes, candidate, self.lanes);
            }
            let place = position - start;
            if position == start {
                self.carry_on(&mut lanes, section.continues, first.price, position);
            }
            self.literal(&mut nodes, place, self.images.target[position]);
            let node = nodes[place];
            for lane in &mut lanes {
                self.open(lane, &node, position);
                self.step(lane, position, &differences);
            }
            let best = lanes.iter().min_by_key(|lane| lane.price);
            if let Some(change) =
                best.filter(|lane| lane.price < nodes[place + 1].price).and_then(|lane| lane.change)
            {
                differences.learn(change);
            }
            self.close(&mut nodes, &lanes, start, position);
            lanes.retain(|lane| lane.candidate.end as usize > position + 1);
        }
        covers_of_path(start, nodes.len(), |place| (nodes[place].length, nodes[place].from))
    }

    fn carry_on(&self, lanes: &mut [Lane], continues: Option<i64>, price: u32, position: usize) {
        for lane in lanes.iter_mut() {
            let same = Some(lane.candidate.displacement()) == continues;
            if same && lane.candidate.source == Source::Base {
                (lane.price, lane.opened) = (price, position);
            }
        }
    }

    fn literal(&self, nodes: &mut [Node], place: usize, byte: u8) {
        let node = nodes[place];
        let more = self.prices.literals.of(node.literals + 1);
        let price = node.price + self.prices.literal[usize::from(byte)] + more
            - self.prices.literals.of(node.literals);
        if price < nodes[place + 1].price {
            let literals = node.literals + 1;
            nodes[place + 1] = Node { price, literals, length: 1, from: None, ..node };
        }
    }

    /// Begins a cover here if that is cheaper than to go on with one that began before.
    fn open(&self, lane: &mut Lane, node: &Node, position: usize) {
        if lane.busy > 0 {
            return;
        }
        let price = node.price.saturating_add(self.opening(&lane.candidate, node));
        let going_on = if lane.price == u32::MAX {
            u32::MAX
        } else {
            lane.price + self.length(&lane.candidate, position - lane.opened)
        };
        if price + self.length(&lane.candidate, 1) < going_on {
            (lane.price, lane.opened, lane.history) = (price, position, FRESH);
        }
    }

    fn opening(&self, candidate: &Candidate, node: &Node) -> u32 {
        let prices = self.prices;
        if candidate.source == Source::Target {
            return prices.source[1] + prices.distance.of(candidate.displacement() as u32 - 1);
        }
        let place = node.recent.iter().position(|&recent| recent == candidate.displacement());
        let displacement = match place {
            Some(place) => prices.recent[place],
            None => {
                let seek = node.recent[0] - candidate.displacement();
                prices.recent[4] + prices.seek.of(folded(seek))
            }
        };
        prices.source[0] + displacement
    }

    fn length(&self, candidate: &Candidate, length: usize) -> u32 {
        let kind = usize::from(candidate.source == Source::Target);
        self.prices.lengths[kind].of((length as u32).saturating_sub(1))
    }

    /// Copies a byte, or begins to copy a reference.
    fn step(&self, lane: &mut Lane, position: usize, differences: &Differences) {
        lane.change = None;
        if lane.busy > 0 {
            lane.busy -= 1;
            return;
        }
        let from = (position as i64 - lane.candidate.displacement()) as usize;
        let left = lane.candidate.end as usize - position;
        let source = lane.candidate.source;
        match self.references.verdict(source, from, position).filter(|&(_, length)| length <= left) {
            None => self.step_byte(lane, self.images.of(source), from, position, differences),
            Some((verdict, length)) => {
                lane.price += self.prices.reference[verdict as usize];
                lane.busy = length - 1;
            }
        }
    }

    fn step_byte(
        &self,
        lane: &mut Lane,
        source: &[u8],
        from: usize,
        position: usize,
        differences: &Differences,
    ) {
        let class = class(lane.history);
        lane.change = Change::find(source, from, self.images.target[position]);
        lane.history = lane.history << 1 | u32::from(lane.change.is_some());
        lane.price += match lane.change {
            None => self.prices.same[class],
            Some(change) => self.prices.changed[class] + self.value(change, differences),
        };
    }

    fn value(&self, change: Change, differences: &Differences) -> u32 {
        if differences.knows(change) {
            self.prices.again
        } else {
            self.prices.difference[usize::from(change.difference)]
        }
    }

    /// Ends covers after the byte at `position`.
    fn close(&self, nodes: &mut [Node], lanes: &[Lane], start: usize, position: usize) {
        let place = position + 1 - start;
        let none = self.prices.literals.of(0);
        for lane in lanes.iter().filter(|lane| lane.busy == 0) {
            let length = position + 1 - lane.opened;
            let price = lane.price + self.length(&lane.candidate, length) + none;
            if price >= nodes[place].price {
                continue;
            }
            let (source, displacement) = (lane.candidate.source, lane.candidate.displacement());
            let mut recent = nodes[lane.opened - start].recent;
            if source == Source::Base {
                remember(&mut recent, displacement);
            }
            let from = Some((source, (lane.opened as i64 - displacement) as u32));
            nodes[place] = Node { price, literals: 0, recent, length: length as u32, from };
        }
    }
}

/// Follows a candidate; one of the same displacement that is followed already is only prolonged.
fn enter(lanes: &mut Vec<Lane>, candidate: Candidate, most: usize) {
    let same = |lane: &&mut Lane| {
        lane.candidate.source == candidate.source && lane.candidate.displacement() == candidate.displacement()
    };
    if let Some(lane) = lanes.iter_mut().find(same) {
        lane.candidate.end = lane.candidate.end.max(candidate.end);
        lane.candidate.score = lane.candidate.score.max(candidate.score);
        return;
    }
    lanes.push(Lane { candidate, price: u32::MAX, opened: 0, history: FRESH, busy: 0, change: None });
    if lanes.len() > most {
        let scores = lanes.iter().map(|lane| lane.candidate.score).enumerate();
        if let Some((worst, _)) = scores.min_by_key(|&(_, score)| score) {
            lanes.remove(worst);
        }
    }
}
