//! Compressed files that were cut, or of which bytes were changed, come back all the same.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::common::check;
use proptest::prelude::*;
use smidgen_diff::{Options, Silent, diff};
use testkit::Random;
use testkit::archives::{changed, everything, gzip, tar, text, zip};

/// Packages of two files at the fastest level, which all levels share the containers with, and back.
fn comes_back(old: &[u8], new: &[u8]) {
    let options = Options::default().with_level(1);
    let package = diff(old, new, &options, &Silent).unwrap();
    check(old, new, &package);
}

/// What happens to files.
fn damage(file: &mut Vec<u8>, random: &mut Random) {
    let place = |random: &mut Random, file: &[u8]| random.below(file.len() as u32 + 1) as usize;
    let at = place(random, file);
    match random.below(6) {
        0 => file.truncate(at),
        1 => drop(file.drain(..at / 2)),
        2 => {
            let end = file.len().min(at + random.below(600) as usize);
            file[at..end].fill(0);
        }
        3 => {
            let end = file.len().min(at + random.below(600) as usize);
            drop(file.drain(at..end));
        }
        4 => {
            let copy = file[at..file.len().min(at + random.below(5000) as usize)].to_vec();
            let to = place(random, file);
            drop(file.splice(to..to, copy));
        }
        _ => {
            for _ in 0..=random.below(6) {
                let at = place(random, file);
                if let Some(byte) = file.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
        }
    }
}

/// A part of a file of at most `most` bytes, mostly from its start on.
fn part(file: &[u8], most: usize, random: &mut Random) -> Vec<u8> {
    let spare = file.len().saturating_sub(most);
    let start = if random.below(3) == 0 { random.below(spare as u32 + 1) as usize } else { 0 };
    file[start..file.len().min(start + most)].to_vec()
}

/// Damages one or both of two files, as the seed decides.
fn damaged(old: &[u8], new: &[u8], most: usize, seed: u64) -> (Vec<u8>, Vec<u8>) {
    let random = &mut Random::new(seed);
    let (mut old, mut new) = (part(old, most, random), part(new, most, random));
    damage(&mut new, random);
    match random.below(4) {
        0 => damage(&mut old, random),
        1 => damage(&mut new, random),
        2 => std::mem::swap(&mut old, &mut new),
        _ => {}
    }
    (old, new)
}

/// Pairs of small files of every sort.
fn small_pairs() -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    use testkit::archives::Put::{Deflated, Described, Stored, Zip64};
    let (old, new, other) = (text(30), changed(text(30)), text(31));
    let pair = |name: &'static str, make: &dyn Fn(&[u8]) -> Vec<u8>| (name, make(&old), make(&new));
    vec![
        pair("gz", &|plain| gzip(plain)),
        pair("members", &|plain| [gzip(&plain[..3000]), gzip(&plain[3000..]), b"junk".to_vec()].concat()),
        pair("zip", &|plain| zip(&[("a", Deflated, plain), ("b", Stored, &other), ("c", Zip64, plain)])),
        pair("described", &|plain| zip(&[("a", Described, plain), ("b", Described, &other)])),
        pair("tar.gz", &|plain| gzip(&tar(&[("a", plain), ("b", &other)]))),
        pair("zip in tar", &|plain| {
            tar(&[("a.zip", &zip(&[("a", Deflated, plain), ("b", Described, &other)]))])
        }),
        pair("tar.gz in zip", &|plain| zip(&[("a", Deflated, &gzip(&tar(&[("x", plain)])))])),
        ("everything", everything(40, false), everything(40, true)),
    ]
}

#[test]
fn small_files_of_every_sort_come_back_however_damaged() {
    for (name, old, new) in small_pairs() {
        for seed in 0..12 {
            let (old, new) = damaged(&old, &new, usize::MAX, seed);
            let result = catch_unwind(AssertUnwindSafe(|| comes_back(&old, &new)));
            assert!(result.is_ok(), "{name}, seed {seed}");
        }
    }
}

/// The pairs of a corpus: folders with a file `old` and a file `new`, whatever their endings.
fn pairs(folder: &Path, found: &mut Vec<(PathBuf, PathBuf)>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let named = |name| entries.iter().find(|path| path.is_file() && stem(path) == Some(name)).cloned();
    found.extend(named("old").zip(named("new")));
    entries.iter().filter(|path| path.is_dir()).for_each(|folder| pairs(folder, found));
}

/// Of `new.tar.gz` it is `new`.
fn stem(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()?.split('.').next()
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// `SMIDGEN_CORPUS` is the folder, `SMIDGEN_PAIRS` a part of the names of pairs; `SMIDGEN_SEEDS` says how often each is
/// damaged, from `SMIDGEN_SEED` on, and `SMIDGEN_LARGEST` how many bytes of each file are taken.
#[test]
#[ignore = "long: needs a corpus of real files, and minutes for each round"]
fn files_of_the_corpus_come_back_however_damaged() {
    let corpus = std::env::var("SMIDGEN_CORPUS").expect("SMIDGEN_CORPUS names a folder");
    let wanted = std::env::var("SMIDGEN_PAIRS").unwrap_or_default();
    let (first, seeds) = (number("SMIDGEN_SEED", 0), number("SMIDGEN_SEEDS", 3));
    let largest = number("SMIDGEN_LARGEST", 3 << 20) as usize;
    let mut found = Vec::new();
    pairs(Path::new(&corpus), &mut found);
    assert!(!found.is_empty(), "{corpus} has no pairs");
    let (mut failed, mut count) = (Vec::new(), 0);
    for (old, new) in found.iter().filter(|(_, new)| new.to_string_lossy().contains(&wanted)) {
        let files = (fs::read(old).unwrap(), fs::read(new).unwrap());
        for seed in first..first + seeds {
            let (old, changed) = damaged(&files.0, &files.1, largest, seed);
            count += 1;
            if catch_unwind(AssertUnwindSafe(|| comes_back(&old, &changed))).is_err() {
                failed.push(format!("{}, seed {seed}", new.display()));
            }
        }
    }
    println!("{count} damaged pairs");
    assert!(failed.is_empty(), "{} of {count} do not come back: {failed:#?}", failed.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn whatever_is_broken_comes_back(seed: u64) {
        let (old, new) = (everything(20, false), everything(20, true));
        let (old, new) = damaged(&old, &new, usize::MAX, seed);
        comes_back(&old, &new);
    }
}
