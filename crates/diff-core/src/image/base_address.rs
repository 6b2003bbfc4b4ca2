//! Where an image runs: votes of pointers for the address that makes them point at something.
//!
//! A pointer to a string or a function, less the offset of that string or function, is the base address. Every
//! pair of a word and a likely target votes; the true address gets many votes, chance spreads over all others.

use std::collections::HashMap;
use std::mem::take;

use crate::bytes::words;

/// Images begin at multiples of this.
const ALIGNMENT: u32 = 0x100;
/// Words and targets beyond these numbers are thinned out evenly.
const MOST_WORDS: usize = 8192;
const MOST_TARGETS: usize = 32_768;
/// The same for targets with the same low byte, four times as many as there are on average: where all of them are
/// aligned, as in an archive, each word would vote for each.
const MOST_ALIKE: usize = 512;
/// Fewer votes than this are chance.
const LEAST_VOTES: u32 = 8;
/// Entries of a vector table that are looked at.
const VECTORS: usize = 16;

/// Fewer addresses of 64 bits with the same upper half than this are chance.
const LEAST_WIDE: u32 = 256;

/// The address of the image's first byte, if it is detected: the lower and the upper 32 bits.
pub(crate) fn base_address(image: &[u8]) -> Option<(u32, u32)> {
    let wide = common_upper_half(image).and_then(|high| {
        let pointers = wide_words(image).filter(|&(_, upper)| upper == high).map(|(low, _)| low);
        Some((winner(&votes(image, distinct(pointers)))?, high))
    });
    let narrow = || winner(&votes(image, pointers(image))).or_else(|| from_vector_table(image));
    wide.or_else(|| narrow().map(|low| (low, 0)))
}

/// The upper half that most words of 64 bits have in common, if it is an address's.
fn common_upper_half(image: &[u8]) -> Option<u32> {
    let mut counts: HashMap<u32, u32> = HashMap::new();
    for (_, high) in wide_words(image).filter(|&(_, high)| high != 0 && high != u32::MAX) {
        *counts.entry(high).or_default() += 1;
    }
    let (&high, &count) = counts.iter().max_by_key(|&(&high, &count)| (count, !high))?;
    (count >= LEAST_WIDE).then_some(high)
}

/// The aligned little-endian words of 64 bits, lower half first.
fn wide_words(image: &[u8]) -> impl Iterator<Item = (u32, u32)> {
    image.chunks_exact(8).map(|word| {
        let half = |at: usize| u32::from_le_bytes([word[at], word[at + 1], word[at + 2], word[at + 3]]);
        (half(0), half(4))
    })
}

/// The address with the most votes, if they are enough and no other address comes near.
fn winner(votes: &[(u32, u32)]) -> Option<u32> {
    let (address, count) = votes.iter().copied().max_by_key(|&(address, count)| (count, !address))?;
    let rival = votes.iter().filter(|&&(other, _)| other != address).map(|&(_, count)| count).max();
    let clear = count >= LEAST_VOTES && count >= 2 * rival.unwrap_or(0);
    clear.then_some(address)
}

fn votes(image: &[u8], pointers: Vec<u32>) -> Vec<(u32, u32)> {
    let mut by_low_byte: Vec<Vec<u32>> = vec![Vec::new(); ALIGNMENT as usize];
    for target in thinned(targets(image), MOST_TARGETS) {
        by_low_byte[(target % ALIGNMENT) as usize].push(target);
    }
    by_low_byte.iter_mut().for_each(|targets| *targets = thinned(take(targets), MOST_ALIKE).collect());
    let mut votes: HashMap<u32, u32> = HashMap::new();
    for word in thinned(pointers, MOST_WORDS) {
        for &target in &by_low_byte[(word % ALIGNMENT) as usize] {
            if let Some(address) = word.checked_sub(target) {
                *votes.entry(address).or_default() += 1;
            }
        }
    }
    let mut votes: Vec<(u32, u32)> = votes.into_iter().collect();
    votes.sort_unstable();
    votes
}

/// Distinct words that could be addresses in flash, each once; Thumb's low bit is kept, targets carry it too.
fn pointers(image: &[u8]) -> Vec<u32> {
    distinct(words(image).filter(|word| (0x100..0xF000_0000).contains(word)))
}

fn distinct(values: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut values: Vec<u32> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// Offsets where a string or (with the low bit set) a Thumb function begins.
fn targets(image: &[u8]) -> Vec<u32> {
    let mut targets = Vec::new();
    for (index, window) in image.windows(6).enumerate() {
        if window[0] == 0 && window[1..].iter().all(|byte| (0x20..0x7F).contains(byte)) {
            targets.push(index as u32 + 1);
        }
        let pushes = window[1] == 0xB5 || window[..2] == [0x2D, 0xE9];
        if pushes && index % 2 == 0 {
            targets.push(index as u32 | 1);
        }
    }
    targets
}

fn thinned(values: Vec<u32>, most: usize) -> impl Iterator<Item = u32> {
    let step = values.len().div_ceil(most).max(1);
    values.into_iter().step_by(step)
}

/// Cortex-M images begin with a stack pointer and the odd addresses of handlers, the reset handler's near the front.
fn from_vector_table(image: &[u8]) -> Option<u32> {
    let vectors: Vec<u32> = words(image).take(VECTORS).collect();
    let (&stack, handlers) = vectors.split_first()?;
    let in_ram = (0x1000_0000..0x4000_0000).contains(&stack) && stack % 4 == 0;
    let handlers: Vec<u32> = handlers.iter().copied().filter(|&handler| handler != 0).collect();
    let odd = handlers.len() >= 2 && handlers.iter().all(|handler| handler % 2 == 1);
    let (least, most) = (*handlers.iter().min()?, *handlers.iter().max()?);
    let near = (most - least) as usize <= image.len();
    // Without votes the best guess is that the image begins at a round address at or before its handlers.
    let size = (image.len() as u32).next_power_of_two().max(ALIGNMENT);
    (in_ram && odd && near).then_some(least & !(size - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image at `address` of strings, and a table of pointers to them.
    fn image_at(address: u32, strings: u32) -> Vec<u8> {
        let table = strings * 4;
        let mut image = Vec::new();
        for index in 0..strings {
            image.extend((address + table + 1 + index * 19).to_le_bytes());
        }
        for index in 0..strings {
            image.extend(format!("\0string number {index:04}").bytes());
        }
        image
    }

    #[test]
    fn pointers_to_strings_give_the_address() {
        for address in [0x0800_4000, 0x2_0000, 0x4037_0000] {
            assert_eq!(base_address(&image_at(address, 40)), Some((address, 0)));
        }
    }

    #[test]
    fn noise_gives_no_address() {
        let noise: Vec<u8> =
            (0..100_000u64).map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect();
        assert_eq!(base_address(&noise), None);
        assert_eq!(base_address(&[]), None);
    }

    #[test]
    fn a_vector_table_alone_is_a_hint() {
        let mut image = vec![0; 1000];
        for (place, word) in [0x2000_8000u32, 0x0801_0101, 0x0801_0201, 0x0801_0203].iter().enumerate() {
            image[place * 4..place * 4 + 4].copy_from_slice(&word.to_le_bytes());
        }
        assert_eq!(base_address(&image), Some((0x0801_0000, 0)));
    }
}
