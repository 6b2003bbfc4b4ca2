//! A/B updates survive a loss of power at every flash operation, and another one while they recover.

use std::cell::{Cell, RefCell};

use crate::common::{Golden, named};
use crate::power::{Ab, Device, EVERY, GEOMETRIES, OTHERS, Plan, is_long, pairs, survive};

use smidgen_patch::flash::{Area, Cut, Flash, Simulator};
use smidgen_patch::secrecy::NoKey;
use smidgen_patch::{Base, BaseFn, Error};

#[test]
fn every_cut_is_survived() {
    let mut cuts = 0;
    for geometry in GEOMETRIES {
        for name in ["small", "small-repeats", "xtensa"] {
            let golden = named(name);
            let others: &[&[u8]] =
                if is_long() { &[&golden.base, &golden.target, &[]] } else { &[&golden.base] };
            for (buffered, other) in [true, false].iter().flat_map(|&b| others.iter().map(move |&o| (b, o))) {
                let device = Ab { buffered, other, ..Ab::new(&golden, geometry) };
                cuts += survive(&device, Plan { seconds: if is_long() { 6 } else { 1 }, ..EVERY }).cuts;
            }
        }
        let golden = named("firmware-v1-v2");
        let stride = if is_long() { 1 } else { 29 };
        cuts += survive(&Ab::new(&golden, geometry), Plan { stride, ..EVERY }).cuts;
    }
    println!("{cuts} cuts");
    assert!(cuts > 30_000);
}

#[test]
fn every_cut_is_survived_where_torn_or_erased_flash_cannot_be_read() {
    let stride = if is_long() { 1 } else { 7 };
    let mut cuts = 0;
    for (index, geometry) in GEOMETRIES.into_iter().enumerate() {
        for (turn, kind) in OTHERS.into_iter().enumerate() {
            let golden = named(["small", "small-repeats", "xtensa"][(index + turn) % 3]);
            let both = [(index + turn) % 2 == 0, (index + turn) % 2 == 1];
            for &buffered in both.iter().take(if is_long() { 2 } else { 1 }) {
                let other = &golden.base[..];
                let device = Ab { buffered, other, kind, ..Ab::new(&golden, geometry) };
                cuts += survive(&device, Plan { torn: &[1, 21, u32::MAX], ..EVERY }).cuts;
            }
            let golden = named("firmware-v1-v2");
            let device = Ab { kind, ..Ab::new(&golden, geometry) };
            cuts += survive(&device, Plan { stride: stride * 13, torn: &[3, u32::MAX], ..EVERY }).cuts;
        }
    }
    println!("{cuts} cuts");
    assert!(cuts > 3_000, "{cuts}");
}

#[test]
#[ignore = "hours: .ci/power, with pairs in SMIDGEN_POWER_PAIRS"]
fn every_cut_of_public_firmware_is_survived() {
    for pair in pairs("package.smdg") {
        for (page, write) in [(4096, 8), (2048, 4), (1024, 2), (4096, 256 / 4), (8192, 32), (16384, 16)] {
            let count = survive(&Ab::new(&pair, (page, write)), EVERY);
            println!("{} {page}/{write}: {count:?}", pair.name);
        }
    }
}

/// The plan of an update in place means nothing where there are two slots.
#[test]
fn a_package_for_one_slot_survives_every_cut_on_two() {
    let golden = named("firmware-v1-v3-in-place");
    for geometry in [(4096, 4), (2048, 8), (8192, 32)] {
        let device = Ab { other: &golden.base, ..Ab::new(&golden, geometry) };
        let cuts = survive(&device, Plan { torn: &[3], ..EVERY }).cuts;
        assert!(cuts > 20, "{geometry:?}: {cuts}");
    }
}

#[test]
fn pages_that_are_right_are_not_erased() {
    let golden = named("firmware-v1-v2");
    let device = Ab { other: &golden.target, ..Ab::new(&golden, (1024, 8)) };
    let chip = RefCell::new(device.chip());
    device.update(&chip).unwrap();
    let slot = golden.base.len().max(golden.target.len()).div_ceil(1024);
    assert!(chip.borrow().erases()[..2 * slot].iter().all(|&erases| erases == 0));
    device.check_ready(&chip.borrow());
}

#[test]
fn a_slot_that_was_changed_since_is_written_again() {
    let golden = named("small");
    let device = Ab::new(&golden, (256, 4));
    let chip = RefCell::new(device.chip());
    device.update(&chip).unwrap();
    Area::new(&chip, 1024, 1024).erase(256).unwrap();
    assert_eq!(device.update(&chip), Ok(()));
    device.check_ready(&chip.borrow());
}

