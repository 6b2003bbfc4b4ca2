//! Bounds of the search on any data: bytes compared are counted, so that they are the same on every machine.

use super::compare::tests::COMPARED;
use super::{Equal, Index, SearchOptions, find_matches_around};

const SIZE: usize = 1 << 16;

/// Bytes compared for each byte of both images, as the scan promises: the threshold, and lookups that find nothing.
/// The most is 33, noise of two values on zeros.
const PER_BYTE: u64 = 48;

/// Bytes that look random and are always the same, of which there are `alphabet` different ones.
pub(crate) fn noise(length: usize, alphabet: u32, mut state: u64) -> Vec<u8> {
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 32) as u32 % alphabet) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn periodic(period: usize) -> Vec<u8> {
    noise(period, 256, period as u64).into_iter().cycle().take(SIZE).collect()
}

fn sparse(every: usize) -> Vec<u8> {
    (0..SIZE).map(|at| u8::from(at % every == 0)).collect()
}

/// Images in which everything is alike, nothing is, or the same over and over again.
fn degenerate() -> Vec<(&'static str, Vec<u8>)> {
    let chaos = noise(SIZE, 256, 1);
    let (first, second) = chaos.split_at(SIZE / 2);
    vec![
        ("zeros", vec![0; SIZE]),
        ("ones", vec![0xFF; SIZE]),
        ("period of 3", periodic(3)),
        ("period of 4", periodic(4)),
        ("period of 250", periodic(250)),
        ("period of 997", periodic(997)),
        ("period of 1000", periodic(1000)),
        ("sparse", sparse(1000)),
        ("sparse, moved", sparse(1000)[1..].to_vec()),
        ("sparser", sparse(60_000)),
        ("two bytes", noise(SIZE, 2, 5)),
        ("two other bytes", noise(SIZE, 2, 6)),
        ("halves swapped", [second, first].concat()),
        ("noise", chaos),
        ("nothing", Vec::new()),
    ]
}

/// Bytes compared by a search, which one thread does.
fn compared(base: &[u8], target: &[u8], equal: bool) -> u64 {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| {
        let equal = if equal { Equal::find(base, target) } else { Equal::default() };
        let index = Index::around(base, &equal, 5).unwrap();
        find_matches_around(
            &index,
            target,
            &equal,
            &SearchOptions { stretch: SIZE / 4, ..SearchOptions::default() },
        );
        COMPARED.get()
    })
}

#[test]
fn no_data_makes_the_search_slow() {
    let images = degenerate();
    for (base_name, base) in &images {
        for (target_name, target) in &images {
            for equal in [false, true] {
                let compared = compared(base, target, equal);
                let bound = PER_BYTE * (base.len() + target.len() + 1) as u64;
                println!("{base_name}, {target_name}, {equal}: {compared} of {bound}");
                assert!(compared <= bound, "{base_name}, {target_name}, {equal}: {compared} of {bound}");
            }
        }
    }
}
