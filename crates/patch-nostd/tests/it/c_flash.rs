//! Updates over flash by the C decoder: the same operations as by this one, and every loss of power is survived.

use std::cell::RefCell;

use crate::c_host::{Host, Way};
use crate::common::named;
use crate::power::{Ab, Device, EVERY, GEOMETRIES, OTHERS, PLAIN, Plan, survive};
use smidgen_patch::flash::{Area, Cut, Simulator};
use smidgen_patch::secrecy::DecryptionKey;
use smidgen_patch::{Error, Header};

/// A device that updates into another slot in C.
struct InC<'a> {
    device: Ab<'a>,
    way: Way,
    host: &'a RefCell<Host>,
}

impl InC<'_> {
    fn deliver(&self, chip: &RefCell<Simulator>, package: &[u8]) -> Result<(), Error> {
        let Self { device, way, host } = self;
        let ([slot, journal, _], starts) = (device.sizes(), device.starts());
        let (mut slot, mut journal) = (Area::new(chip, starts[1], slot), Area::new(chip, starts[2], journal));
        let record = if device.write > 64 { device.write } else { 0 };
        let buffer = record + if device.buffered { device.page } else { device.write };
        let ram = Header::parse(package).map_or(1 << 14, |(header, _)| header.ram);
        let done = host.borrow_mut().update_ab(
            (device.old, package),
            Way { ram, ..*way },
            &mut [&mut slot, &mut journal],
            buffer as usize,
        );
        done.map_err(|number| Error::ALL.iter().copied().find(|error| error.number() == number).unwrap())
    }
}

impl Device for InC<'_> {
    fn chip(&self) -> Simulator {
        self.device.chip()
    }

    fn update_with_key(&self, chip: &RefCell<Simulator>, _key: impl DecryptionKey) -> Result<(), Error> {
        self.deliver(chip, self.device.package)
    }

    fn check_always(&self, chip: &Simulator) {
        self.device.check_always(chip);
    }

    fn check_ready(&self, chip: &Simulator) {
        self.device.check_ready(chip);
    }
}

/// By itself, and pushed in pieces and steps.
const WAYS: [Way; 2] = [Way::pieces(0), Way { budget: 100, ..Way::pieces(64) }];

/// What an update did: how it ended, what flash holds then, and what was erased and written.
type Done = (Result<(), Error>, Vec<u8>, u64);

fn done(chip: RefCell<Simulator>, end: Result<(), Error>) -> Done {
    let chip = chip.into_inner();
    assert_eq!(chip.violations(), 0);
    (end, chip.memory().to_vec(), chip.operations())
}

/// Each with power lost at some operations, then by the other decoder: journals are the same to the bit.
#[test]
fn what_one_decoder_began_the_other_goes_on_with() {
    for (host, way) in Host::all().into_iter().zip(WAYS) {
        let host = RefCell::new(host);
        for (index, geometry) in GEOMETRIES.into_iter().enumerate() {
            let golden = named(["small", "small-repeats", "firmware-v1-v2"][index % 3]);
            let kind = [PLAIN, OTHERS[0], OTHERS[2]][index % 3];
            let ours = || Ab { buffered: index % 2 == 0, other: &golden.base, kind, ..Ab::new(&golden, geometry) };
            let theirs = InC { device: ours(), way, host: &host };
            let ours = ours();
            let whole = RefCell::new(ours.chip());
            ours.update(&whole).unwrap();
            let operations = whole.borrow().operations();
            for after in (0..=operations).step_by(1 + operations as usize / 24) {
                let cut = || {
                    let mut chip = ours.chip();
                    chip.cut(Cut { after, torn: 1 });
                    RefCell::new(chip)
                };
                let (one, other) = (cut(), cut());
                let ends = (ours.update(&one), theirs.update(&other));
                one.borrow_mut().reboot();
                other.borrow_mut().reboot();
                assert_eq!(one.borrow().memory(), other.borrow().memory(), "{geometry:?} {after}: {ends:?}");
                assert_eq!(ends.0, ends.1);
                let ends = (theirs.update(&one), ours.update(&other));
                let (one, other) = (done(one, ends.0), done(other, ends.1));
                assert_eq!(one, other, "{geometry:?} {after}");
                assert_eq!(one.0, Ok(()), "{geometry:?} {after}");
            }
        }
    }
}

