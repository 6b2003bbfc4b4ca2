//! Where parts of the base went, which copied instructions changed on the way, and what explains that.

use std::collections::BTreeMap;

use smidgen_patch::header::Description;
use smidgen_patch::internals::refs::operand;

use crate::images::Images;
use crate::search::{Index, Match, SearchOptions, find_matches};

/// Shorter copies may be chance.
const LEAST_COPY: u32 = 32;
/// Changed instructions of a layout that are looked at.
const MOST_CHANGES: usize = 1 << 17;
/// Votes of this many operands say where the image runs.
const MOST_VOTERS: usize = 4096;
/// Copies with the same displacement that an operand votes with.
const MOST_COPIES: usize = 32;
/// Addresses with nearly as many votes as the best, all but one in so many, are as good.
const MARGIN: i32 = 128;

/// Both images, and the copies that they have in common.
pub(super) struct Moves<'a> {
    pub(super) images: Images<'a>,
    copies: Vec<Match>,
    by_displacement: BTreeMap<i64, Alike>,
}

/// Copies with the same displacement.
#[derive(Default)]
struct Alike {
    /// All of them, in the order of the base: they do not overlap.
    in_order: Vec<Match>,
    /// Some of them.
    longest: Vec<Match>,
}

/// A copied instruction whose operand changed: its offsets in both images, and its operands with the zeros behind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) from: u32,
    pub(super) to: u32,
    old: u32,
    new: u32,
}

impl<'a> Moves<'a> {
    /// What both images have in common, if memory suffices to find out.
    pub(super) fn new(images: Images<'a>) -> Option<Self> {
        let index = Index::build(images.base).ok()?;
        let mut copies = find_matches(&index, images.target, &SearchOptions::default());
        copies.retain(|copy| copy.length >= LEAST_COPY);
        let mut by_displacement: BTreeMap<i64, Alike> = BTreeMap::new();
        for copy in &copies {
            by_displacement.entry(displacement(copy)).or_default().in_order.push(*copy);
        }
        for alike in by_displacement.values_mut() {
            alike.longest.clone_from(&alike.in_order);
            alike.longest.sort_by_key(|copy| (std::cmp::Reverse(copy.length), copy.base_start));
            alike.longest.truncate(MOST_COPIES);
        }
        Some(Self { images, copies, by_displacement })
    }

    /// The copied instructions of a layout that changed in their operands only, with their opcodes.
    pub(super) fn changes(&self, layout: &Description) -> Vec<(u32, Change)> {
        let mut changes = Vec::new();
        for copy in &self.copies {
            for at in (0..copy.length).step_by(layout.alignment.into()) {
                let (from, to) = (copy.base_start + at, copy.target_start + at);
                if from % u32::from(layout.alignment) != 0 || at + u32::from(layout.length) > copy.length {
                    continue;
                }
                let bytes = |image: &[u8], at: u32| -> [u8; 8] {
                    let mut bytes = [0; 8];
                    let length = usize::from(layout.length);
                    bytes[..length].copy_from_slice(&image[at as usize..][..length]);
                    bytes
                };
                let (old, new) = (bytes(self.images.base, from), bytes(self.images.target, to));
                if old == new {
                    continue;
                }
                let ((opcode, rest, old), (_, new_rest, new)) = (operand(layout, old), operand(layout, new));
                if rest == new_rest {
                    changes.push((opcode, Change { from, to, old, new }));
                }
            }
            if changes.len() >= MOST_CHANGES {
                break;
            }
        }
        changes
    }

    /// Whether the operand of a change went where what it points at went, if the base begins at `address`.
    pub(super) fn explains(&self, form: &Description, address: u32, change: &Change) -> bool {
        let offset = if form.relative {
            change.from.wrapping_add(form.ahead.into()).wrapping_add(change.old)
        } else {
            change.old.wrapping_sub(address) & reached(form)
        };
        let Some(alike) = self.by_displacement.get(&shift(form, change).into()) else { return false };
        let after = alike.in_order.partition_point(|copy| copy.base_start <= offset);
        let copy = after.checked_sub(1).and_then(|last| alike.in_order.get(last));
        copy.is_some_and(|copy| offset - copy.base_start < copy.length)
    }

    /// Whether an instruction has a changed byte that nothing has claimed.
    pub(super) fn differs(&self, change: &Change, length: u8, claimed: &[bool]) -> bool {
        (0..usize::from(length)).any(|at| {
            let (from, to) = (change.from as usize + at, change.to as usize + at);
            self.images.base[from] != self.images.target[to] && !claimed[to]
        })
    }

    /// The address of the base under which most absolute operands are explained: for each operand, what it points at
    /// lies in one of the copies that moved as far as the operand says.
    pub(super) fn origin(&self, form: &Description, changes: &[Change]) -> u32 {
        let size = i64::from(reached(form)) + 1;
        let mut edges: Vec<(i64, i32)> = Vec::new();
        let step = changes.len().div_ceil(MOST_VOTERS).max(1);
        for change in changes.iter().step_by(step) {
            let copies = self.by_displacement.get(&i64::from(shift(form, change)));
            for copy in copies.iter().flat_map(|alike| &alike.longest) {
                let last = i64::from(change.old) - i64::from(copy.base_start);
                let first = last - i64::from(copy.length) + 1;
                let around = if first < 0 { size } else { 0 };
                edges.push((first + around, 1));
                edges.push((last + around + 1, -1));
                if around > 0 && last >= 0 {
                    edges.push((0, 1));
                    edges.push((last + 1, -1));
                }
            }
        }
        edges.sort_unstable();
        roundest(&edges).unwrap_or(0) as u32 & reached(form)
    }
}

/// The roundest address of those with nearly the most votes; `edges` say in order where votes begin and end.
fn roundest(edges: &[(i64, i32)]) -> Option<i64> {
    let counts = edges.iter().scan(0, |votes, &(_, change)| {
        *votes += change;
        Some(*votes)
    });
    let stretches: Vec<(i32, i64, i64)> =
        counts.zip(edges.windows(2)).map(|(votes, pair)| (votes, pair[0].0, pair[1].0)).collect();
    let most = stretches.iter().map(|&(votes, ..)| votes).max()?;
    let good = stretches.iter().filter(|&&(votes, first, end)| votes >= most - most / MARGIN && first < end);
    let round = |&(votes, first, end): &(i32, i64, i64)| {
        let rounded = |bits: u32| ((first + (1 << bits) - 1) >> bits << bits, bits);
        let (address, bits) = (0..=32).rev().map(rounded).find(|&(address, _)| address < end)?;
        Some((bits, votes, std::cmp::Reverse(address)))
    };
    good.filter_map(round).max().map(|(_, _, std::cmp::Reverse(address))| address)
}

fn displacement(copy: &Match) -> i64 {
    i64::from(copy.target_start) - i64::from(copy.base_start)
}

/// How far what the operand of a change points at would have moved.
pub(super) fn shift(form: &Description, change: &Change) -> i32 {
    let operand = change.new.wrapping_sub(change.old);
    let own = change.to.wrapping_sub(change.from);
    (if form.relative { operand.wrapping_add(own) } else { operand }) as i32
}

/// The bits of an address that an operand has.
fn reached(form: &Description) -> u32 {
    let bits = form.parts.iter().map(|part| u32::from(part.bits)).sum::<u32>() + u32::from(form.scale);
    u32::MAX >> (32 - bits)
}
