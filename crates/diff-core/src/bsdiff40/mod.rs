//! The classic BSDIFF40 patch format: what bsdiff 4.x writes and bspatch 4.x reads.
//!
//! A patch is a 32-byte header ([`MAGIC`], then the sizes of the compressed control block, the compressed
//! diff block and the target) and three bzip2 streams: control, diff and extra. Integers are eight
//! bytes, little-endian, sign and magnitude. The control block is a list of entries `(add, copy, seek)`:
//! add the next `add` bytes of the diff block to the base's, take the next `copy` bytes of the extra
//! block as they are, then move `seek` bytes (maybe backwards) in the base.

mod decode;
mod encode;
mod error;
mod header;

pub use decode::decode;
pub use encode::encode;
pub use error::{Block, Bsdiff40Error};
pub use header::MAGIC;

use header::Header;

/// Tells whether `package` starts like a BSDIFF40 patch; the rest of it may still be damaged.
pub fn is_bsdiff40(package: &[u8]) -> bool {
    package.starts_with(&MAGIC)
}

/// Size in bytes of the target, as the header of `package` states it.
///
/// Only the header is looked at, so its first 32 bytes suffice. It fails if they are not a valid header.
pub fn target_size(package: &[u8]) -> Result<u64, Bsdiff40Error> {
    Header::parse(package).map(|header| header.target)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;
    use std::{env, fs, io};

    use proptest::prelude::*;

    use super::*;
    use crate::search::Match;

    const LIMIT: u64 = 1 << 20;

    /// Images and valid covers of them, some of which are empty, adjacent, or go backwards in the base.
    fn cases() -> impl Strategy<Value = (Vec<u8>, Vec<u8>, Vec<Match>)> {
        let bytes = || prop::collection::vec(any::<u8>(), 0..300);
        let shapes = prop::collection::vec((0u32..20, any::<u32>(), 0u32..60), 0..12);
        (bytes(), bytes(), shapes).prop_map(|(base, target, shapes)| {
            let covers = covers(&base, &target, &shapes);
            (base, target, covers)
        })
    }

    /// Makes covers of `(gap, place, length)`.
    fn covers(base: &[u8], target: &[u8], shapes: &[(u32, u32, u32)]) -> Vec<Match> {
        let mut end = 0;
        let mut cover = |&(gap, place, length): &(u32, u32, u32)| {
            let target_start = (end + gap).min(target.len() as u32);
            let base_start = place % (base.len() as u32 + 1);
            let length = length.min(target.len() as u32 - target_start).min(base.len() as u32 - base_start);
            end = target_start + length;
            Match { target_start, base_start, length }
        };
        shapes.iter().map(&mut cover).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_encoded_is_decoded((base, target, covers) in cases()) {
            let patch = encode(&base, &target, &covers).unwrap();
            prop_assert!(is_bsdiff40(&patch));
            prop_assert_eq!(target_size(&patch).unwrap(), target.len() as u64);
            prop_assert_eq!(decode(&base, &patch, target.len() as u64).unwrap(), target);
        }

        #[test]
        fn patches_are_the_same_every_time((base, target, covers) in cases()) {
            prop_assert_eq!(encode(&base, &target, &covers), encode(&base, &target, &covers));
        }
    }

    /// Runs `program` with files that are named and filled as `inputs` say; gives what it leaves in `output`.
    ///
    /// Gives nothing if the program is missing and the environment does not insist on it.
    fn peer(program: &str, names: [&str; 3], inputs: &[(&str, &[u8])], output: &str) -> Option<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        inputs.iter().for_each(|(name, bytes)| fs::write(path(name), bytes).unwrap());
        run(program, names.map(path).each_ref().map(|path| path.as_path()))
            .then(|| fs::read(path(output)).unwrap())
    }

    fn run(program: &str, arguments: [&Path; 3]) -> bool {
        match Command::new(program).args(arguments).output() {
            Ok(result) => {
                assert!(result.status.success(), "{program}: {}", String::from_utf8_lossy(&result.stderr));
                true
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let required = env::var_os("SMIDGEN_REQUIRE_PEERS").is_some();
                assert!(!required, "{program} is missing, and SMIDGEN_REQUIRE_PEERS is set");
                println!("skipped: {program} is not installed");
                false
            }
            Err(error) => panic!("{program} could not be run: {error}"),
        }
    }

    fn bsdiff(base: &[u8], target: &[u8]) -> Option<Vec<u8>> {
        peer("bsdiff", ["old", "new", "patch"], &[("old", base), ("new", target)], "patch")
    }

    fn bspatch(base: &[u8], patch: &[u8]) -> Option<Vec<u8>> {
        peer("bspatch", ["old", "new", "patch"], &[("old", base), ("patch", patch)], "new")
    }

    /// An image and a later version of it, with something changed, inserted, removed and moved.
    fn versions() -> (Vec<u8>, Vec<u8>) {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let base: Vec<u8> = (0..100_000).map(|_| next()).collect();
        let mut target = [&base[60_000..], &[7; 500], &base[..30_000], &base[31_000..60_000]].concat();
        target.iter_mut().step_by(97).for_each(|byte| *byte = byte.wrapping_add(3));
        (base, target)
    }

    fn pairs() -> Vec<(Vec<u8>, Vec<u8>)> {
        let (base, target) = versions();
        let grown = [&base[..], &target].concat();
        let small = |a: &[u8], b: &[u8]| (a.to_vec(), b.to_vec());
        vec![
            small(b"", b""),
            small(b"", b"new"),
            small(b"old", b""),
            small(b"same", b"same"),
            (base.clone(), grown),
            (target.clone(), base.clone()),
            (base, target),
        ]
    }

    #[test]
    fn patches_of_the_original_bsdiff_are_decoded() {
        // The original refuses empty files where it maps files into memory.
        for (base, target) in
            pairs().into_iter().filter(|(base, target)| !base.is_empty() && !target.is_empty())
        {
            let Some(patch) = bsdiff(&base, &target) else { return };
            assert_eq!(target_size(&patch), Ok(target.len() as u64));
            assert!(
                decode(&base, &patch, LIMIT).unwrap() == target,
                "{} to {} bytes",
                base.len(),
                target.len()
            );
        }
    }

    #[test]
    fn patches_are_accepted_by_the_original_bspatch() {
        let shapes = [(0, 60_000, 40_000), (500, 0, 30_000), (0, 31_000, 29_000), (3, 99_000, 900)];
        for (base, target) in pairs() {
            let patch = encode(&base, &target, &covers(&base, &target, &shapes)).unwrap();
            let Some(restored) = bspatch(&base, &patch) else { return };
            assert!(restored == target, "{} to {} bytes", base.len(), target.len());
        }
    }
}
