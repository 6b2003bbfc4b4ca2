//! Packages that no honest encoder would make: the most work for the fewest bytes.

use smidgen_patch::Header;
use smidgen_patch::header::{Forms, ModelSize, PageKind, Tuning};
use smidgen_patch::internals::apply::{Cover, Source};
use smidgen_patch::internals::refs::Landmark;
use testkit::Choice;

use crate::measure::Tally;
use crate::packages::Stock;
use crate::plain::{IMAGE_LIMIT, TIME_LIMIT, restore};
use crate::random::Random;

/// A body that ends early may yield this many more bytes: what a decoder takes for zeros, at the least cost of a byte.
const BEYOND_END: usize = 1 << 20;
/// Of the format: more are refused.
const LANDMARKS: [u32; 6] = [1, 64, 1024, 10_000, 40_000, 160_000];
const LEARNED: [u32; 4] = [64, 1024, 1 << 14, 1 << 16];
/// All of code and of words are tried; those that a header knows.
const KINDS: u8 = 32;
/// Where images run.
const ADDRESS: u32 = 0x1000_0000;

pub fn attack(_: &Stock, case: u64, tally: &mut Tally) -> Result<(), String> {
    let mut random = Random::new(case);
    match random.below(4) {
        0 => landmarks(&mut random, tally),
        1 => learned(&mut random, tally),
        2 => zeros(&mut random, tally),
        _ => noise(&mut random, tally),
    }
}

/// As many as the header may state, to places in any order, each agreed to.
fn landmarks(random: &mut Random, tally: &mut Tally) -> Result<(), String> {
    let count = *random.pick(&LANDMARKS);
    let size = count.max(4096);
    let last = size - 1;
    let base: Vec<u8> = (0..size).map(|at| at as u8).collect();
    let order = [1, last, 255, 1 + random.below(size as usize) as u32];
    let step = u64::from(*random.pick(&order));
    let start = |at: u32| ((u64::from(at) * step) % u64::from(size)) as u32;
    let target: Vec<u8> = (0..size).map(|at| base[start(at) as usize]).collect();
    let covers: Vec<(u32, Cover)> = (0..size).map(|at| (at, cover(start(at), 1))).collect();
    // To the covers in turn, all to the same place, or in the opposite order.
    let ahead = random.below(3);
    let landmark = |index: u32| {
        let target = [index, last, last - index][ahead];
        Landmark { base: index, target, length: 1 }
    };
    let choice = choice(PageKind::Bytes, 64, 0);
    spend("landmarks", &choice, &base, &target, &covers, (0..count).map(landmark).collect(), tally)
}

/// Words whose targets descend, each with a displacement of its own: every one is put before all others.
fn learned(random: &mut Random, tally: &mut Tally) -> Result<(), String> {
    let entries = *random.pick(&LEARNED);
    let words = 4 * entries.min(1 << 15);
    let pointer = |word: u32| ADDRESS + (words - word) * 4 - 4;
    let shift = 1 + random.below(9) as u32;
    let moved = |word: u32| {
        pointer(word).wrapping_add(if word.is_multiple_of(2) {
            4 * (word / 2 % 5 + shift)
        } else {
            0u32.wrapping_sub(8)
        })
    };
    let base: Vec<u8> = (0..words).flat_map(|word| pointer(word).to_le_bytes()).collect();
    let target: Vec<u8> = (0..words).flat_map(|word| moved(word).to_le_bytes()).collect();
    let kind = PageKind::from_number(16 + random.below(3) as u8).unwrap_or_default();
    let covers = [(0, cover(0, 4 * words))];
    spend("learned", &choice(kind, 64, entries), &base, &target, &covers, Vec::new(), tally)
}

/// A body of zeros or of nothing, which a decoder must not read for ever.
fn zeros(random: &mut Random, tally: &mut Tally) -> Result<(), String> {
    let body = match random.below(3) {
        0 => vec![0; random.below(40)],
        1 => vec![0xFF; random.below(40)],
        _ => random.bytes(40),
    };
    let header = choice(PageKind::Bytes, 1 << random.below(12), 0).header(&[0; 4096], &[], 0);
    let header = Header { target_size: IMAGE_LIMIT, body_length: body.len() as u32, ..header };
    let package = [header.to_bytes(), body].concat();
    let restored = restore(&[0; 4096], &package, &mut |patcher| patcher.push(&package));
    tally.took(restored.cost, restored.target.len() as u64);
    tally.saw(format!("zeros {:?}", restored.result.map(drop).map_err(|error| error.number())));
    let most = BEYOND_END;
    let made = restored.target.len();
    if made > most { Err(format!("{} bytes make {made}", package.len())) } else { Ok(()) }
}

/// Bodies at random behind headers with any tables, for any kinds of code and words.
fn noise(random: &mut Random, tally: &mut Tally) -> Result<(), String> {
    let base = random.bytes(4096);
    let kinds: Vec<PageKind> = (0..KINDS).filter_map(|kind| PageKind::from_number(kind).ok()).collect();
    let first = random.below(kinds.len());
    let kinds: Vec<PageKind> = kinds.into_iter().cycle().skip(first).take(1 + random.below(4)).collect();
    let (slots, landmarks) = (1 << random.below(12), random.below(200) as u32);
    let choice = Choice { kinds, ..choice(PageKind::Bytes, slots, random.below(2000) as u32) };
    let length = random.below(3000);
    let body = random.bytes(length);
    let header = choice.header(&base, &[], landmarks);
    let target_size = 4096 + random.below(100_000) as u32;
    let header =
        Header { target_size, body_length: body.len() as u32, read_back: random.one_in(2), ..header };
    let package = [header.to_bytes(), body].concat();
    decode("noise", &base, &package, tally)
}

fn spend(
    what: &str,
    choice: &Choice,
    base: &[u8],
    target: &[u8],
    covers: &[(u32, Cover)],
    landmarks: Vec<Landmark>,
    tally: &mut Tally,
) -> Result<(), String> {
    // What the format has no room for cannot be made, and need not.
    if Header::parse(&choice.header(base, target, landmarks.len() as u32).to_bytes()).is_err() {
        tally.saw(format!("{what} refused"));
        return Ok(());
    }
    decode(what, base, &choice.package_with(base, target, covers, landmarks), tally)
}

fn decode(what: &str, base: &[u8], package: &[u8], tally: &mut Tally) -> Result<(), String> {
    let restored = restore(base, package, &mut |patcher| patcher.push(package));
    let (made, micros) = (restored.target.len(), restored.cost.time.as_secs_f64() * 1e6);
    tally.mutations += 1;
    tally.took(restored.cost, made as u64);
    tally.saw(format!("{what} {:?}", restored.result.map(drop).map_err(|error| error.number())));
    if micros > 20_000.0 + TIME_LIMIT * (made + base.len()) as f64 {
        return Err(format!("{what}: {} bytes take {micros:.0} us and make {made}", package.len()));
    }
    Ok(())
}

fn choice(kind: PageKind, slots: u32, learned: u32) -> Choice {
    Choice {
        kinds: vec![kind],
        forms: Forms::NONE,
        places: Vec::new(),
        base_address: ADDRESS.into(),
        size: ModelSize { slots, landmarks: 0, learned },
        tuning: Tuning { counter_rate: 4, mixer_rate: 6, block_log: 6, high_first: false },
        lite: false,
    }
}

const fn cover(start: u32, length: u32) -> Cover {
    Cover { source: Source::Base, start, length }
}
