//! The header of a block with trees of its own (RFC 1951, section 3.2.7).

use std::vec;
use std::vec::Vec;

use super::bits::{BitReader, BitWriter};
use super::token::{DISTANCES, END, LITERALS};
use super::tree::{Decoder, code_lengths, codes};

/// The order of the code lengths of code lengths.
pub(super) const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/// The longest code of a code length.
pub(super) const LONGEST_OF_LENGTHS: u8 = 7;
/// Fewest lengths of literals, of distances, and of code lengths.
pub(super) const LEAST: [u16; 3] = [257, 1, 4];
/// Most of them.
pub(super) const MOST: [u16; 3] = [288, 32, 19];

/// How two trees are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// How many lengths of literals and of distances there are.
    pub(super) literals: u16,
    pub(super) distances: u16,
    /// Their lengths, and repetitions of these.
    pub(super) steps: Vec<Step>,
    /// Code lengths of the symbols of the steps, and how many of them are written.
    pub(super) lengths: [u8; 19],
    pub(super) count: u16,
}

/// A code length, 0 to 15, or a repetition: 16 of the length before, 17 and 18 of zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) symbol: u8,
    pub(super) extra: u8,
}

impl Step {
    /// The bits after its symbol.
    pub(super) const fn bits(self) -> u32 {
        match self.symbol {
            16 => 2,
            17 => 3,
            18 => 7,
            _ => 0,
        }
    }

    /// How many code lengths it stands for.
    pub(super) const fn span(self) -> usize {
        match self.symbol {
            16 | 17 => self.extra as usize + 3,
            18 => self.extra as usize + 11,
            _ => 1,
        }
    }
}

impl Header {
    /// Reads a header behind the type of the block.
    pub(super) fn read(reader: &mut BitReader<'_>) -> Option<Self> {
        let literals = reader.take(5)? as u16 + 257;
        let distances = reader.take(5)? as u16 + 1;
        let count = reader.take(4)? as u16 + 4;
        let mut lengths = [0; 19];
        for &place in ORDER.iter().take(count.into()) {
            *lengths.get_mut(place)? = reader.take(3)? as u8;
        }
        let decoder = Decoder::new(&lengths)?;
        let (mut steps, mut left) = (Vec::new(), usize::from(literals + distances));
        while left > 0 {
            let mut step = Step { symbol: decoder.symbol(reader)? as u8, extra: 0 };
            step.extra = reader.take(step.bits())? as u8;
            left = left.checked_sub(step.span())?;
            steps.push(step);
        }
        let header = Self { literals, distances, steps, lengths, count };
        header.trees().map(|_| header)
    }

    /// Writes what [`Header::read`] reads.
    pub(super) fn write(&self, writer: &mut BitWriter) -> Option<()> {
        writer.put(u32::from(self.literals) - 257, 5);
        writer.put(u32::from(self.distances) - 1, 5);
        writer.put(u32::from(self.count) - 4, 4);
        for &place in ORDER.iter().take(self.count.into()) {
            writer.put((*self.lengths.get(place)?).into(), 3);
        }
        let codes = codes(&self.lengths)?;
        for step in &self.steps {
            let code = codes.get(usize::from(step.symbol))?;
            writer.put(code.bits.into(), code.length.into());
            writer.put(step.extra.into(), step.bits());
        }
        Some(())
    }

    /// The code lengths of literals and of distances; `None` if the first step repeats nothing.
    pub(super) fn trees(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut lengths: Vec<u8> = Vec::new();
        for step in &self.steps {
            let length = match step.symbol {
                16 => *lengths.last()?,
                17 | 18 => 0,
                length => length,
            };
            lengths.resize(lengths.len() + step.span(), length);
        }
        let distances = lengths.split_off(usize::from(self.literals).min(lengths.len()));
        Some((lengths, distances))
    }

    /// How zlib writes trees of these code lengths.
    pub(super) fn expected(literals: &[u8], distances: &[u8]) -> Self {
        let used = |lengths: &[u8], least: u16| {
            let used = lengths.iter().rposition(|&length| length > 0).map_or(0, |last| last + 1);
            used.max(least.into()) as u16
        };
        let (literals_used, distances_used) = (used(literals, LEAST[0]), used(distances, LEAST[1]));
        let mut steps = Vec::new();
        for (lengths, count) in [(literals, literals_used), (distances, distances_used)] {
            let mut rest = lengths.get(..count.into()).unwrap_or(lengths);
            let mut before = None;
            while !rest.is_empty() {
                let step = next_step(rest, before);
                before = rest.first().copied();
                rest = rest.get(step.span()..).unwrap_or(&[]);
                steps.push(step);
            }
        }
        Self::of_steps(literals_used, distances_used, steps)
    }

    /// The header whose steps have the codes that zlib chooses for them.
    pub(super) fn of_steps(literals: u16, distances: u16, steps: Vec<Step>) -> Self {
        let mut frequencies = [0; 19];
        for step in &steps {
            if let Some(frequency) = frequencies.get_mut(usize::from(step.symbol)) {
                *frequency += 1;
            }
        }
        let mut lengths = [0; 19];
        let chosen = code_lengths(&frequencies, LONGEST_OF_LENGTHS);
        lengths.iter_mut().zip(chosen).for_each(|(place, length)| *place = length);
        Self { literals, distances, steps, lengths, count: written(&lengths) }
    }
}

/// How many code lengths of code lengths must be written.
pub(super) fn written(lengths: &[u8; 19]) -> u16 {
    let used = |&place: &usize| lengths.get(place).is_some_and(|&length| length > 0);
    ORDER.iter().rposition(used).map_or(0, |last| last as u16 + 1).max(LEAST[2])
}

/// The step with which zlib goes on where the length before is `before`, within one of the trees.
pub(super) fn next_step(rest: &[u8], before: Option<u8>) -> Step {
    let Some(&length) = rest.first() else { return Step::default() };
    let run = rest.iter().take(138).take_while(|&&other| other == length).count();
    match (length, run) {
        (0, 3..=10) => Step { symbol: 17, extra: run as u8 - 3 },
        (0, 11..) => Step { symbol: 18, extra: run as u8 - 11 },
        (1.., 3..) if before == Some(length) => Step { symbol: 16, extra: run.min(6) as u8 - 3 },
        _ => Step { symbol: length, extra: 0 },
    }
}

/// The code lengths of blocks with fixed trees.
pub(super) fn fixed() -> (Vec<u8>, Vec<u8>) {
    let mut literals = vec![8; 144];
    literals.resize(256, 9);
    literals.resize(280, 7);
    literals.resize(288, 8);
    (literals, vec![5; 32])
}

/// The code lengths that zlib chooses for a block in which symbols have these frequencies.
pub(super) fn expected_lengths(
    literals: &[u32; LITERALS],
    distances: &[u32; DISTANCES],
) -> (Vec<u8>, Vec<u8>) {
    let mut literals = *literals;
    literals[END] = 1;
    let limit = super::tree::LONGEST_CODE;
    (code_lengths(&literals, limit), code_lengths(distances, limit))
}
