//! What opening packages of containers takes from the heap. A test program of its own with one test, as its allocator
//! counts what all threads take.

use smidgen_diff::{Options, Silent, diff};
use smidgen_patch::SoftwareSha256;
use smidgen_patch::container::Opened;
use smidgen_patch::internals::container::memory;
use smidgen_patch::internals::wire::Writer;
use testkit::archives::{changed, gzip, text};
use testkit::forge::Forge;
use testkit::{Counting, most_taken};

#[global_allocator]
static COUNTING: Counting = Counting;

/// The most that opening takes, and whether it succeeded.
fn opening(package: &[u8]) -> (usize, bool) {
    most_taken(|| Opened::new::<SoftwareSha256>(package).is_ok())
}

#[test]
fn opening_takes_no_more_than_is_stated_and_in_proportion_to_the_package() {
    let (old, new) = (gzip(&text(80)), gzip(&changed(text(80))));
    let package = diff(&old, &new, &Options::default(), &Silent).unwrap().bytes;
    let entries = |count: usize| [[6u8, 0].repeat(count), vec![0; 2]].concat();
    let streams = |count: usize| [vec![0], [1, 0, 1, 1, 0, 0].repeat(count), vec![0]].concat();
    let nested = |count: usize| [[9, 0, 9, 0, 9, 0, 0, 0, 0].repeat(count), vec![0; 2]].concat();
    // Each names a compressor that none has named before: lz4 of level 2, for a block of no bytes.
    let compressors = |count: u32| {
        let mut writer = Writer::default();
        for number in 0..count {
            writer.raw(&[32 | number.min(7) as u8, 0]);
            number.checked_sub(7).into_iter().for_each(|more| writer.varint(more));
            writer.raw(&[4, 2, 0]);
        }
        [writer.bytes, vec![0; 2]].concat()
    };
    for (name, recipe, parts) in [
        ("entries", entries(600_000), 600_000),
        // One more than a list has that grows by doubling.
        ("more entries", entries((1 << 19) + 1), (1 << 19) + 1),
        ("compressors", compressors(100_000), 100_000),
        ("streams", streams(100_000), 100_000),
        ("nested", nested(100_000), 300_000),
        ("more than stated", entries(600_000), 599_999),
    ] {
        for deflated in [false, true] {
            let mut forge = Forge::new(&package).with_bytes(&recipe, parts, deflated);
            // As many as it likes: what counts is the package.
            (forge.record.base_size, forge.record.target_size) = (1_000_000_000, 1_000_000_000);
            (forge.record.tokens, forge.record.kept) = (u32::from(name == "streams"), 0);
            let stated = memory(&forge.record) as usize;
            let forged = forge.package();
            let (most, opened) = opening(&forged);
            let proportion = most as f64 / forged.len() as f64;
            println!(
                "{name}, deflated {deflated}: {most} of {stated}, {proportion:.0} for a byte of package"
            );
            assert!(most <= stated, "{name}: {most} instead of {stated}");
            assert!(most <= (1 << 20) + 3200 * forged.len(), "{name}: {most} for {}", forged.len());
            // What compressors take is no work that is stated.
            let is_good = !matches!(name, "more than stated" | "compressors");
            assert_eq!(opened, !deflated && is_good, "{name}");
            assert!(deflated || most as u64 > 64 * parts as u64, "{name}: {most} is not what was meant");
        }
    }
}
