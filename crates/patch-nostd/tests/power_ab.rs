//! A/B updates survive a loss of power at every flash operation, and another one while they recover.
#![cfg(all(feature = "simulator", feature = "sha2", feature = "all-architectures"))]

mod common;

use common::named;
use common::power::{Ab, Device, EVERY, GEOMETRIES, OTHERS, PLAIN, Plan, is_long, pairs, survive};
use patch_nostd::flash::{Area, Simulator};

fn device<'a>(golden: &'a common::Golden, (page, write): (u32, u32)) -> Ab<'a> {
    Ab {
        old: &golden.base,
        new: &golden.target,
        package: &golden.package,
        page,
        write,
        kind: PLAIN,
        buffered: true,
        other: &[],
    }
}

#[test]
fn every_cut_is_survived() {
    let mut cuts = 0;
    for geometry in GEOMETRIES {
        for name in ["small", "small-repeats", "xtensa"] {
            let golden = named(name);
            let others: &[&[u8]] =
                if is_long() { &[&golden.base, &golden.target, &[]] } else { &[&golden.base] };
            for (buffered, other) in [true, false].iter().flat_map(|&b| others.iter().map(move |&o| (b, o))) {
                let device = Ab { buffered, other, ..device(&golden, geometry) };
                cuts += survive(&device, Plan { seconds: if is_long() { 6 } else { 1 }, ..EVERY }).cuts;
            }
        }
        let golden = named("firmware-v1-v2");
        let stride = if is_long() { 1 } else { 29 };
        cuts += survive(&device(&golden, geometry), Plan { stride, ..EVERY }).cuts;
    }
    println!("{cuts} cuts");
    assert!(cuts > 30_000);
}

#[test]
fn cuts_are_survived_where_torn_or_erased_flash_cannot_be_read() {
    let stride = if is_long() { 1 } else { 7 };
    let mut cuts = 0;
    for (index, geometry) in GEOMETRIES.into_iter().enumerate() {
        for (turn, kind) in OTHERS.into_iter().enumerate() {
            let golden = named(["small", "small-repeats", "xtensa"][(index + turn) % 3]);
            for buffered in [true, false] {
                let other = &golden.base[..];
                let device = Ab { buffered, other, kind, ..device(&golden, geometry) };
                cuts += survive(&device, EVERY).cuts;
            }
            let golden = named("firmware-v1-v2");
            let device = Ab { kind, ..device(&golden, geometry) };
            cuts += survive(&device, Plan { stride: stride * 13, torn: &[3, u32::MAX], ..EVERY }).cuts;
        }
    }
    println!("{cuts} cuts");
    assert!(cuts > 5_000);
}

/// Only where SMIDGEN_POWER_PAIRS names a folder of pairs.
#[test]
fn every_cut_of_public_firmware_is_survived() {
    for pair in pairs("package.smdg") {
        for (page, write) in [(4096, 8), (2048, 4), (1024, 2), (4096, 256 / 4), (8192, 32), (16384, 16)] {
            let device = Ab {
                old: &pair.old,
                new: &pair.new,
                package: &pair.package,
                page,
                write,
                kind: PLAIN,
                buffered: true,
                other: &[],
            };
            let count = survive(&device, EVERY);
            println!("{} {page}/{write}: {count:?}", pair.name);
        }
    }
}

#[test]
fn pages_that_are_right_are_not_erased() {
    let golden = named("firmware-v1-v2");
    let device = Ab { other: &golden.target, ..device(&golden, (1024, 8)) };
    let chip = std::cell::RefCell::new(device.chip());
    device.update(&chip).unwrap();
    let slot = golden.base.len().max(golden.target.len()).div_ceil(1024);
    assert!(chip.borrow().erases()[..2 * slot].iter().all(|&erases| erases == 0));
    device.check_ready(&chip.borrow());
}

#[test]
fn a_slot_that_was_changed_since_is_written_again() {
    let golden = named("small");
    let device = device(&golden, (256, 4));
    let chip = std::cell::RefCell::new(device.chip());
    device.update(&chip).unwrap();
    let slot = Area::new(&chip, 1024, 1024);
    patch_nostd::flash::Flash::erase(&mut slot.clone(), 256).unwrap();
    assert_eq!(device.update(&chip), Err(patch_nostd::Error::TargetDigest));
    assert_eq!(device.update(&chip), Ok(()));
    device.check_ready(&chip.borrow());
}

#[test]
fn what_flash_reads_wrong_is_never_ready() {
    let golden = named("small");
    let device = device(&golden, (256, 4));
    for place in (1024..1024 + golden.target.len()).step_by(7) {
        let mut chip: Simulator = device.chip();
        chip.flip(place as u32, 0x10);
        assert!(device.update(&std::cell::RefCell::new(chip)).is_err(), "{place}");
    }
}
