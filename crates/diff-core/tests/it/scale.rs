//! Large images: stretches found first lose nothing that matters, and no data makes the search slow.

use smidgen_diff::internals::{Equal, Index, Match, SearchOptions, find_matches_around};
use smidgen_diff::{Options, Silent, diff};
use testkit::noise;

use crate::common::{on_threads, within};
use crate::matching::equal_bytes;

/// Bytes of the images of the ordinary tests, and of the long ones.
const SMALL: usize = 32 << 10;
const LARGE: usize = 100_000_000;

/// The search as large images get it.
fn search(old: &[u8], new: &[u8]) -> Vec<Match> {
    let equal = Equal::find(old, new);
    let index = Index::around(old, &equal, 5).unwrap();
    find_matches_around(&index, new, &equal, &SearchOptions::default())
}

fn periodic(size: usize, period: usize, seed: u64) -> Vec<u8> {
    noise(period, 256, seed).into_iter().cycle().take(size).collect()
}

fn swapped_halves(image: &[u8]) -> Vec<u8> {
    let (first, second) = image.split_at(image.len() / 2);
    [second, first].concat()
}

/// Pairs in which nearly everything is alike, nothing is, or the same over and over again.
fn degenerate(size: usize) -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    let chaos = noise(size, 256, 1);
    let halves = swapped_halves(&chaos);
    let sparse: Vec<u8> = (0..size).map(|at| u8::from(at % 1000 == 0)).collect();
    vec![
        ("one byte, another", vec![0; size], vec![0xFF; size]),
        ("one byte, the same", vec![0; size], vec![0; size]),
        ("periods of 1000 and 997", periodic(size, 1000, 2), periodic(size, 997, 2)),
        ("periods of 3 and 4", periodic(size, 3, 3), periodic(size, 4, 3)),
        ("period, sparse", periodic(size, 250, 4), sparse.clone()),
        ("sparse, moved", sparse.clone(), sparse[1..].to_vec()),
        ("two bytes", noise(size, 2, 5), noise(size, 2, 6)),
        ("swapped halves", chaos.clone(), halves),
        ("noise, zeros", chaos.clone(), vec![0; size]),
        ("zeros, noise", vec![0; size], chaos.clone()),
        ("nothing, noise", Vec::new(), chaos.clone()),
        ("noise, nothing", chaos, Vec::new()),
    ]
}

/// How long it takes is a matter of `no_data_makes_a_package_slow`, and what the search compares of its own tests.
#[test]
fn packages_of_degenerate_images_are_proved() {
    for (what, old, new) in degenerate(SMALL) {
        assert!(diff(&old, &new, &Options::default(), &Silent).is_ok(), "{what}");
    }
}

#[test]
#[ignore = "long"]
fn no_data_makes_a_package_slow() {
    for (what, old, new) in degenerate(512 << 10) {
        within(60, what, || drop(diff(&old, &new, &Options::default(), &Silent).unwrap()));
    }
}

#[test]
#[ignore = "long, and 3 GB of memory"]
fn no_data_makes_the_search_slow_at_100_mb() {
    // Of two bytes in random order every string of 26 occurs: one lookup for two bytes, the most there can be.
    for (what, old, new) in degenerate(LARGE).into_iter().filter(|(what, ..)| *what != "two bytes") {
        within(60, what, || drop(search(&old, &new)));
    }
}

/// Cuts an image at some places, leaves bytes out there and puts others in.
fn patched(old: &[u8], every: usize) -> Vec<u8> {
    let mut new = Vec::new();
    for (number, piece) in old.chunks(every).enumerate() {
        let dropped = number * 7 % 90;
        new.extend_from_slice(&piece[dropped.min(piece.len())..]);
        new.extend(noise(number * 13 % 80, 256, number as u64));
    }
    new
}

#[test]
fn what_is_found_first_is_what_the_scan_finds() {
    // More than is sorted beside equal stretches, so that parts are left out; one image that is large, too.
    let image = noise(48 << 20, 256, 7);
    for (size, every) in [(20 << 20, 5000), (image.len(), 50_000), (20 << 20, 3_000_000)] {
        let old = &image[..size];
        let new = patched(old, every);
        let covers = search(old, &new);
        let pieces = old.len().div_ceil(every);
        assert!(covers.len() <= pieces + pieces / 50 + 1, "{} covers of {pieces} pieces", covers.len());
        let dropped = old.chunks(every).enumerate().map(|(number, _)| number * 7 % 90).sum::<usize>();
        let found = equal_bytes(old, &new, &covers);
        assert!(found + pieces * 10 + dropped >= old.len(), "{found} equal bytes with pieces of {every}");
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let old = noise(18 << 20, 256, 8);
    let new = patched(&old, 9000);
    let run = |threads| on_threads(threads, || search(&old, &new));
    assert_eq!(run(1), run(3));
}
