//! Updates of real firmware survive losses of power: `SMIDGEN_POWER_CORPUS=DIR cargo test -p diff-core --test power`.
//!
//! DIR has a directory for each pair, with files whose names begin with `old` and `new`. Without it, the fixtures'
//! firmware is taken.

#[path = "../../patch-nostd/tests/common/power.rs"]
mod power;

use std::fs;
use std::path::{Path, PathBuf};

use diff_core::{InPlace, Options, Ram, Silent, diff};
use power::{Ab, Count, InPlaceDevice, PLAIN, Plan, is_long, survive};

/// Pages and units of the chips that pairs are tried on, in bytes.
const GEOMETRIES: [(u32, u32); 3] = [(4096, 4), (2048, 8), (8192, 32)];
const SCRATCH: u32 = 64 << 10;

struct Pair {
    name: String,
    old: Vec<u8>,
    new: Vec<u8>,
}

fn pairs() -> Vec<Pair> {
    let Some(corpus) = std::env::var_os("SMIDGEN_POWER_CORPUS") else {
        let image = |name: &str| {
            fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/firmware").join(name))
                .unwrap()
        };
        return vec![Pair { name: "app".to_owned(), old: image("app-v1.bin"), new: image("app-v3.bin") }];
    };
    let folders = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path());
    let mut pairs: Vec<Pair> = folders.filter_map(|folder| pair(&folder)).collect();
    pairs.sort_by(|one, other| one.name.cmp(&other.name));
    pairs
}

fn pair(folder: &Path) -> Option<Pair> {
    let files: Vec<PathBuf> = fs::read_dir(folder).ok()?.map(|entry| entry.unwrap().path()).collect();
    let image = |start: &str| {
        let file =
            files.iter().find(|file| file.file_name().unwrap().to_string_lossy().starts_with(start))?;
        fs::read(file).ok()
    };
    let name = folder.file_name()?.to_string_lossy().into_owned();
    Some(Pair { name, old: image("old")?, new: image("new")? })
}

/// As many operations of a large image are cut as there is patience for.
fn plan(cuts: u64, operations: u64) -> Plan {
    let stride = if is_long() { 1 } else { (operations / cuts).max(1) };
    Plan { stride, torn: if is_long() { &[0, 1, 21, u32::MAX] } else { &[3] }, seconds: 1 }
}

fn tell(pair: &Pair, what: &str, geometry: (u32, u32), count: Count) -> u64 {
    println!("{} {what} {geometry:?}: {count:?}", pair.name);
    count.cuts
}

#[test]
fn real_updates_survive_losses_of_power() {
    let mut cuts = 0;
    for pair in pairs() {
        let (old, new) = (&pair.old[..], &pair.new[..]);
        for (page, write) in GEOMETRIES {
            let slot = (old.len().max(new.len()) as u32).next_multiple_of(page);
            let in_place = Some(InPlace { slot, page, write, scratch: SCRATCH });
            let options = Options { ram: Ram::Bytes(8 << 10), level: 3, in_place, ..Options::default() };
            let package = diff(old, new, &options, &Silent).unwrap().bytes;
            let pages = u64::from(slot / page);
            // The same package serves both.
            let ab = Ab { old, new, package: &package, page, write, buffered: true, other: old, kind: PLAIN };
            cuts += tell(&pair, "A/B", (page, write), survive(&ab, plan(8, 10 * pages)));
            let device = InPlaceDevice {
                old,
                new,
                package: &package,
                slot,
                scratch: SCRATCH,
                page,
                write,
                kind: PLAIN,
            };
            cuts += tell(&pair, "in place", (page, write), survive(&device, plan(8, 40 * pages)));
        }
    }
    println!("{cuts} cuts");
    assert!(cuts > 20);
}
