//! Updates in place survive a loss of power at every flash operation, and another one while they recover.

use std::cell::RefCell;

use crate::common::named;
use crate::power::{Device, EVERY, InPlaceDevice, OTHERS, Plan, is_long, pairs, survive};
use smidgen_patch::flash::Simulator;
use smidgen_patch::header::{Extensions, Header};
use smidgen_patch::internals::wire::Signatures;
use smidgen_patch::secrecy::NoKey;
use smidgen_patch::{Error, Policy};

/// A package, the slot and the scratch area that it was made for, and pages and units that go with both.
type Case = (&'static str, u32, u32, &'static [(u32, u32)]);

const CASES: [Case; 4] = [
    ("small-in-place", 1024, 256, &[(64, 4), (64, 1), (32, 32)]),
    ("small-in-place-repeats", 960, 144, &[(48, 16), (48, 4), (24, 8)]),
    ("firmware-v1-v3-in-place", 40960, 8192, &[(2048, 8), (1024, 4), (512, 64)]),
    ("firmware-v3-v1-in-place", 40960, 8192, &[(4096, 1), (4096, 32), (2048, 2)]),
];

#[test]
fn every_cut_is_survived() {
    let mut cuts = 0;
    for (name, slot, scratch, geometries) in CASES {
        let golden = named(name);
        for &geometry in geometries {
            let device = InPlaceDevice::new(&golden, [slot, scratch], geometry);
            let small = golden.target.len() < 2000;
            let plan = match (is_long(), small) {
                (true, true) => Plan { seconds: 20, ..EVERY },
                (false, true) => Plan { torn: &[0, 1, u32::MAX], ..EVERY },
                (true, false) => EVERY,
                (false, false) => Plan { stride: 17, torn: &[3], ..EVERY },
            };
            let count = survive(&device, plan);
            println!("{name} {geometry:?}: {count:?}");
            cuts += count.cuts;
        }
    }
    println!("{cuts} cuts");
    assert!(cuts > 10_000);
}

#[test]
fn every_cut_is_survived_where_torn_or_erased_flash_cannot_be_read() {
    let mut cuts = 0;
    for (name, slot, scratch, geometries) in CASES {
        let golden = named(name);
        for (turn, kind) in OTHERS.into_iter().enumerate() {
            let device = InPlaceDevice {
                kind,
                ..InPlaceDevice::new(&golden, [slot, scratch], geometries[turn % geometries.len()])
            };
            let plan = match (is_long(), golden.target.len() < 2000) {
                (true, _) => EVERY,
                (false, true) => Plan { stride: 3, torn: &[1, u32::MAX], ..EVERY },
                (false, false) => Plan { stride: 41, torn: &[3], ..EVERY },
            };
            let count = survive(&device, plan);
            println!("{name} {kind:?}: {count:?}");
            cuts += count.cuts;
        }
    }
    println!("{cuts} cuts");
    assert!(cuts > 2_000);
}

/// The packages are for a scratch area of 32 KiB.
#[test]
#[ignore = "hours: .ci/power, with pairs in SMIDGEN_POWER_PAIRS"]
fn every_cut_of_public_firmware_is_survived() {
    for pair in pairs("in-place.smdg") {
        let slot = (pair.base.len().max(pair.target.len()) as u32).next_multiple_of(4096);
        for (page, write) in [(4096, 8), (2048, 4), (1024, 2), (4096, 64), (2048, 32), (1024, 16)] {
            let count = survive(&InPlaceDevice::new(&pair, [slot, 32 << 10], (page, write)), EVERY);
            println!("{} {page}/{write}: {count:?}", pair.name);
        }
    }
}

