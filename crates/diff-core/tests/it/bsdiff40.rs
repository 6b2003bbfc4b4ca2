//! BSDIFF40 patches against a decoder of our own and against the programs that made the format.

use std::fs;
use std::process::Command;

use proptest::prelude::*;
use smidgen_diff::bsdiff40::{decode, is_bsdiff40, target_size};
use smidgen_diff::internals::{Match, encode};
use testkit::{noise, peers};

const LIMIT: u64 = 1 << 20;

/// Images and valid covers of them, some of which are empty, adjacent, or go backwards in the old image.
fn cases() -> impl Strategy<Value = (Vec<u8>, Vec<u8>, Vec<Match>)> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..300);
    let shapes = prop::collection::vec((0u32..20, any::<u32>(), 0u32..60), 0..12);
    (bytes(), bytes(), shapes).prop_map(|(old, new, shapes)| {
        let covers = covers(&old, &new, &shapes);
        (old, new, covers)
    })
}

/// Makes covers of `(gap, place, length)`.
fn covers(old: &[u8], new: &[u8], shapes: &[(u32, u32, u32)]) -> Vec<Match> {
    let mut end = 0;
    let mut cover = |&(gap, place, length): &(u32, u32, u32)| {
        let target_start = (end + gap).min(new.len() as u32);
        let base_start = place % (old.len() as u32 + 1);
        let length = length.min(new.len() as u32 - target_start).min(old.len() as u32 - base_start);
        end = target_start + length;
        Match { target_start, base_start, length }
    };
    shapes.iter().map(&mut cover).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_encoded_is_decoded((old, new, covers) in cases()) {
        let patch = encode(&old, &new, &covers).unwrap();
        prop_assert!(is_bsdiff40(&patch));
        prop_assert_eq!(target_size(&patch).unwrap(), new.len() as u64);
        prop_assert_eq!(decode(&old, &patch, new.len() as u64).unwrap(), new);
    }

    #[test]
    fn patches_are_the_same_every_time((old, new, covers) in cases()) {
        prop_assert_eq!(encode(&old, &new, &covers), encode(&old, &new, &covers));
    }
}

/// Runs `program` with files that are named and filled as `inputs` say; gives what it leaves in `output`, if it is there.
fn peer(program: &str, names: [&str; 3], inputs: &[(&str, &[u8])], output: &str) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    inputs.iter().for_each(|(name, bytes)| fs::write(path(name), bytes).unwrap());
    peers::run(Command::new(program).args(names.map(path)))?;
    Some(fs::read(path(output)).unwrap())
}

fn bsdiff(old: &[u8], new: &[u8]) -> Option<Vec<u8>> {
    peer("bsdiff", ["old", "new", "patch"], &[("old", old), ("new", new)], "patch")
}

fn bspatch(old: &[u8], patch: &[u8]) -> Option<Vec<u8>> {
    peer("bspatch", ["old", "new", "patch"], &[("old", old), ("patch", patch)], "new")
}

/// An image and a later version of it, with something changed, inserted, removed and moved.
fn versions() -> (Vec<u8>, Vec<u8>) {
    let old = noise(100_000, 256, 1);
    let mut new = [&old[60_000..], &[7; 500], &old[..30_000], &old[31_000..60_000]].concat();
    new.iter_mut().step_by(97).for_each(|byte| *byte = byte.wrapping_add(3));
    (old, new)
}

fn pairs() -> Vec<(Vec<u8>, Vec<u8>)> {
    let (old, new) = versions();
    let grown = [&old[..], &new].concat();
    let small = |a: &[u8], b: &[u8]| (a.to_vec(), b.to_vec());
    vec![
        small(b"", b""),
        small(b"", b"new"),
        small(b"old", b""),
        small(b"same", b"same"),
        (old.clone(), grown),
        (new.clone(), old.clone()),
        (old, new),
    ]
}

#[test]
fn patches_of_the_original_bsdiff_are_decoded() {
    // The original refuses empty files where it maps files into memory.
    for (old, new) in pairs().into_iter().filter(|(old, new)| !old.is_empty() && !new.is_empty()) {
        let Some(patch) = bsdiff(&old, &new) else { return };
        assert_eq!(target_size(&patch), Ok(new.len() as u64));
        assert!(decode(&old, &patch, LIMIT).unwrap() == new, "{} to {} bytes", old.len(), new.len());
    }
}

#[test]
fn patches_are_accepted_by_the_original_bspatch() {
    let shapes = [(0, 60_000, 40_000), (500, 0, 30_000), (0, 31_000, 29_000), (3, 99_000, 900)];
    for (old, new) in pairs() {
        let patch = encode(&old, &new, &covers(&old, &new, &shapes)).unwrap();
        let Some(restored) = bspatch(&old, &patch) else { return };
        assert!(restored == new, "{} to {} bytes", old.len(), new.len());
    }
}
