//! The cover search against a naive one: what a plain greedy search finds, it finds too, but for stated losses.

use crate::common::on_threads;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use smidgen_diff::internals::{Index, Match, SearchOptions, find_matches};
use testkit::{Edit, Program, edited, edits, noise};

/// The shortest match that the naive search takes. The real one wants nine equal bytes more than it has already.
const NAIVE_LEAST: usize = 24;
/// Equal bytes that the search may lose, on average, of what the naive search takes as one match.
///
/// It follows a displacement with up to eight unequal bytes, and then leaves stretches out where unequal bytes around
/// them prevail, as bsdiff does. So no bound holds for each match; four bytes are lost about once in ten thousand cases.
const LOSS: usize = 8;

/// Heuristics are judged by the same cases every time.
fn fixed_cases() -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::with_cases(300)
    }
}

fn covers(old: &[u8], new: &[u8]) -> Vec<Match> {
    search(old, new, &SearchOptions::default())
}

/// The covers, which are in order, not empty and within both images.
fn search(old: &[u8], new: &[u8], options: &SearchOptions) -> Vec<Match> {
    let covers = find_matches(&Index::build(old).unwrap(), new, options);
    let mut end = 0;
    for cover in &covers {
        assert!(cover.length > 0 && cover.target_start >= end, "empty or overlapping: {cover:?}");
        end = cover.target_start + cover.length;
        assert!(end as usize <= new.len(), "beyond the new image: {cover:?}");
        assert!((cover.base_start + cover.length) as usize <= old.len(), "beyond the old image: {cover:?}");
    }
    covers
}

/// Bytes that a cover gets right, in all.
pub(crate) fn equal_bytes(old: &[u8], new: &[u8], covers: &[Match]) -> usize {
    let equal = |cover: &Match| {
        let old = &old[cover.base_start as usize..][..cover.length as usize];
        let new = &new[cover.target_start as usize..][..cover.length as usize];
        old.iter().zip(new).filter(|(old, new)| old == new).count()
    };
    covers.iter().map(equal).sum()
}

/// Takes the longest match wherever there is one, from the start of the image to its end: how many, and how long.
fn naive(old: &[u8], new: &[u8]) -> (usize, usize) {
    let (mut matches, mut bytes, mut position) = (0, 0, 0);
    while position < new.len() {
        let length = longest(old, &new[position..]);
        if length >= NAIVE_LEAST {
            matches += 1;
            bytes += length;
            position += length;
        } else {
            position += 1;
        }
    }
    (matches, bytes)
}

fn longest(old: &[u8], needle: &[u8]) -> usize {
    let length = |start: usize| old[start..].iter().zip(needle).take_while(|(old, new)| old == new).count();
    // Most places differ at once.
    let starts = (0..old.len()).filter(|&start| needle.first() == Some(&old[start]));
    starts.map(length).max().unwrap_or(0)
}

fn compare(old: &[u8], new: &[u8]) {
    let covers = covers(old, new);
    let (matches, bytes) = naive(old, new);
    let found = equal_bytes(old, new, &covers);
    assert!(found + LOSS * matches >= bytes, "{found} equal bytes; naively {bytes} in {matches} matches");
}

proptest! {
    #![proptest_config(fixed_cases())]

    #[test]
    fn edited_images_are_matched_as_well_as_naively(length in 0..2500usize, seed: u64, edits in edits(12)) {
        let old = noise(length, 256, seed);
        compare(&old, &edited(&old, &edits));
    }

    #[test]
    fn code_is_matched_as_well_as_naively(seeds: (u64, u64), functions in 1..40u32, changes in 0..6u32, edits in edits(4)) {
        let program = Program::new(functions, seeds.0);
        let new = program.revised(changes, seeds.1).link();
        compare(&program.link(), &edited(&new, &edits));
    }

    /// With few different bytes nearly everything matches somewhere, and what is best is a matter of taste.
    #[test]
    fn covers_of_monotonous_images_are_valid(
        old in prop::collection::vec(0..2u8, 0..500), new in prop::collection::vec(0..2u8, 0..500), threshold in 0..20u32,
        stretch in 1..600usize,
    ) {
        search(&old, &new, &SearchOptions { threshold, stretch });
    }
}

proptest! {
    #[test]
    fn covers_of_edited_images_are_valid(
        length in 0..5000usize, seed: u64, alphabet in 1..=256u32, edits in edits(30), stretch in 1..3000usize,
    ) {
        let old = noise(length, alphabet, seed);
        search(&old, &edited(&old, &edits), &SearchOptions { stretch, ..SearchOptions::default() });
    }

    #[test]
    fn few_edits_leave_nearly_everything_covered(seed: u64, edits in edits(10)) {
        let old = noise(20_000, 256, seed);
        let new = edited(&old, &edits);
        let covers = search(&old, &new, &SearchOptions { stretch: 1 << 12, ..SearchOptions::default() });
        // An edit brings at most 40 new bytes and cuts off at most three ends too short to be found.
        prop_assert!(equal_bytes(&old, &new, &covers) + edits.len() * 70 >= new.len());
    }
}

#[test]
fn a_lone_insertion_costs_no_equal_byte() {
    let old = noise(5000, 256, 1);
    let new = [&old[..2000], b"something new", &old[2000..]].concat();
    let covers = covers(&old, &new);
    assert_eq!(equal_bytes(&old, &new, &covers), old.len());
    assert_eq!(covers.len(), 2);
}

#[test]
fn scattered_changes_do_not_break_a_cover() {
    let old = noise(5000, 256, 2);
    let mut new = old.clone();
    new.iter_mut().step_by(50).for_each(|byte| *byte ^= 0xFF);
    new[0] = old[0];
    assert_eq!(covers(&old, &new), [Match { target_start: 0, base_start: 0, length: 4951 + 49 }]);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let old = noise(300_000, 256, 7);
    let edits: Vec<Edit> = (0..200).map(|i| Edit::Move(i * 7919, i * 104_729, 150 + i)).collect();
    let new = edited(&old, &edits);
    let options = SearchOptions { stretch: 10_000, ..SearchOptions::default() };
    let run = |threads| on_threads(threads, || search(&old, &new, &options));
    assert_eq!(run(1), run(2));
}

#[test]
fn a_stretch_join_inside_a_match_costs_nothing() {
    let old = noise(50_000, 256, 3);
    let new = [&old[20_000..], &old[..20_000]].concat();
    let joined = search(&old, &new, &SearchOptions { stretch: 777, ..SearchOptions::default() });
    assert_eq!(joined, covers(&old, &new));
    assert_eq!(joined.len(), 2);
}

#[test]
fn equal_images_are_one_cover() {
    let image = noise(100_000, 256, 1);
    let covers = search(&image, &image, &SearchOptions { stretch: 1000, ..SearchOptions::default() });
    assert_eq!(covers, [Match { target_start: 0, base_start: 0, length: 100_000 }]);
}

#[test]
fn empty_images_have_no_covers() {
    for (old, new) in [(&b""[..], &b""[..]), (b"", b"something"), (b"something", b"")] {
        assert_eq!(covers(old, new), []);
    }
}
