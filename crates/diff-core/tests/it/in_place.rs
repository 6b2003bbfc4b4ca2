//! Packages for updates in place: proved on simulated flash as they are made, and hardly larger than others.

use proptest::prelude::*;
use smidgen_diff::{Arch, CodecChoice, DiffError, InPlace, Options, Package, Ram, Silent, diff};
use smidgen_patch::Header;
use smidgen_patch::header::InPlacePlan;
use testkit::firmware;

fn options(in_place: Option<InPlace>) -> Options {
    Options::default()
        .with_ram(Ram::Bytes(8 << 10))
        .with_level(3)
        .with_body_digest(true)
        .with_in_place(in_place)
}

fn make(old: &[u8], new: &[u8], in_place: Option<InPlace>) -> Package {
    diff(old, new, &options(in_place), &Silent).unwrap()
}

/// The smallest slot that holds both images, and a scratch area of `pages` pages.
fn tight(old: &[u8], new: &[u8], page: u32, pages: u32) -> InPlace {
    let slot = (old.len().max(new.len()) as u32).next_multiple_of(page);
    InPlace::default().with_slot(slot).with_page(page).with_write(4).with_scratch(pages * page)
}

fn plan(package: &Package) -> InPlacePlan {
    Header::parse_extended(&package.bytes).unwrap().1.in_place.unwrap()
}

#[test]
fn growth_at_the_start_costs_little_in_the_smallest_slot() {
    let (old, new) = (firmware(1), firmware(2));
    for growth in [0, 500, 3000, 9000] {
        let new = [&old[20_000..20_000 + growth], &new].concat();
        let flash = tight(&old, &new, 2048, 4);
        let (free, in_place) = (make(&old, &new, None), make(&old, &new, Some(flash)));
        let (free, in_place) = (free.bytes.len(), in_place.bytes.len());
        assert!(in_place <= free + free / 4, "{growth}: {in_place} in place, {free} otherwise");
    }
}

#[test]
fn what_shrinks_at_the_start_need_not_be_moved() {
    let (old, new) = (firmware(1), firmware(2));
    let plan = plan(&make(&old, &new[5000..], Some(tight(&old, &new, 2048, 4))));
    assert_eq!(plan.shift, 0);
}

#[test]
fn flash_that_is_not_enough_is_refused() {
    let (old, new) = (firmware(1), firmware(2));
    let good = tight(&old, &new, 2048, 4);
    for bad in [
        good.with_slot(good.slot - 2048),
        good.with_scratch(4095),
        good.with_page(0),
        good.with_write(0),
        good.with_slot((1 << 31) - 8192),
        InPlace::default().with_page(1 << 30).with_scratch(u32::MAX).with_write(1 << 30).with_slot(u32::MAX),
        good.with_write(3),
    ] {
        let end = diff(&old, &new, &options(Some(bad)), &Silent);
        assert!(matches!(end, Err(DiffError::InPlace(_))), "{bad:?}");
    }
}

/// Whatever is not refused is made: units of 128, 256 and 512 bytes, too.
#[test]
fn long_units_are_proved() {
    let (old, new) = (firmware(1), firmware(2));
    for (page, write) in [(2048, 128), (4096, 256), (512, 512), (4096, 4096)] {
        let flash = tight(&old, &new, page, 8192 / page.min(4096)).with_write(write);
        assert!(diff(&old, &new, &options(Some(flash)), &Silent).is_ok(), "{page}/{write}");
    }
}

#[test]
fn a_codec_that_cannot_be_applied_in_place_is_refused() {
    let (old, new) = (firmware(1), firmware(2));
    let options = options(Some(tight(&old, &new, 2048, 4))).with_codec(CodecChoice::Zstd);
    assert!(matches!(diff(&old, &new, &options, &Silent), Err(DiffError::InPlace(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 40 } else { 400 }))]

    /// Blocks of the old image in any order, with new bytes between.
    #[test]
    fn any_order_of_blocks_is_restored(
        order in prop::collection::vec((0..12usize, 0..90usize), 0..16),
        page in prop::sample::select(vec![64u32, 96, 256]),
        pages in 2..5u32,
        room in 0..3u32,
        seed: u8,
    ) {
        let noise = |index: usize| (index as u32).wrapping_mul(0x9E37_79B1).wrapping_add(u32::from(seed) << 9);
        let old: Vec<u8> = (0..1200).map(|index| (noise(index) >> 13) as u8).collect();
        let mut new = Vec::new();
        for (block, literals) in order {
            new.extend_from_slice(&old[block * 100..][..100]);
            new.extend((0..literals).map(|index| (noise(block * 7 + index) >> 21) as u8));
        }
        let mut flash = tight(&old, &new, page, pages);
        flash.slot += room * page;
        let codec = if seed % 2 == 0 { CodecChoice::Cm } else { CodecChoice::Lite };
        let options = options(Some(flash)).with_arch(Arch::None).with_codec(codec);
        // Proved by the device's own code before it is returned.
        prop_assert!(diff(&old, &new, &options, &Silent).is_ok());
    }
}
