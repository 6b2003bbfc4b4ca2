//! Which streams are expanded: those that resemble something of the other file.

use std::collections::HashSet;

use super::found::Found;
use super::sketch::Sketch;
use crate::images::Images;

/// Plain bytes of which no sample is taken only if they are a run, or the same few strings again and again: of as many that
/// differ, one in a million million has none.
const SAMPLED: usize = 1 << 10;

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
    // What a run is compressed to is one too, and costs as little, without storage on the device.
    if found.sketch.is_empty() && found.plain > SAMPLED {
        return false;
    }
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

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec_zlib;

    use super::super::scan::scan;
    use super::*;
    use crate::search::noise;

    /// Which streams of the target are expanded, of those of these contents.
    fn chosen(base: &[&[u8]], target: &[&[u8]]) -> Vec<bool> {
        let file = |plains: &[&[u8]]| {
            plains.iter().flat_map(|plain| compress_to_vec_zlib(plain, 6)).collect::<Vec<u8>>()
        };
        let (base, target) = (file(base), file(target));
        let (mut in_base, mut in_target) = (scan(&base), scan(&target));
        select(Images { base: &base, target: &target }, &mut in_base, &mut in_target);
        in_target.iter().map(|found| found.chosen).collect()
    }

    #[test]
    fn runs_are_left_as_they_are_and_what_is_short_is_not() {
        let words = noise(8000, 16, 1);
        let other = [&words[..4000], b"changed", &words[4000..]].concat();
        assert_eq!(chosen(&[&words], &[&other, &[0; 1 << 20], &words[..100]]), [true, false, true]);
        assert_eq!(chosen(&[&words, &[0; 1 << 20]], &[&[0; 2 << 20]]), [false]);
    }
}
