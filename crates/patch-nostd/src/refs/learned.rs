//! The displacements that earlier references turned out to have (`docs/format.md`, section 7.6).
//!
//! Code between two insertions moves as one, so the map from old to new addresses is a staircase. Only its
//! steps are kept: a target whose neighbour below already tells the right displacement is not stored.

use core::cell::Cell;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// One step of the staircase: eight bytes of workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct LearnedEntry {
    /// The old target address.
    pub target: u32,
    /// New target minus old target.
    pub displacement: i32,
}

/// A sorted table of limited size.
#[derive(Debug)]
pub struct Learned<'w> {
    entries: &'w mut [LearnedEntry],
    used: usize,
    /// Which entry is dropped next when the table is full.
    hand: usize,
}

crate::state::state!(Learned<'_>: entries, used, hand);

/// What the table knows about a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// The displacement of this very target.
    pub exact: Option<i32>,
    /// The displacement of the nearest target below.
    pub below: Option<i32>,
    /// The displacement of the nearest target above.
    pub above: Option<i32>,
    /// Where in the table the target is or belongs.
    pub place: usize,
}

impl<'w> Learned<'w> {
    /// An empty table that may use all of `entries`.
    pub fn new(entries: &'w mut [LearnedEntry]) -> Self {
        Self { entries, used: 0, hand: 0 }
    }

    fn after(&self, target: u32) -> usize {
        let used = self.entries.get(..self.used).unwrap_or(&[]);
        used.partition_point(|entry| entry.target < target)
    }

    fn get(&self, index: usize) -> Option<LearnedEntry> {
        if index < self.used { self.entries.get(index).copied() } else { None }
    }

    /// Looks a target and its neighbours up.
    #[must_use]
    pub fn find(&self, target: u32) -> Neighbours {
        let at = self.after(target);
        let here = self.get(at);
        let below = at.checked_sub(1).and_then(|index| self.get(index));
        let exact = here.filter(|entry| entry.target == target);
        let above = if exact.is_some() { self.get(at + 1) } else { here };
        let displacement = |entry: LearnedEntry| entry.displacement;
        Neighbours {
            exact: exact.map(displacement),
            below: below.map(displacement),
            above: above.map(displacement),
            place: at,
        }
    }

    /// Remembers where a target went.
    pub fn learn(&mut self, target: u32, displacement: i32) {
        self.learn_at(self.after(target), target, displacement);
    }

    /// The same where [`Learned::find`] has just told the target's place.
    pub fn learn_at(&mut self, at: usize, target: u32, displacement: i32) {
        if self.entries.is_empty() {
            return;
        }
        let entry = LearnedEntry { target, displacement };
        if self.get(at).is_some_and(|known| known.target == target) {
            self.set(at, entry);
            return;
        }
        if at.checked_sub(1).and_then(|i| self.get(i)).is_some_and(|k| k.displacement == displacement) {
            return;
        }
        if self.used < self.entries.len() {
            self.insert(at, self.used, entry);
            self.used += 1;
        } else {
            self.replace(at, entry);
        }
    }

    /// Drops the entry under the hand and inserts `entry` before what is at `at`.
    fn replace(&mut self, at: usize, entry: LearnedEntry) {
        let drop = self.hand.min(self.entries.len().saturating_sub(1));
        self.hand = if drop + 1 < self.entries.len() { drop + 1 } else { 0 };
        if drop < at {
            let moved =
                Cell::from_mut(self.entries.get_mut(drop..at).unwrap_or_default()).as_slice_of_cells();
            moved.iter().zip(moved.iter().skip(1)).for_each(|(to, from)| to.set(from.get()));
            moved.last().into_iter().for_each(|last| last.set(entry));
        } else {
            self.insert(at, drop, entry);
        }
    }

    /// Puts `entry` at `at` and moves what is there up by one; what was at `last` is lost.
    ///
    /// Not `copy_within`, here and above: its checks can panic as far as compilers see.
    fn insert(&mut self, at: usize, last: usize, entry: LearnedEntry) {
        let moved = Cell::from_mut(self.entries.get_mut(at..=last).unwrap_or_default()).as_slice_of_cells();
        moved.iter().skip(1).zip(moved).rev().for_each(|(to, from)| to.set(from.get()));
        moved.first().into_iter().for_each(|first| first.set(entry));
    }

    fn set(&mut self, index: usize, entry: LearnedEntry) {
        if let Some(place) = self.entries.get_mut(index) {
            *place = entry;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: LearnedEntry = LearnedEntry { target: 0, displacement: 0 };

    #[test]
    fn only_steps_are_kept_and_neighbours_answer() {
        let mut entries = [NOTHING; 4];
        let mut learned = Learned::new(&mut entries);
        learned.learn(100, 8);
        learned.learn(200, 8);
        learned.learn(300, 16);
        assert_eq!(learned.used, 2);
        let expected = Neighbours { exact: None, below: Some(8), above: Some(16), place: 1 };
        assert_eq!(learned.find(250), expected);
        assert_eq!(learned.find(300).exact, Some(16));
        assert_eq!(learned.find(50).above, Some(8));
    }

    proptest::proptest! {
        #[test]
        fn the_table_stays_sorted_and_keeps_the_newest(pairs: std::vec::Vec<(u8, i8)>) {
            let mut entries = [NOTHING; 5];
            let mut learned = Learned::new(&mut entries);
            for (target, displacement) in pairs {
                let (target, displacement) = (u32::from(target), i32::from(displacement));
                learned.learn(target, displacement);
                let found = learned.find(target);
                assert!(found.exact.or(found.below) == Some(displacement));
                assert!(learned.entries[..learned.used].is_sorted_by(|a, b| a.target < b.target));
            }
        }
    }
}
