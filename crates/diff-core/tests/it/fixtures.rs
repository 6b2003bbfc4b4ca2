//! The fixtures seen from the encoder: sizes that must not grow, and the classic patch that must stay readable.

use crate::common::{Pieces, restore};
use smidgen_diff::{Options, Ram, Silent, bsdiff40, diff, diff_bsdiff40, inspect};
use std::fs;
use testkit::{firmware, fixtures};

fn options() -> Options {
    Options::default().with_ram(Ram::Bytes(16 << 10))
}

/// What the encoder makes of versions of the firmware, in bytes: to the byte, so that no part of a loss stays unseen.
const RECORDED: [(u32, u32, usize); 3] = [(1, 2, 692), (2, 3, 2566), (3, 1, 616)];

#[test]
fn packages_of_the_firmware_do_not_grow() {
    for (old, new, recorded) in RECORDED {
        let made = diff(&firmware(old), &firmware(new), &options(), &Silent).unwrap().bytes.len();
        assert_eq!(made, recorded, "v{old} to v{new}: if it is smaller, record it");
    }
}

/// The default level and those above it, which also try what the level below does and keep what is smaller.
#[test]
fn no_level_above_the_default_makes_a_larger_package() {
    for (old, new, _) in RECORDED {
        let (old, new) = (firmware(old), firmware(new));
        let size = |level| diff(&old, &new, &options().with_level(level), &Silent).unwrap().bytes.len();
        let sizes: Vec<usize> = (6..=9).map(size).collect();
        assert!(sizes.is_sorted_by(|below, above| above <= below), "{sizes:?}");
    }
}

#[test]
fn packages_are_far_smaller_than_classic_patches() {
    for (old, new, times) in [(1, 2, 3.0), (2, 3, 1.7), (3, 1, 3.0)] {
        let (old, new) = (firmware(old), firmware(new));
        let package = diff(&old, &new, &options(), &Silent).unwrap().bytes.len();
        let classic = diff_bsdiff40(&old, &new, &Silent).unwrap().len();
        assert!(package as f64 * times < classic as f64, "{package} bytes and {classic} bytes");
    }
}

#[test]
fn the_golden_classic_patch_is_read() {
    let patch = fs::read(fixtures().join("packages/firmware-v1-v2.bsdiff40")).unwrap();
    assert!(bsdiff40::is_bsdiff40(&patch));
    assert_eq!(bsdiff40::target_size(&patch), Ok(firmware(2).len() as u64));
    assert!(bsdiff40::decode(&firmware(1), &patch, 1 << 20).unwrap() == firmware(2));
}

/// [`smidgen_patch`]'s own tests do this too; here it is the parts that only build machines use.
#[test]
fn golden_packages_are_understood_by_reports() {
    let list = fs::read_to_string(fixtures().join("packages/golden.txt")).unwrap();
    for line in list.lines().filter(|line| line.contains(".smdg")) {
        let [name, base, target, _] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let image = |name: &str| if name == "-" { vec![] } else { fs::read(fixtures().join(name)).unwrap() };
        let (base, target) = (image(base), image(target));
        let package = fs::read(fixtures().join("packages").join(name)).unwrap();
        assert!(restore(&base, &package, Pieces::Random(1)).as_ref() == Ok(&target), "{name}");
        let report = inspect(&base, &package).unwrap();
        let bytes = report.literals + report.base_covered + report.target_covered;
        assert_eq!(bytes, target.len() as u64, "{name}");
    }
}
