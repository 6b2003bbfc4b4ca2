//! Updates in place whose package, or slot, is another one after a reset.

use std::cell::RefCell;

use crate::common::{Golden, named};
use crate::power::{Device as _, InPlaceDevice, OTHERS, PLAIN};
use smidgen_patch::Header;
use smidgen_patch::flash::Flash;
use smidgen_patch::header::{Extensions, InPlacePlan};

const PAGE: u32 = 64;

fn device<'a>(golden: &'a Golden, package: &'a [u8]) -> InPlaceDevice<'a> {
    InPlaceDevice { package, ..InPlaceDevice::new(golden, [1024, 256], (PAGE, 4)) }
}

/// The same package with other plans, as `diff` makes them for scratch areas of other sizes, where they are fit for it.
fn with_other_plans(golden: &Golden) -> Vec<(InPlacePlan, Vec<u8>)> {
    let (header, extensions, start) = Header::parse_extended(&golden.package).unwrap();
    let mut others = Vec::new();
    for segment in (PAGE..=256).step_by(PAGE as usize) {
        for keep in (0..=segment).step_by(PAGE as usize) {
            for shift in (0..=256).step_by(PAGE as usize) {
                let plan = InPlacePlan { segment, shift, keep };
                let other = Extensions { in_place: Some(plan), ..extensions };
                let package = [&header.to_bytes_with(&other), &golden.package[start..]].concat();
                let fresh = device(golden, &package);
                if extensions.in_place != other.in_place && fresh.update(&RefCell::new(fresh.chip())).is_ok()
                {
                    others.push((plan, package));
                }
            }
        }
    }
    others
}

/// One body may go with several plans. Going on with another plan than the one that was begun would lose both images.
#[test]
fn a_package_with_another_plan_is_another_update() {
    let golden = named("small-in-place");
    let genuine = device(&golden, &golden.package);
    let operations = genuine.operations();
    let place = genuine.bounds()[4];
    let (mut refused, mut taken) = (0, 0);
    for (plan, package) in with_other_plans(&golden) {
        for after in (0..operations).step_by(5) {
            let chip = genuine.interrupted(after, 2);
            let operations = chip.borrow().operations();
            chip.borrow_mut().load(place, &package);
            if device(&golden, &package).update(&chip).is_ok() {
                taken += 1;
            } else {
                assert_eq!(chip.borrow().operations(), operations, "{plan:?} after {after}");
                chip.borrow_mut().load(place, &golden.package);
                assert_eq!(genuine.update(&chip), Ok(()), "{plan:?} after {after}");
                refused += 1;
            }
            assert!(chip.borrow().memory().starts_with(&golden.target), "{plan:?} after {after}");
        }
    }
    // Some come when the base is still there.
    assert!(refused > 1000 && taken > 10, "{refused} {taken}");
}

/// A programmer wrote the base to the slot again, which is shorter: some chips cannot read what is behind it.
#[test]
fn an_image_that_was_ready_gives_way_to_the_base() {
    let golden = named("small-in-place");
    assert!(golden.base.len() + PAGE as usize <= golden.target.len());
    for kind in [PLAIN].into_iter().chain(OTHERS) {
        let device = InPlaceDevice { kind, ..device(&golden, &golden.package) };
        let chip = RefCell::new(device.chip());
        device.update(&chip).unwrap();
        for page in (0..device.slot).step_by(PAGE as usize) {
            chip.borrow_mut().erase(page).unwrap();
        }
        chip.borrow_mut().load(0, &golden.base);
        assert_eq!(device.update(&chip), Ok(()), "{kind:?}");
        assert!(chip.borrow().memory().starts_with(&golden.target));
    }
}
