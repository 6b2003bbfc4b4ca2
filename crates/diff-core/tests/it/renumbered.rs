//! Tables of numbers in images that are not small: found again where their records have another order and other numbers.

use crate::common::round_trip;
use smidgen_diff::Options;
use testkit::noise;

/// Whole pages of records in runs that stay together, as the parts of a program that a builder works on at the same time.
const RUN: usize = 12;
const RECORDS: usize = 24_576;
const RUNS: usize = RECORDS / RUN;
/// Every fourth run changes places with the one at its number times this.
const FACTOR: usize = 777;

/// A table of types: each record has the offset of a name, what it is, and the number of another record.
///
/// `order` has the number of each place's record, as in the old version.
fn table(order: &[usize]) -> Vec<u8> {
    let mut places = vec![0u32; RECORDS];
    let mut names = vec![0u32; RECORDS];
    let mut name = 0;
    for (place, &record) in order.iter().enumerate() {
        places[record] = place as u32;
        names[record] = name;
        name += 5 + (record * 31 % 17) as u32;
    }
    let words = order.iter().flat_map(|&record| {
        let other = (record * record + 7 * record) % RECORDS;
        [names[record], 0x0400_0000 | (record % 5) as u32, places[other]]
    });
    words.flat_map(u32::to_le_bytes).collect()
}

#[test]
fn renumbered_tables_are_found_again() {
    let order: Vec<usize> = (0..RECORDS).collect();
    let mut runs: Vec<usize> = (0..RUNS).collect();
    for run in (1..RUNS).step_by(4) {
        runs.swap(run, run * FACTOR % RUNS);
    }
    let reordered: Vec<usize> = runs.iter().flat_map(|run| run * RUN..(run + 1) * RUN).collect();
    let (other, fresh) = (noise(1 << 20, 256, 9), noise(4096, 256, 10));
    let old = [&other[..], &table(&order)].concat();
    // Behind the table is a copy of what the base does not have.
    let new = [&other[..], &table(&reordered), &fresh, &fresh].concat();
    let size = |level| round_trip(&old, &new, &Options::default().with_level(level)).bytes.len();
    let (before, after) = (size(5), size(6));
    let (before, after) = (before - fresh.len(), after - fresh.len());
    assert!(after * 3 < before * 2, "{after} instead of {before}");
}
