//! Encrypted packages over flash: A/B and in place, through losses of power, with the stored package as it came.

use std::cell::RefCell;

use crate::common::{Golden, encrypted_named};
use crate::power::{Ab, Device, EVERY, InPlaceDevice, Plan, survive};
use smidgen_patch::Error;
use smidgen_patch::flash::{Cut, Simulator};
use smidgen_patch::secrecy::{DecryptionKey, NoKey, SharedKey, SoftwareCipher};

fn key() -> SharedKey<SoftwareCipher> {
    SharedKey::new([3; 32])
}

fn another() -> SharedKey<SoftwareCipher> {
    SharedKey::new([7; 32])
}

/// A device that has the key.
struct WithKey<D>(D);

impl<D: Device> Device for WithKey<D> {
    fn chip(&self) -> Simulator {
        self.0.chip()
    }

    fn update(&self, chip: &RefCell<Simulator>) -> Result<(), Error> {
        self.0.update_with_key(chip, key())
    }

    fn update_with_key(&self, chip: &RefCell<Simulator>, key: impl DecryptionKey) -> Result<(), Error> {
        self.0.update_with_key(chip, key)
    }

    fn check_always(&self, chip: &Simulator) {
        self.0.check_always(chip);
    }

    fn check_ready(&self, chip: &Simulator) {
        self.0.check_ready(chip);
    }
}

fn in_place(golden: &Golden) -> WithKey<InPlaceDevice<'_>> {
    WithKey(InPlaceDevice::new(golden, [1024, 256], (64, 4)))
}

fn two_slots(golden: &Golden) -> WithKey<Ab<'_>> {
    WithKey(Ab::new(golden, (64, 4)))
}

const PLAN: Plan = Plan { torn: &[0, 3, u32::MAX], ..EVERY };

#[test]
fn every_cut_in_place_is_survived() {
    let golden = encrypted_named("encrypted-in-place");
    let count = survive(&in_place(&golden), PLAN);
    println!("{count:?}");
    assert!(count.cuts > 500);
}

#[test]
fn every_cut_of_two_slots_is_survived() {
    for name in ["encrypted", "encrypted-aes", "encrypted-in-place"] {
        if name == "encrypted-aes" && cfg!(not(feature = "aes")) {
            continue;
        }
        let golden = encrypted_named(name);
        let count = survive(&two_slots(&golden), PLAN);
        println!("{name}: {count:?}");
        assert!(count.cuts > 50);
    }
}

/// Without a key, and with another one.
fn refused(device: &impl Device, chip: &RefCell<Simulator>) {
    let before = chip.borrow().operations();
    assert_eq!(device.update_with_key(chip, NoKey), Err(Error::Encrypted));
    assert_eq!(device.update_with_key(chip, another()), Err(Error::DecryptionKey));
    assert_eq!(chip.borrow().operations(), before, "written without the key");
}

#[test]
fn without_the_key_nothing_is_written() {
    let golden = encrypted_named("encrypted-in-place");
    let (in_place, two_slots) = (in_place(&golden), two_slots(&golden));
    refused(&in_place, &RefCell::new(in_place.chip()));
    refused(&two_slots, &RefCell::new(two_slots.chip()));
}

/// The key must be there after a reset: without it, nothing is done and nothing is lost.
#[test]
fn an_update_that_has_begun_waits_for_its_key() {
    let golden = encrypted_named("encrypted-in-place");
    let device = in_place(&golden);
    let whole = RefCell::new(device.chip());
    device.update(&whole).unwrap();
    let operations = whole.borrow().operations();
    for after in (0..operations).step_by(13) {
        let mut chip = device.chip();
        chip.cut(Cut { after, torn: 2 });
        let chip = RefCell::new(chip);
        device.update(&chip).unwrap_err();
        chip.borrow_mut().reboot();
        refused(&device, &chip);
        device.update(&chip).unwrap();
        device.check_ready(&chip.borrow());
    }
}