/// A driver may convert its faults to any of the decoder's errors, also to one that means a wrong package elsewhere.
#[test]
fn finished_pages_still_count_when_the_base_cannot_be_read() {
    let golden = named("firmware-v1-v2");
    let device = Ab { buffered: false, ..Ab::new(&golden, (1024, 8)) };
    let deliver = |chip: &RefCell<Simulator>, reads: usize| {
        let (left, mut image) = (Cell::new(reads), device.base(chip));
        let base = BaseFn::new(golden.base.len() as u32, |offset, buffer| {
            left.set(left.get().checked_sub(1).ok_or(Error::Corrupt)?);
            image.read(offset, buffer)
        });
        let result = device.deliver_from(chip, base, &mut &golden.package[..], NoKey);
        (result, reads - left.get())
    };
    let (_, reads) = deliver(&RefCell::new(device.chip()), usize::MAX);
    let chip = RefCell::new(device.chip());
    assert_eq!(deliver(&chip, reads - 1).0, Err(Error::BaseRead));
    device.update(&chip).unwrap();
    let first = golden.base.len().max(golden.target.len()).div_ceil(1024);
    assert_eq!(chip.borrow().erases()[first], 1, "the first page of the slot");
    device.check_ready(&chip.borrow());
}

#[test]
fn what_flash_reads_wrong_is_never_ready() {
    let golden = named("small");
    let device = Ab::new(&golden, (256, 4));
    for place in (1024..1024 + golden.target.len()).step_by(7) {
        let mut chip: Simulator = device.chip();
        chip.flip(place as u32, 0x10);
        assert!(device.update(&RefCell::new(chip)).is_err(), "{place}");
    }
}

/// What comes in place of a package: each bit of its body changed, each beginning of it, others for the same target.
fn wrong_deliveries(golden: &Golden) -> Vec<Vec<u8>> {
    let (body, package) = (golden.body_start(), &golden.package);
    let step = if is_long() { 1 } else { package.len() / 60 + 1 };
    let bits = (8 * body..8 * package.len()).step_by(step).map(|bit| {
        let mut package = package.clone();
        package[bit / 8] ^= 1 << (bit % 8);
        package
    });
    let beginnings = (body..package.len()).step_by(step).map(|length| package[..length].to_vec());
    // A body that goes on, and none at all.
    let more = [[&package[..], &[0]].concat(), package[..body].to_vec(), Vec::new()];
    let junk =
        [0x55, 0xAA, 0, 0xFF].map(|junk| [&package[..body], &vec![junk; package.len() - body][..]].concat());
    bits.chain(beginnings).chain(more).chain(junk).collect()
}

#[test]
fn after_any_delivery_the_genuine_package_is_restored() {
    let mut second = 0;
    for name in ["small-repeats", "small", "small-digests", "xtensa", "firmware-v2-v3"] {
        let golden = named(name);
        let mut wrong = wrong_deliveries(&golden);
        if name == "small" {
            // Others for the same target, damaged.
            wrong.extend(["small-slow", "small-fast"].map(named).iter().flat_map(wrong_deliveries));
        }
        for (page, write, buffered) in [(64, 4, true), (64, 4, false), (256, 64, true), (128, 32, false)] {
            // Large ones take long in small pages.
            let page = if golden.target.len() > 2000 { 8 * page } else { page };
            let device = Ab { buffered, other: &golden.base, ..Ab::new(&golden, (page, write)) };
            for (index, package) in wrong.iter().enumerate() {
                let chip = RefCell::new(device.chip());
                if index % 3 == 1 {
                    // A reset comes before the error, and what was written is noted as finished.
                    chip.borrow_mut().cut(Cut { after: 40 + index as u64 % 11, torn: 1 });
                }
                let first = device.deliver(&chip, &mut &package[..]);
                chip.borrow_mut().reboot();
                // Two that are wrong, one after the other.
                if index % 3 == 0 {
                    let _ = device.deliver(&chip, &mut &wrong[(index + 1) % wrong.len()][..]);
                }
                let what = || format!("{name} {page}/{write} {buffered} {index}, after {first:?}");
                if let Err(error) = device.update(&chip) {
                    assert!(!buffered, "{}: {error:?}", what());
                    second += 1;
                    assert_eq!(device.update(&chip), Ok(()), "{}, then {error:?}", what());
                }
                device.check_ready(&chip.borrow());
            }
        }
    }
    println!("{second} needed a second attempt");
    assert!(second > 0);
}