#[test]
fn a_wrong_base_or_a_damaged_package_is_refused_before_anything_is_written() {
    let golden = named("small-in-place");
    let fresh = InPlaceDevice::new(&golden, [1024, 256], (64, 4));
    let mut base = golden.base.clone();
    base[700] ^= 1;
    let mut package = golden.package.clone();
    *package.last_mut().unwrap() ^= 1;
    for (device, error) in [
        (
            InPlaceDevice { old: &base, ..InPlaceDevice::new(&golden, [1024, 256], (64, 4)) },
            Error::BaseDigest,
        ),
        (
            InPlaceDevice { package: &package, ..InPlaceDevice::new(&golden, [1024, 256], (64, 4)) },
            Error::BodyDigest,
        ),
        (InPlaceDevice::new(&golden, [1024, 128], (64, 4)), Error::Areas),
        (InPlaceDevice::new(&golden, [768, 256], (64, 4)), Error::SlotSize),
    ] {
        let chip = RefCell::new(device.chip());
        assert_eq!(device.update(&chip), Err(error));
        assert_eq!(chip.borrow().operations(), 0, "{error:?}");
    }
    assert_eq!(fresh.update(&RefCell::new(fresh.chip())), Ok(()));
}

/// Keys that signed nothing.
struct UnknownSigner;

impl Policy for UnknownSigner {
    const AUTHENTICATES: bool = true;

    fn authenticate(&self, message: &[u8], signatures: Option<&Signatures<'_>>) -> Result<(), Error> {
        assert!(message.starts_with(b"SMDG"));
        Err(if signatures.is_some() { Error::UnknownKey } else { Error::Unsigned })
    }

    fn allow(&self, _header: &Header, _extensions: &Extensions<'_>) -> Result<(), Error> {
        panic!("the header was parsed");
    }
}

#[test]
fn signatures_are_asked_about_before_the_header_is_parsed() {
    let golden = named("small-in-place");
    let device = InPlaceDevice::new(&golden, [1024, 256], (64, 4));
    let chip = RefCell::new(device.chip());
    assert_eq!(device.update_with(&chip, UnknownSigner, NoKey), Err(Error::Unsigned));
    assert_eq!(chip.borrow().operations(), 0);
}

#[test]
fn a_package_for_two_slots_is_refused() {
    let golden = named("small");
    let device = InPlaceDevice::new(&golden, [1024, 256], (64, 4));
    assert_eq!(device.update(&RefCell::new(device.chip())), Err(Error::NotInPlace));
}

#[test]
fn what_flash_reads_wrong_in_the_end_is_never_ready() {
    let golden = named("small-in-place");
    let device = InPlaceDevice::new(&golden, [1024, 256], (64, 4));
    for place in (0..golden.target.len()).step_by(7) {
        let chip = RefCell::new(device.chip());
        device.update(&chip).unwrap();
        let mut chip: Simulator = chip.into_inner();
        chip.flip(place as u32, 0x10);
        assert!(device.update(&RefCell::new(chip)).is_err(), "{place}");
    }
}

#[test]
fn a_saved_state_that_is_read_wrong_is_noticed_and_nothing_is_lost() {
    let golden = named("small-in-place");
    let device = InPlaceDevice::new(&golden, [1024, 256], (64, 4));
    let [_, _, _, start, end, _] = device.bounds();
    let state = start..end;
    let mut noticed = 0;
    for after in (0..device.operations()).step_by(37) {
        let chip = device.interrupted(after, 0).into_inner();
        for place in state.clone().step_by(23) {
            let mut flipped = chip.clone();
            flipped.flip(place, 1 << (place % 8));
            let flipped = RefCell::new(flipped);
            if let Err(error) = device.update(&flipped) {
                assert_eq!(error, Error::Journal);
                noticed += 1;
            }
            // The next time it is read as it is: flipped twice.
            flipped.borrow_mut().flip(place, 1 << (place % 8));
            device.update(&flipped).unwrap();
            device.check_ready(&flipped.borrow());
        }
    }
    assert!(noticed > 100, "{noticed}");
}

#[test]
fn an_update_that_is_ready_stays_ready() {
    let golden = named("small-in-place");
    let device = InPlaceDevice::new(&golden, [1024, 256], (64, 4));
    let chip = RefCell::new(device.chip());
    device.update(&chip).unwrap();
    let operations = chip.borrow().operations();
    assert_eq!(device.update(&chip), Ok(()));
    assert_eq!(chip.borrow().operations(), operations);
}

