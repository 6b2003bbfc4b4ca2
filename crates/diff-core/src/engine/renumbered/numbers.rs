//! What the numbers of a table became, by the words that covers copy there.

use std::cmp::Reverse;

use crate::cover::Moved;
use crate::encode::Placed;
use crate::images::Images;

/// Bytes of a number.
pub(super) const WORD: usize = 4;
/// A table is settled where less than one changed word in so many is not what others say.
const SETTLED: usize = 16;

/// What became of the numbers of a table.
pub(super) struct Numbers {
    /// What covers say, ascending by number.
    known: Vec<Known>,
    /// Whether what covers say fits together. If not, they copy the wrong records.
    is_coherent: bool,
    /// Whether it explains nearly all that covers change.
    pub(super) is_settled: bool,
}

/// What became of one number.
#[derive(Clone, Copy)]
struct Known {
    number: u32,
    /// How much larger it became in most of its copies.
    difference: i32,
    /// Whether most of several copies say so, and whether they or a neighbour do.
    is_sure: bool,
    is_confirmed: bool,
}

impl Numbers {
    /// What these covers of a table say.
    pub(super) fn of(images: Images, covers: &[Placed]) -> Self {
        let mut copies: Vec<(u32, i32)> = Vec::new();
        for cover in covers.iter().filter(|cover| is_of_words(cover)) {
            let copied = cover.bytes(images);
            // Words are aligned in both images.
            let first = (cover.at as usize).next_multiple_of(WORD) - cover.at as usize;
            for (old, new) in words(copied.base, first).zip(words(copied.target, first)) {
                copies.push((old, new.wrapping_sub(old) as i32));
            }
        }
        copies.sort_unstable();
        let of_one = |one: &(u32, i32), next: &(u32, i32)| one.0 == next.0;
        let mut known: Vec<Known> = copies.chunk_by(of_one).map(Known::of).collect();
        for place in 1..known.len() {
            if known[place - 1].difference == known[place].difference {
                known[place - 1].is_confirmed = true;
                known[place].is_confirmed = true;
            }
        }
        let changed = known.iter().filter(|known| known.difference != 0);
        let confirmed = changed.clone().filter(|known| known.is_confirmed).count();
        let is_coherent = confirmed * 2 >= changed.count();
        let (mut changed, mut wrong) = (0, 0);
        for (known, copies) in known.iter().zip(copies.chunk_by(of_one)) {
            for (_, difference) in copies.iter().filter(|(_, difference)| *difference != 0) {
                changed += 1;
                wrong += usize::from(!known.is_confirmed || *difference != known.difference);
            }
        }
        Self { known, is_coherent, is_settled: wrong * SETTLED < changed }
    }

    /// What a number became, as far as that is known; it may be an offset in the image, of which `moved` knows more.
    pub(super) fn became(&self, number: u32, moved: &Moved) -> u32 {
        number.wrapping_add(self.difference(number, moved) as u32)
    }

    fn difference(&self, number: u32, moved: &Moved) -> i32 {
        let after = self.known.partition_point(|known| known.number < number);
        let own = self.known.get(after).filter(|known| known.number == number);
        let below = after.checked_sub(1).and_then(|before| self.known.get(before));
        let above = self.known.get(after + usize::from(own.is_some()));
        if let Some(own) = own.filter(|known| known.is_sure) {
            return own.difference;
        }
        let [own, below, above] = [own, below, above].map(|known| known.map(|known| known.difference));
        if below == above {
            return below.unwrap_or(0);
        }
        let said = own.or(below);
        let went = moved.at(number as usize);
        if self.is_coherent { said.or(went) } else { went.or(said) }.unwrap_or(0)
    }

    /// What more than one word says: numbers and how much larger they became, ascending.
    pub(super) fn confirmed(&self) -> impl Iterator<Item = (u32, i32)> + '_ {
        let confirmed = self.known.iter().filter(|known| known.is_confirmed);
        confirmed.map(|known| (known.number, known.difference))
    }
}

impl Known {
    /// What most of the copies of one number say, which are in order; of several, the least.
    fn of(copies: &[(u32, i32)]) -> Self {
        let same = copies.chunk_by(|one, next| one.1 == next.1);
        let most = same.max_by_key(|same| (same.len(), Reverse(same[0].1))).unwrap_or(copies);
        let (number, difference) = most[0];
        let is_sure = most.len() > 1 && most.len() * 2 > copies.len();
        Self { number, difference, is_sure, is_confirmed: is_sure }
    }
}

/// The words of some bytes, which begin at `first`.
fn words(bytes: &[u8], first: usize) -> impl Iterator<Item = u32> + '_ {
    let words = bytes.get(first..).unwrap_or(&[]).as_chunks().0;
    words.iter().map(|word| u32::from_le_bytes(*word))
}

/// Whether a cover copies words of the base to where words are.
pub(super) fn is_of_words(cover: &Placed) -> bool {
    cover.is_of_base() && cover.displacement() % WORD as i64 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is known of numbers that were copied as words of one cover.
    fn numbers(copies: &[(u32, u32)]) -> Numbers {
        let bytes = |words: Vec<u32>| words.into_iter().flat_map(u32::to_le_bytes).collect::<Vec<u8>>();
        let (base, target) = copies.iter().copied().unzip();
        let (base, target) = (bytes(base), bytes(target));
        let cover = Placed::of_base(0, 0, base.len() as u32);
        Numbers::of(Images { base: &base, target: &target }, &[cover])
    }

    #[test]
    fn most_copies_decide_and_neighbours_where_a_word_stands_alone() {
        let copies = [(50, 57), (10, 12), (50, 57), (50, 99), (20, 22), (30, 5), (40, 42), (60, 60)];
        let numbers = numbers(&copies);
        let moved = Moved::default();
        let became = |number| numbers.became(number, &moved);
        assert_eq!(became(50), 57, "two of three");
        assert_eq!([became(10), became(20)], [12, 22]);
        assert_eq!(became(30), 32, "its neighbours agree");
        assert_eq!(became(45), 47, "the one below");
        assert_eq!(became(5), 5);
        let confirmed: Vec<(u32, i32)> = numbers.confirmed().collect();
        assert_eq!(confirmed, [(10, 2), (20, 2), (50, 7)]);
        assert!(numbers.is_coherent && !numbers.is_settled);
    }

    #[test]
    fn offsets_go_where_their_bytes_went_if_words_contradict_each_other() {
        let covers = [Placed::of_base(300, 100, 200)];
        let moved = Moved::new(1000, &covers);
        let wrong: Vec<(u32, u32)> =
            (0..20).map(|index| (100 + 8 * index, 300 + 9 * index * index)).collect();
        let wrong = numbers(&wrong);
        assert!(!wrong.is_coherent && !wrong.is_settled);
        assert_eq!(wrong.became(140, &moved), 340);
        let right: Vec<(u32, u32)> = (0..20).map(|index| (100 + 8 * index, 300 + 8 * index)).collect();
        let right = numbers(&right);
        assert!(right.is_coherent && right.is_settled);
        assert_eq!(right.became(140, &Moved::default()), 340);
    }
}
