//! Updates over flash by the C decoder: the same operations as by this one, and every loss of power is survived.

use std::cell::RefCell;

use crate::c_host::{Host, MISALIGNED, Way};
use crate::common::named;
use crate::power::{
    Ab, Device, EVERY, GEOMETRIES, InPlaceDevice, OTHERS, PLAIN, Plan, is_long, needed, survive,
};
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
        let done = host.borrow_mut().update(
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

/// A device that updates in place in C.
struct InPlaceInC<'a> {
    device: InPlaceDevice<'a>,
    way: Way,
    host: &'a RefCell<Host>,
}

impl Device for InPlaceInC<'_> {
    fn chip(&self) -> Simulator {
        self.device.chip()
    }

    fn update_with_key(&self, chip: &RefCell<Simulator>, _key: impl DecryptionKey) -> Result<(), Error> {
        let Self { device: InPlaceDevice { package, page, write, .. }, way, host } = self;
        let bounds = self.device.bounds();
        let [mut slot, mut scratch, mut journal, mut state] =
            [0, 1, 2, 3].map(|index| Area::new(chip, bounds[index], bounds[index + 1] - bounds[index]));
        let ram = Header::parse(package).map_or(1 << 14, |(header, _)| header.ram);
        // The package is stored where no power is lost.
        let done = host.borrow_mut().update(
            (&[], package),
            Way { ram, ..*way },
            &mut [&mut slot, &mut scratch, &mut journal, &mut state],
            needed(package, *page, *write).buffer,
        );
        done.map_err(|number| Error::ALL.iter().copied().find(|error| error.number() == number).unwrap())
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
            let ours =
                || Ab { buffered: index % 2 == 0, other: &golden.base, kind, ..Ab::new(&golden, geometry) };
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

/// Packages, slots and scratch areas that they were made for, and pages and units.
const IN_PLACE: [(&str, [u32; 2], (u32, u32)); 6] = [
    ("small-in-place", [1024, 256], (64, 4)),
    ("small-in-place-repeats", [960, 144], (48, 16)),
    ("small-in-place", [1024, 256], (32, 32)),
    ("firmware-v1-v3-in-place", [40960, 8192], (512, 64)),
    ("firmware-v3-v1-in-place", [40960, 8192], (4096, 32)),
    ("firmware-v1-v3-lite-in-place", [40960, 8192], (512, 64)),
];

#[test]
fn every_cut_is_survived_in_place_in_c() {
    for (host, way) in Host::all().into_iter().zip(WAYS) {
        let host = RefCell::new(host);
        let mut cuts = 0;
        for (index, (name, sizes, geometry)) in IN_PLACE.into_iter().enumerate() {
            let golden = named(name);
            let kind = [PLAIN, OTHERS[0], OTHERS[1], OTHERS[2], PLAIN, OTHERS[0]][index];
            let device = InPlaceDevice { kind, ..InPlaceDevice::new(&golden, sizes, geometry) };
            let device = InPlaceInC { device, way, host: &host };
            let small = golden.target.len() < 2000;
            let plan = if small {
                Plan { stride: 5, torn: &[1], ..EVERY }
            } else {
                Plan { stride: 397, torn: &[3], ..EVERY }
            };
            cuts += survive(&device, plan).cuts;
        }
        assert!(cuts > 200, "{cuts}");
    }
}

/// Slot, scratch and journal get the same; the state is each decoder's own.
#[test]
fn updates_in_place_take_the_same_steps_in_c() {
    for (host, way) in Host::all().into_iter().zip(WAYS) {
        let host = RefCell::new(host);
        for (name, sizes, geometry) in IN_PLACE {
            let golden = named(name);
            let ours = InPlaceDevice::new(&golden, sizes, geometry);
            let theirs =
                InPlaceInC { device: InPlaceDevice::new(&golden, sizes, geometry), way, host: &host };
            let state = ours.bounds()[3] as usize;
            let (one, other) = (RefCell::new(ours.chip()), RefCell::new(theirs.chip()));
            assert_eq!((ours.update(&one), theirs.update(&other)), (Ok(()), Ok(())), "{name}");
            let (one, other) = (one.into_inner(), other.into_inner());
            assert_eq!(one.memory()[..state], other.memory()[..state], "{name}");
            let pages = state / geometry.0 as usize;
            assert_eq!(one.erases()[..pages], other.erases()[..pages], "{name}");
            assert_eq!(one.written()[..pages], other.written()[..pages], "{name}");
        }
    }
}

#[test]
fn what_cannot_be_updated_in_place_is_refused_in_c_before_anything_is_written() {
    let golden = named("small-in-place");
    let (mut base, mut package) = (golden.base.clone(), golden.package.clone());
    base[700] ^= 1;
    *package.last_mut().unwrap() ^= 1;
    let small = named("small");
    let sizes = [1024, 256];
    for host in Host::all() {
        let host = RefCell::new(host);
        for device in [
            InPlaceDevice { old: &base, ..InPlaceDevice::new(&golden, sizes, (64, 4)) },
            InPlaceDevice { package: &package, ..InPlaceDevice::new(&golden, sizes, (64, 4)) },
            InPlaceDevice::new(&golden, [1024, 128], (64, 4)),
            InPlaceDevice::new(&golden, [768, 256], (64, 4)),
            InPlaceDevice::new(&golden, sizes, (256, 4)),
            InPlaceDevice::new(&small, sizes, (64, 4)),
        ] {
            let chip = RefCell::new(device.chip());
            let wanted = device.update(&chip).unwrap_err();
            let theirs = InPlaceInC { device, way: WAYS[0], host: &host };
            assert_eq!(theirs.update(&chip), Err(wanted));
            assert_eq!(chip.borrow().operations(), 0, "{wanted:?}");
        }
    }
}

/// Scratch areas that are just enough, and packages with plans of one segment or several, that keep more or less.
#[cfg(feature = "encode")]
#[test]
fn plans_are_taken_and_refused_alike_in_c() {
    use smidgen_patch::header::{Extensions, InPlacePlan};
    let golden = named("small-in-place");
    let (header, extensions, start) = Header::parse_extended(&golden.package).unwrap();
    let (mut taken, mut refused) = (0, 0);
    for host in Host::all() {
        let host = RefCell::new(host);
        for segment in [63, 64, 192, 512, 896, 1024, 4096] {
            for keep in [0, 1, 64, segment / 2, segment].into_iter().filter(|&keep| keep <= segment) {
                for shift in [0, 64, 100, 256] {
                    let plan = InPlacePlan { segment, shift, keep };
                    let other = Extensions { in_place: Some(plan), ..extensions };
                    let package = [&header.to_bytes_with(&other), &golden.package[start..]].concat();
                    for scratch in [256, 896, 960, 1024] {
                        let sizes = [1024, scratch];
                        let device = InPlaceDevice {
                            package: &package,
                            ..InPlaceDevice::new(&golden, sizes, (64, 4))
                        };
                        let (one, other) = (RefCell::new(device.chip()), RefCell::new(device.chip()));
                        let ours = device.update(&one);
                        let theirs = InPlaceInC { device, way: WAYS[0], host: &host }.update(&other);
                        assert_eq!(theirs, ours, "{plan:?} {scratch}");
                        taken += u32::from(ours.is_ok());
                        refused += u32::from(ours == Err(Error::Areas));
                    }
                }
            }
        }
        assert!(taken > 50 && refused > 50, "{taken} {refused}");
    }
}

#[test]
fn misaligned_memory_is_refused_in_c_before_anything_is_written() {
    let (golden, in_place) = (named("small"), named("small-in-place"));
    let way = Way { flags: MISALIGNED, ..WAYS[0] };
    for host in Host::all() {
        let host = RefCell::new(host);
        let ab = InC { device: Ab::new(&golden, (256, 4)), way, host: &host };
        let in_place = InPlaceDevice::new(&in_place, [1024, 256], (64, 4));
        let in_place = InPlaceInC { device: in_place, way, host: &host };
        let (one, other) = (RefCell::new(ab.chip()), RefCell::new(in_place.chip()));
        let wanted = Err(Error::WorkspaceMisaligned);
        assert_eq!((ab.update(&one), in_place.update(&other)), (wanted, wanted));
        assert_eq!((one.borrow().operations(), other.borrow().operations()), (0, 0));
    }
}

/// No content of the state area leads out of an array, or makes a step that never returns.
#[test]
fn a_forged_state_ends_in_c() {
    forge("small-in-place-repeats", [960, 144], (48, 16), 1, 500);
}

/// Nor of a state of codec `lite`, which is counters but for what all states have.
#[test]
fn a_forged_state_of_lite_ends_in_c() {
    forge("firmware-v1-v3-lite-in-place", [40960, 8192], (512, 64), 8, 50);
}

/// Loads states with wrong words, of which one in `rarity` is tried; `least` says how many there must be.
fn forge(name: &str, sizes: [u32; 2], geometry: (u32, u32), rarity: usize, least: u32) {
    use smidgen_patch::internals::wire::crc32;
    let golden = named(name);
    for (turn, host) in Host::all().into_iter().enumerate() {
        let host = RefCell::new(host);
        let device = InPlaceDevice::new(&golden, sizes, geometry);
        let ([_, _, _, state, package, _], chip) = (device.bounds(), RefCell::new(device.chip()));
        let theirs = InPlaceInC { device, way: WAYS[0], host: &host };
        theirs.update(&chip).unwrap();
        let (count, place, mut forged) = (chip.borrow().operations(), (package - state) / 2, 0);
        for after in (count / 3..count).step_by(count as usize / if is_long() { 8 } else { 2 }) {
            let mut chip = theirs.chip();
            chip.cut(Cut { after, torn: 1 });
            let chip = RefCell::new(chip);
            theirs.update(&chip).unwrap_err();
            chip.borrow_mut().reboot();
            let chip = chip.into_inner();
            for half in [state, state + place] {
                let bytes = &chip.memory()[half as usize..][..place as usize];
                // Where the state ends and its checksum is.
                let ends =
                    |length: &usize| bytes[*length..].starts_with(&crc32(&bytes[..*length]).to_le_bytes());
                let Some(length) = (512..bytes.len() - 4).find(ends) else {
                    continue;
                };
                // What is held and what is no table come first, then the models.
                let (first, step) = if is_long() { (0, 4) } else { (4 * turn, 8) };
                let places =
                    (first..900).step_by(step * rarity).chain((900..length - 3).step_by(52 * rarity));
                for at in places {
                    let values = [0, 1, golden.target.len() as u32, 1 << 31, u32::MAX - 9, u32::MAX];
                    let some = if is_long() { 0..6 } else { at % 3..at % 3 + 4 };
                    for value in &values[some] {
                        let mut state = bytes[..length].to_vec();
                        state[at..at + 4].copy_from_slice(&value.to_le_bytes());
                        let sum = crc32(&state).to_le_bytes();
                        state.extend_from_slice(&sum);
                        let mut chip = chip.clone();
                        chip.load(half, &state);
                        let _ = theirs.update(&RefCell::new(chip));
                        forged += 1;
                    }
                }
            }
        }
        assert!(forged > least, "{forged}");
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
                host.update((&golden.base, &golden.package), Way::pieces(0), &mut [slot, journal], buffer);
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