#[test]
fn every_cut_is_survived_in_c() {
    for (host, way) in Host::all().into_iter().zip(WAYS) {
        let (golden, host) = (named("small"), RefCell::new(host));
        let device = InC {
            device: Ab { other: &golden.base, kind: OTHERS[1], ..Ab::new(&golden, (256, 4)) },
            way,
            host: &host,
        };
        let cuts = survive(&device, Plan { torn: &[0, 1, u32::MAX], ..EVERY }).cuts;
        assert!(cuts > 50, "{cuts}");
    }
}

/// A wrong package must not stand in the right one's way.
#[test]
fn after_wrong_deliveries_the_genuine_package_is_restored_in_c() {
    let golden = named("small-repeats");
    let body = golden.body_start();
    for (host, way) in Host::all().into_iter().zip(WAYS) {
        let host = RefCell::new(host);
        let device = InC { device: Ab::new(&golden, (256, 64)), way, host: &host };
        for bit in (8 * body..8 * golden.package.len()).step_by(37) {
            let mut wrong = golden.package.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            let (one, other) = (RefCell::new(device.chip()), RefCell::new(device.chip()));
            let ends = (device.deliver(&one, &wrong), device.device.deliver(&other, &mut &wrong[..]));
            assert_eq!(ends.0, ends.1, "{bit}");
            assert_eq!(one.borrow().memory(), other.borrow().memory(), "{bit}");
            assert_eq!(device.update(&one), Ok(()), "{bit}");
            device.check_ready(&one.borrow());
        }
    }
}

#[test]
fn areas_that_do_not_go_together_are_refused_in_c() {
    let golden = named("small");
    for mut host in Host::all() {
        for (slot, journal, buffer, error) in [
            ((4096, 256, 4), (256, 256, 4), 256, Error::Areas),
            ((4096, 256, 3), (512, 256, 4), 256, Error::Areas),
            ((4000, 256, 4), (512, 256, 4), 256, Error::Areas),
            ((4096, 256, 0), (512, 256, 4), 256, Error::Areas),
            ((4096, 256, 4), (512, 256, 0), 256, Error::Areas),
            ((4096, 256, 4), (512, 256, 4), 3, Error::WorkspaceTooSmall),
            ((4096, 256, 4), (512, 256, 128), 100, Error::WorkspaceTooSmall),
            ((256, 256, 4), (512, 256, 4), 256, Error::SlotSize),
        ] {
            let mut areas = [slot, journal].map(Refused);
            let [slot, journal] = &mut areas;
            let found =
                host.update_ab((&golden.base, &golden.package), Way::pieces(0), &mut [slot, journal], buffer);
            assert_eq!(found, Err(error.number()));
        }
    }
}

/// Flash that is erased, and may not be written.
struct Refused((u32, u32, u32));

impl smidgen_patch::flash::Flash for Refused {
    fn geometry(&self) -> smidgen_patch::flash::Geometry {
        smidgen_patch::flash::Geometry::new(self.0.0, self.0.1, self.0.2)
    }

    fn read(&mut self, _offset: u32, buffer: &mut [u8]) -> Result<(), smidgen_patch::flash::FlashError> {
        buffer.fill(0xFF);
        Ok(())
    }

    fn erase(&mut self, _offset: u32) -> Result<(), smidgen_patch::flash::FlashError> {
        panic!("erased")
    }

    fn write(&mut self, _offset: u32, _bytes: &[u8]) -> Result<(), smidgen_patch::flash::FlashError> {
        panic!("written")
    }
}
