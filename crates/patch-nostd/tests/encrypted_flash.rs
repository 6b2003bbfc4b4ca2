//! Encrypted packages over flash: A/B and in place, through losses of power, with the stored package as it came.
#![cfg(all(feature = "simulator", feature = "sha2", feature = "chacha20", feature = "all-architectures"))]

mod common;

use std::cell::RefCell;

use common::power::{Device, EVERY, Plan, survive, with_memory};
use common::{Golden, encrypted_named};
use patch_nostd::flash::{
    AbUpdate, Area, Cut, Geometry, IN_PLACE_BUFFER, InPlaceAreas, InPlaceUpdate, Simulator, Step, state_area,
};
use patch_nostd::secrecy::{DecryptionKey, NoKey, SharedKey, SoftwareCipher};
use patch_nostd::{Anything, Error, SoftwareSha256};

const PAGE: u32 = 64;
const WRITE: u32 = 4;
const SLOT: u32 = 1024;
const SCRATCH: u32 = 256;

fn key() -> SharedKey<SoftwareCipher> {
    SharedKey::new([3; 32])
}

fn another() -> SharedKey<SoftwareCipher> {
    SharedKey::new([7; 32])
}

/// Areas one after the other, the package last.
struct Chip<'g> {
    golden: &'g Golden,
    bounds: Vec<u32>,
}

impl<'g> Chip<'g> {
    fn new(golden: &'g Golden, sizes: &[u32]) -> Self {
        let package = (golden.package.len() as u32).next_multiple_of(PAGE);
        let mut end = 0;
        let sizes = [0].iter().chain(sizes).chain([&package]);
        let bounds = sizes
            .map(|size| {
                end += size;
                end
            })
            .collect();
        Self { golden, bounds }
    }

    fn area<'c>(&self, chip: &'c RefCell<Simulator>, index: usize) -> Area<'c, Simulator> {
        Area::new(chip, self.bounds[index], self.bounds[index + 1] - self.bounds[index])
    }

    fn package(&self) -> usize {
        self.bounds.len() - 2
    }

    fn fresh(&self) -> Simulator {
        let size = self.bounds[self.bounds.len() - 1];
        let mut chip = Simulator::new(Geometry::new(size, PAGE, WRITE));
        chip.load(0, &self.golden.base);
        chip.load(self.bounds[self.package()], &self.golden.package);
        chip
    }

    /// What is stored stays encrypted, and nothing else has it in the clear.
    fn check_package(&self, chip: &Simulator) {
        let start = self.bounds[self.package()] as usize;
        assert!(chip.memory()[start..].starts_with(&self.golden.package), "the package was lost");
    }
}

struct InPlace<'g>(Chip<'g>);

impl<'g> InPlace<'g> {
    fn new(golden: &'g Golden) -> Self {
        let state = state_area(&golden.header(), PAGE).unwrap();
        Self(Chip::new(golden, &[SLOT, SCRATCH, 2 * PAGE, state]))
    }

    fn update_with(&self, chip: &RefCell<Simulator>, key: impl DecryptionKey) -> Result<(), Error> {
        let area = |index| self.0.area(chip, index);
        let areas = InPlaceAreas { slot: area(0), scratch: area(1), journal: area(2), state: area(3) };
        let mut buffer = [0; IN_PLACE_BUFFER];
        with_memory(&self.0.golden.package, |workspace| {
            let mut update = InPlaceUpdate::<_, _, SoftwareSha256, _, _>::with_key(
                workspace,
                &mut buffer,
                areas,
                area(4),
                Anything,
                key,
            )?;
            while update.step(100)? != Step::Ready {}
            Ok(())
        })
    }
}

impl Device for InPlace<'_> {
    fn chip(&self) -> Simulator {
        self.0.fresh()
    }

    fn update(&self, chip: &RefCell<Simulator>) -> Result<(), Error> {
        self.update_with(chip, key())
    }

    fn check_always(&self, chip: &Simulator) {
        self.0.check_package(chip);
    }

    fn check_ready(&self, chip: &Simulator) {
        assert!(chip.memory().starts_with(&self.0.golden.target), "not the new image");
    }
}