#[test]
fn up_to_four_bits_of_the_journal_that_read_wrong_lose_nothing() {
    let golden = named("small-in-place");
    let mut random = 1u32;
    let mut draw = |below: u32| {
        random = random.wrapping_mul(0x9E37_79B1).wrapping_add(0x7F4A_7C15);
        (random >> 8) % below
    };
    for geometry in [(64, 4), (32, 32), (64, 1)] {
        let device = InPlaceDevice::new(&golden, [1024, 256], geometry);
        let [_, _, start, end, ..] = device.bounds();
        for after in (0..device.operations()).step_by(if is_long() { 1 } else { 11 }) {
            let chip = device.interrupted(after, 1).into_inner();
            for round in 0..if is_long() { 100 } else { 8 } {
                let mut flipped = chip.clone();
                // Any bits, or all near each other.
                let near = start + draw(end - start - 24);
                for _ in 0..1 + round % 4 {
                    let place = if round % 2 == 0 { start + draw(end - start) } else { near + draw(24) };
                    flipped.flip(place, 1 << draw(8));
                }
                let flipped = RefCell::new(flipped);
                assert_eq!(device.update(&flipped), Ok(()), "{geometry:?} {after} {round}");
                device.check_ready(&flipped.borrow());
            }
        }
    }
}

/// No content of the flash makes a step that never returns.
#[test]
fn a_forged_state_ends() {
    let golden = named("small-in-place");
    let device = InPlaceDevice::new(&golden, [1024, 256], (64, 4));
    let [_, _, _, state, package, _] = device.bounds();
    let place = (package - state) / 2;
    let count = device.operations();
    let mut forged = 0;
    for after in (count / 3..count).step_by(count as usize / 9) {
        let chip = device.interrupted(after, 1).into_inner();
        for half in [state, state + place] {
            let bytes = &chip.memory()[half as usize..][..place as usize];
            let sum = |length: usize| smidgen_patch::internals::wire::crc32(&bytes[..length]).to_le_bytes();
            // Where the state ends and its checksum is.
            let Some(length) =
                (512..bytes.len() - 4).find(|&length| bytes[length..].starts_with(&sum(length)))
            else {
                continue;
            };
            // What is no table comes at the end.
            for at in (length.saturating_sub(500)..length - 3).step_by(if is_long() { 1 } else { 4 }) {
                for value in [0, 1, golden.target.len() as u32, u32::MAX] {
                    let mut state = bytes[..length].to_vec();
                    state[at..at + 4].copy_from_slice(&value.to_le_bytes());
                    let sum = smidgen_patch::internals::wire::crc32(&state).to_le_bytes();
                    state.extend_from_slice(&sum);
                    let mut chip = chip.clone();
                    chip.load(half, &state);
                    let _ = device.update(&RefCell::new(chip));
                    forged += 1;
                }
            }
        }
    }
    assert!(forged > 500, "{forged}");
}

/// What is stored may be delivered again, or read wrong, between two boots. A segment that is decoded of a damaged body
/// would replace the last copy of the base.
#[test]
fn a_package_that_was_damaged_since_is_refused_and_nothing_is_lost() {
    let golden = named("small-in-place");
    let device = InPlaceDevice::new(&golden, [1024, 256], (64, 4));
    let package = device.bounds()[4] as usize;
    for after in (0..device.operations()).step_by(7) {
        let chip = device.interrupted(after, 3);
        let before = chip.borrow().operations();
        let place =
            package + golden.body_start() + after as usize % (golden.package.len() - golden.body_start());
        chip.borrow_mut().flip(place as u32, 0x20);
        assert_eq!(device.update(&chip), Err(Error::BodyDigest), "after {after} operations");
        assert_eq!(chip.borrow().operations(), before);
        chip.borrow_mut().flip(place as u32, 0x20);
        device.update(&chip).unwrap();
        device.check_ready(&chip.borrow());
    }
}
