//! Displacements learned from earlier references (`docs/format.md`, section 7.6).
//!
//! Code between two insertions moves as one, so the map from old to new addresses is a staircase. Only its
//! steps are kept: a target whose neighbour below has the right displacement is not stored.

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

impl<'w> Learned<'w> {
    /// An empty table that may use all of `entries`.
    pub fn new(entries: &'w mut [LearnedEntry]) -> Self {
        Self { entries, used: 0, hand: 0 }
    }

    /// Forgets everything.
    #[cfg(feature = "lanes")]
    pub fn restart(&mut self) {
        (self.used, self.hand) = (0, 0);
    }

    /// Where in the table the target is or belongs.
    #[must_use]
    pub fn place(&self, target: u32) -> usize {
        let used = self.entries.get(..self.used).unwrap_or(&[]);
        used.partition_point(|entry| entry.target < target)
    }

    fn get(&self, index: usize) -> Option<&LearnedEntry> {
        if index < self.used { self.entries.get(index) } else { None }
    }

    /// The displacements of a target whose place is known, of the nearest one below and of the nearest one above.
    #[must_use]
    pub fn around(&self, place: usize, target: u32) -> [Option<i32>; 3] {
        let here = self.get(place);
        let exact = here.filter(|entry| entry.target == target);
        let above = if exact.is_some() { self.get(place + 1) } else { here };
        // Nothing is at the place below the first.
        let below = self.get(place.wrapping_sub(1));
        [exact, below, above].map(|entry| entry.map(|entry| entry.displacement))
    }

    /// Remembers where a target went.
    pub fn learn(&mut self, target: u32, displacement: i32) {
        self.learn_at(self.place(target), target, displacement);
    }

    /// The same at the place that [`Learned::place`] has returned.
    pub fn learn_at(&mut self, at: usize, target: u32, displacement: i32) {
        let entry = LearnedEntry { target, displacement };
        if self.get(at).is_some_and(|known| known.target == target) {
            self.set(at, entry);
            return;
        }
        if self.get(at.wrapping_sub(1)).is_some_and(|known| known.displacement == displacement) {
            return;
        }
        let mut hole = self.used;
        if self.used < self.entries.len() {
            self.used += 1;
        } else {
            hole = self.hand;
            self.hand = if hole + 1 < self.used { hole + 1 } else { 0 };
        }
        self.move_hole(hole, at, entry);
    }

    /// Puts `entry` before what is at `at`, and moves what is between there and the hole towards the hole.
    // One call: 0.7 % fewer instructions of a restore than the loop below.
    #[cfg(feature = "std")]
    fn move_hole(&mut self, hole: usize, at: usize, entry: LearnedEntry) {
        let goal = if hole < at { at - 1 } else { at };
        if let Some(part) = self.entries.get_mut(hole.min(goal)..=hole.max(goal)) {
            let (from, to) = if hole < goal { (1, 0) } else { (0, 1) };
            part.copy_within(from..from + part.len() - 1, to);
        }
        self.set(goal, entry);
    }

    /// The same without a call, which may be larger than the loop, and whose checks the linker cannot remove.
    #[cfg(not(feature = "std"))]
    fn move_hole(&mut self, mut hole: usize, at: usize, entry: LearnedEntry) {
        let goal = if hole < at { at - 1 } else { at };
        while hole != goal {
            let next = if hole < goal { hole + 1 } else { hole - 1 };
            let Some(&moved) = self.entries.get(next) else { return };
            self.set(hole, moved);
            hole = next;
        }
        self.set(hole, entry);
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
        let find = |target| (learned.place(target), learned.around(learned.place(target), target));
        assert_eq!(find(250), (1, [None, Some(8), Some(16)]));
        assert_eq!(find(300), (1, [Some(16), Some(8), None]));
        assert_eq!(find(50), (0, [None, None, Some(8)]));
    }

    proptest::proptest! {
        #[test]
        fn the_table_stays_sorted_and_keeps_the_newest(pairs: std::vec::Vec<(u8, i8)>) {
            let mut entries = [NOTHING; 5];
            let mut learned = Learned::new(&mut entries);
            for (target, displacement) in pairs {
                let (target, displacement) = (u32::from(target), i32::from(displacement));
                learned.learn(target, displacement);
                let [exact, below, _] = learned.around(learned.place(target), target);
                assert!(exact.or(below) == Some(displacement));
                assert!(learned.entries[..learned.used].is_sorted_by(|a, b| a.target < b.target));
            }
        }
    }
}
