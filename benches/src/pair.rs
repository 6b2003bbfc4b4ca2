//! The pairs of images: the repository's own firmware, a made-up larger one, and one of the user's.

use std::env;
use std::fs;
use std::path::Path;

use crate::synthetic;

/// Names a pair of the user's: two paths with a colon between them, absolute or from the repository's root.
const VARIABLE: &str = "SMIDGEN_BENCH_PAIR";
/// Bytes of the made-up images, about: for times, and for counting instructions, which is slow.
const SYNTHETIC: usize = 4 << 20;
const COUNTED: usize = 256 << 10;

/// An image and a later version of it.
#[derive(Debug)]
pub struct Pair {
    /// How reports call it.
    pub name: String,
    /// The base image.
    pub old: Vec<u8>,
    /// The target image.
    pub new: Vec<u8>,
}

/// All pairs: the same ones in every run, but for the user's.
pub fn all() -> Vec<Pair> {
    let mut pairs = vec![fixture("app-v1", "app-v2"), fixture("app-v2", "app-v3")];
    pairs.push(made_up("synthetic-4M", SYNTHETIC));
    if let Ok(paths) = env::var(VARIABLE) {
        let (old, new) = paths.split_once(':').expect("SMIDGEN_BENCH_PAIR is OLD:NEW");
        pairs.push(Pair { name: "yours".to_owned(), old: read(old), new: read(new) });
    }
    pairs
}

/// The pairs on which instructions are counted: one of compiled code, and a larger one.
pub fn counted() -> Vec<Pair> {
    vec![fixture("app-v1", "app-v2"), made_up("synthetic-256K", COUNTED)]
}

fn made_up(name: &str, size: usize) -> Pair {
    let (old, new) = synthetic::versions(size);
    Pair { name: name.to_owned(), old, new }
}

fn fixture(old: &str, new: &str) -> Pair {
    let path = |name: &str| format!("fixtures/firmware/{name}.bin");
    Pair { name: format!("{old}-{new}"), old: read(path(old)), new: read(path(new)) }
}

fn read(path: impl AsRef<Path>) -> Vec<u8> {
    // Cargo starts benches in their package's directory.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
