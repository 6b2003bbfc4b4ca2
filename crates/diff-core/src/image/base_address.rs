//! Where an image runs: votes of pointers for the address that makes them point at something.
//!
//! A pointer to a string or a function, less the offset of that string or function, is the base address. Every
//! pair of a word and a likely target votes; the true address gets many votes, chance spreads over all others.

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
/// Fewer votes than this are chance, and fewer than `RIVAL_VOTES` less than half of that: no rival of an address.
const LEAST_VOTES: u32 = 8;
const RIVAL_VOTES: u32 = LEAST_VOTES / 2 + 1;
/// Places of a first, rough count: 1 MiB of them.
const PLACES_LOG: u32 = 19;
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
    let halves = || wide_words(image).map(|(_, high)| high).filter(|&high| high != 0 && high != u32::MAX);
    let counts = frequent(halves, LEAST_WIDE);
    counts.into_iter().max_by_key(|&(high, count)| (count, !high)).map(|(high, _)| high)
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
    let words: Vec<u32> = thinned(pointers, MOST_WORDS).collect();
    let addresses = || {
        let of_word = |&word: &u32| {
            let targets = by_low_byte[(word % ALIGNMENT) as usize].iter();
            targets.filter_map(move |&target| word.checked_sub(target))
        };
        words.iter().flat_map(of_word)
    };
    frequent(addresses, RIVAL_VOTES)
}

/// The values that come at least `least` times, and not less than a quarter as often as the most frequent one; ascending,
/// each with how often.
///
/// Nearly all values are rare: first all are counted in a small table in which several may share a place, then those
/// in busy places are sorted. A map would spend its time on misses of the cache.
fn frequent<I: Iterator<Item = u32>>(values: impl Fn() -> I, least: u32) -> Vec<(u32, u32)> {
    let place = |value: u32| (value.wrapping_mul(0x9E37_79B1) >> (u32::BITS - PLACES_LOG)) as usize;
    let mut places = vec![0u16; 1 << PLACES_LOG];
    values().for_each(|value| places[place(value)] = places[place(value)].saturating_add(1));
    let count = |least: u32| {
        let mut busy: Vec<u32> = values().filter(|&value| u32::from(places[place(value)]) >= least).collect();
        busy.sort_unstable();
        let counts = busy.chunk_by(|one, other| one == other).map(|alike| (alike[0], alike.len() as u32));
        counts.filter(|&(_, count)| count >= least).collect::<Vec<_>>()
    };
    // No value comes more often than the fullest place says; one that comes half as often is hardly ever missing.
    let most = u32::from(places.iter().copied().max().unwrap_or(0));
    let few = count(least.max(most / 8));
    if few.iter().any(|&(_, count)| count >= most / 2) { few } else { count(least) }
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
    fn frequent_values_are_counted_as_one_by_one() {
        let values: Vec<u32> = (0..60_000u32).map(|i| (i * i % 7919) << 8).collect();
        let mut counts = std::collections::BTreeMap::new();
        values.iter().for_each(|&value| *counts.entry(value).or_insert(0u32) += 1);
        for least in [5, 8, 20] {
            let expected: Vec<(u32, u32)> =
                counts.iter().map(|(&value, &count)| (value, count)).filter(|pair| pair.1 >= least).collect();
            assert_eq!(frequent(|| values.iter().copied(), least), expected);
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