struct TwoSlots<'g>(Chip<'g>);

impl<'g> TwoSlots<'g> {
    fn new(golden: &'g Golden) -> Self {
        Self(Chip::new(golden, &[SLOT, SLOT, 2 * PAGE]))
    }

    fn update_with(&self, chip: &RefCell<Simulator>, key: impl DecryptionKey) -> Result<(), Error> {
        let area = |index| self.0.area(chip, index);
        let base = (self.0.golden.base.len() as u32, area(0));
        let mut package = area(3);
        let mut buffer = [0; PAGE as usize];
        with_memory(&self.0.golden.package, |workspace| {
            let mut update = AbUpdate::<_, _, _, SoftwareSha256, _, _>::with_key(
                workspace,
                &mut buffer,
                base,
                (area(1), area(2)),
                Anything,
                key,
            )?;
            while update.step(&mut package, 100)? != Step::Ready {}
            Ok(())
        })
    }
}

impl Device for TwoSlots<'_> {
    fn chip(&self) -> Simulator {
        self.0.fresh()
    }

    fn update(&self, chip: &RefCell<Simulator>) -> Result<(), Error> {
        self.update_with(chip, key())
    }

    fn check_always(&self, chip: &Simulator) {
        self.0.check_package(chip);
        assert!(chip.memory().starts_with(&self.0.golden.base), "the old image was lost");
    }

    fn check_ready(&self, chip: &Simulator) {
        let start = self.0.bounds[1] as usize;
        assert!(chip.memory()[start..].starts_with(&self.0.golden.target), "not the new image");
    }
}

const PLAN: Plan = Plan { torn: &[0, 3, u32::MAX], ..EVERY };

#[test]
fn every_cut_in_place_is_survived() {
    let golden = encrypted_named("encrypted-in-place");
    let count = survive(&InPlace::new(&golden), PLAN);
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
        let count = survive(&TwoSlots::new(&golden), PLAN);
        println!("{name}: {count:?}");
        assert!(count.cuts > 50);
    }
}

#[test]
fn without_the_key_nothing_is_written() {
    let golden = encrypted_named("encrypted-in-place");
    let (in_place, two_slots) = (InPlace::new(&golden), TwoSlots::new(&golden));
    let chip = RefCell::new(in_place.chip());
    assert_eq!(in_place.update_with(&chip, NoKey), Err(Error::Encrypted));
    assert_eq!(in_place.update_with(&chip, another()), Err(Error::DecryptionKey));
    assert_eq!(chip.borrow().operations(), 0);
    let chip = RefCell::new(two_slots.chip());
    assert_eq!(two_slots.update_with(&chip, NoKey), Err(Error::Encrypted));
    assert_eq!(two_slots.update_with(&chip, another()), Err(Error::DecryptionKey));
    assert_eq!(chip.borrow().operations(), 0);
}

/// The key must be there after a reset: without it, nothing is done and nothing is lost.
#[test]
fn an_update_that_has_begun_waits_for_its_key() {
    let golden = encrypted_named("encrypted-in-place");
    let device = InPlace::new(&golden);
    let whole = RefCell::new(device.chip());
    device.update(&whole).unwrap();
    let operations = whole.borrow().operations();
    for after in (0..operations).step_by(13) {
        let mut chip = device.chip();
        chip.cut(Cut { after, torn: 2 });
        let chip = RefCell::new(chip);
        device.update(&chip).unwrap_err();
        chip.borrow_mut().reboot();
        let before = chip.borrow().memory().to_vec();
        assert_eq!(device.update_with(&chip, NoKey), Err(Error::Encrypted));
        assert_eq!(device.update_with(&chip, another()), Err(Error::DecryptionKey));
        assert!(chip.borrow().memory() == before, "written without the key");
        device.update(&chip).unwrap();
        device.check_ready(&chip.borrow());
    }
}
