//! Which streams are expanded: those that resemble something of the other file.

use std::collections::HashSet;

use super::found::Found;
use super::sketch::Sketch;
use crate::images::Images;

/// Marks what is expanded; false if nothing is.
pub(super) fn select(images: Images, in_base: &mut [Found], in_target: &mut [Found]) -> bool {
    let (base_hashes, target_hashes) = (hashes(in_base), hashes(in_target));
    if base_hashes.is_empty() && target_hashes.is_empty() {
        return false;
    }
    let mut known = HashSet::new();
    Sketch::new(images.base).add_to(&mut known);
    sketches(in_base, &mut known);
    // What is there already, as it is, costs nothing as it is.
    let worth = |found: &Found| !base_hashes.contains(&found.hash) && is_worth(found, &known);
    choose(in_target, &worth);
    if !any(in_target) && any_plain(images.target, in_base) {
        // The target holds in plain what the base has compressed.
        choose(in_base, &|_| true);
    } else {
        choose(in_base, &|found| !target_hashes.contains(&found.hash));
    }
    any(in_target) || any(in_base)
}

/// Whether the plain bytes, of which a part is known, are likely to cost less than the stream.
fn is_worth(found: &Found, known: &HashSet<u32>) -> bool {
    let share = found.sketch.known(known);
    // What is not known costs about half of its size, or less where deflate does better: its share of the stream.
    let unknown = (found.plain / 2).min(found.stream.len()) * (256 - share) / 256;
    let inside = found.inside.iter().any(|inside| is_worth(inside, known));
    inside || (share > 0 && unknown < found.stream.len())
}

fn choose(found: &mut [Found], worth: &dyn Fn(&Found) -> bool) {
    for found in found.iter_mut().filter(|found| found.frame.has_stream()) {
        found.chosen = worth(found);
        choose(&mut found.inside, worth);
    }
}

fn any(found: &[Found]) -> bool {
    found.iter().any(|found| found.chosen)
}

/// Whether much of what is in the streams of one file is in the other as it is.
fn any_plain(file: &[u8], found: &[Found]) -> bool {
    let mut set = HashSet::new();
    sketches(found, &mut set);
    !set.is_empty() && Sketch::new(file).known(&set) > 16
}

fn hashes(found: &[Found]) -> HashSet<u64> {
    let mut all = HashSet::new();
    let mut rest: Vec<&Found> = found.iter().collect();
    while let Some(found) = rest.pop() {
        if found.frame.has_stream() {
            all.insert(found.hash);
        }
        rest.extend(&found.inside);
    }
    all
}

fn sketches(found: &[Found], set: &mut HashSet<u32>) {
    for found in found {
        found.sketch.add_to(set);
        sketches(&found.inside, set);
    }
}
