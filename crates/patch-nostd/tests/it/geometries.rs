//! Chips that are not like most: long units, reads of whole words, sectors of several sizes, a journal in words that are
//! no flash. What updates do on them is what they do elsewhere.

use std::cell::RefCell;

use crate::common::{Golden, named};
use crate::power::{
    Ab, Device, EVERY, InPlaceDevice, Kind, OTHERS, PLAIN, Plan, is_long, needed, survive, update_in_place,
};
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use smidgen_patch::flash::{
    AbAreas, Area, Flash, FlashError, Geometry, InPlaceAreas, Nor, Sectors, Simulator, WordMemory, Words,
};
use smidgen_patch::header::Requirements;
use smidgen_patch::secrecy::{DecryptionKey, NoKey};
use smidgen_patch::{Anything, Error};

/// RA, RP2040 and SAM, PSoC 6, LPC55: pages and units.
const LONG: [(u32, u32); 4] = [(2048, 128), (4096, 256), (512, 512), (1024, 512)];

fn plan(stride: u64) -> Plan {
    if is_long() { EVERY } else { Plan { stride, torn: &[1, 200, u32::MAX], ..EVERY } }
}

#[test]
fn long_units_survive_every_cut_into_another_slot() {
    let golden = named("firmware-v1-v2");
    for (turn, (page, write)) in LONG.into_iter().enumerate() {
        for (buffered, kind) in [(true, PLAIN), (false, OTHERS[turn % 3])] {
            let device = Ab { kind, buffered, other: &golden.base, ..Ab::new(&golden, (page, write)) };
            let count = survive(&device, plan(7));
            println!("{page}/{write}: {count:?}");
        }
    }
}

#[test]
fn long_units_survive_every_cut_in_place() {
    let golden = named("firmware-v1-v3-in-place");
    for (turn, (page, write)) in LONG.into_iter().filter(|&(page, _)| page <= 2048).enumerate() {
        for kind in [PLAIN, OTHERS[turn % 3]] {
            let plain = InPlaceDevice::new(&golden, [40960, 8192], (page, write));
            let device = InPlaceDevice { kind, ..plain };
            let count = survive(&device, plan(53));
            println!("{page}/{write}: {count:?}");
        }
    }
}

/// A flash whose smallest sector is a page of the simulator.
struct Mixed<'c> {
    chip: Area<'c, Simulator>,
    sectors: &'static [(u32, u32)],
}

impl Flash for Mixed<'_> {
    fn geometry(&self) -> Geometry {
        self.chip.geometry()
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        self.chip.read(offset, buffer)
    }

    fn erase(&mut self, offset: u32) -> Result<(), FlashError> {
        let all = self.sectors.iter().flat_map(|&(count, size)| std::iter::repeat_n(size, count as usize));
        let mut start = 0;
        for size in all {
            if start == offset {
                let pages = (start..start + size).step_by(self.chip.geometry().page as usize);
                return pages.into_iter().try_for_each(|page| self.chip.erase(page));
            }
            start += size;
        }
        panic!("no sector begins at {offset}");
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.chip.write(offset, bytes)
    }
}

/// An update in place on sectors of several sizes, a part of an STM32F4's in small: the journal is in the smallest.
struct MixedDevice<'a> {
    golden: &'a Golden,
    kind: Kind,
}

/// The last ones are the journal's.
const SECTORS: &[(u32, u32)] = &[(2, 16), (1, 32), (200, 64), (8, 16)];

impl Device for MixedDevice<'_> {
    fn chip(&self) -> Simulator {
        let size = SECTORS.iter().map(|(count, size)| count * size).sum();
        let geometry = Geometry { erased: self.kind.erased, ..Geometry::new(size, 16, 4) };
        let mut chip = Simulator::new(geometry);
        chip.set_unreadable(self.kind.unreadable);
        chip.load(0, &self.golden.base);
        chip
    }

    fn update_with_key(&self, chip: &RefCell<Simulator>, key: impl DecryptionKey) -> Result<(), Error> {
        let size = chip.borrow().geometry().size;
        let mixed = |start| Mixed { chip: Area::new(chip, start, size), sectors: SECTORS };
        let pages = RefCell::new(Sectors::new(mixed(0), SECTORS)?);
        let small = RefCell::new(mixed(0));
        assert_eq!(pages.borrow().geometry().page, 64);
        let journal = Area::with_page(&small, size - 128, 128, 16);
        let state = needed(&self.golden.package, 64, 4).state;
        let areas = InPlaceAreas {
            slot: Area::new(&pages, 0, 1024),
            scratch: Area::new(&pages, 1024, 256),
            journal,
            state: Area::new(&pages, 1280, state),
        };
        let package = &self.golden.package[..];
        update_in_place(areas, 256, (package, package), Anything, key)
    }

    fn check_always(&self, _chip: &Simulator) {}

    fn check_ready(&self, chip: &Simulator) {
        assert!(chip.memory().starts_with(&self.golden.target));
    }
}

#[test]
fn sectors_of_several_sizes_survive_every_cut() {
    let golden = named("small-in-place");
    for kind in [PLAIN, OTHERS[1]] {
        survive(&MixedDevice { golden: &golden, kind }, plan(3));
    }
}

#[test]
fn sectors_that_do_not_go_together_are_refused() {
    let chip = RefCell::new(Simulator::new(Geometry::new(1024, 64, 4)));
    let area = || Area::new(&chip, 0, 1024);
    for right in [&[(16, 64)][..], &[(4, 64), (1, 256), (1, 512)], &[(1, 512), (2, 128), (4, 64)]] {
        assert!(Sectors::new(area(), right).is_ok(), "{right:?}");
    }
    for wrong in [
        &[(15, 64)][..],
        &[(17, 64)],
        &[(1, 64), (1, 512), (7, 64)],
        &[(1, 192), (13, 64)],
        &[(512, 2)],
        &[(1, 0), (16, 64)],
        &[],
        &[(u32::MAX, 64), (16, 64)],
    ] {
        assert_eq!(Sectors::new(area(), wrong).err(), Some(Error::Areas), "{wrong:?}");
    }
}

/// Backup registers that lose power after a number of writes.
struct Registers<'r> {
    words: &'r RefCell<[u32; 20]>,
    writes: &'r RefCell<(u32, Option<u32>)>,
}

impl WordMemory for Registers<'_> {
    fn count(&self) -> u32 {
        20
    }

    fn read(&mut self, index: u32) -> Result<u32, FlashError> {
        self.words.borrow().get(index as usize).copied().ok_or(FlashError)
    }

    fn write(&mut self, index: u32, word: u32) -> Result<(), FlashError> {
        let mut writes = self.writes.borrow_mut();
        let (done, limit) = &mut *writes;
        if limit.is_some_and(|limit| *done >= limit) {
            return Err(FlashError);
        }
        *done += 1;
        self.words.borrow_mut()[index as usize] = word;
        // The one that loses power holds something else.
        if *limit == Some(*done) {
            self.words.borrow_mut()[index as usize] ^= 0x8421_1248;
            return Err(FlashError);
        }
        Ok(())
    }
}

#[test]
fn a_journal_in_twenty_words_survives_every_cut() {
    let golden = named("small-in-place");
    let state = needed(&golden.package, 64, 4).state;
    let update = |chip: &RefCell<Simulator>, words: &RefCell<[u32; 20]>, writes: &RefCell<_>| {
        let areas = InPlaceAreas {
            slot: Area::new(chip, 0, 1024),
            scratch: Area::new(chip, 1024, 256),
            journal: Words(Registers { words, writes }),
            state: Area::new(chip, 1280, state),
        };
        let package = &golden.package[..];
        update_in_place(areas, 256, (package, package), Anything, NoKey)
    };
    let mut chip = Simulator::new(Geometry::new(1280 + state, 64, 4));
    chip.load(0, &golden.base);
    let begin = || (RefCell::new(chip.clone()), RefCell::new([0x5A5A_5A5A; 20]), RefCell::new((0, None)));
    let (whole, words, writes) = begin();
    assert_eq!(update(&whole, &words, &writes), Ok(()));
    let (writes, _) = writes.into_inner();
    assert!(writes > 100);
    for cut in 1..=writes {
        let (chip, words, writes) = begin();
        *writes.borrow_mut() = (0, Some(cut));
        assert_eq!(update(&chip, &words, &writes), Err(Error::Journal), "{cut}");
        // And again while it recovers.
        *writes.borrow_mut() = (0, Some(1 + cut % 13));
        let _ = update(&chip, &words, &writes);
        *writes.borrow_mut() = (0, None);
        assert_eq!(update(&chip, &words, &writes), Ok(()), "{cut}");
        assert!(chip.borrow().memory().starts_with(&golden.target) && chip.borrow().violations() == 0);
    }
}

/// A driver that reads whole units at whole units, into aligned memory.
struct Coarse<const READ: usize>(Simulator);

impl<const READ: usize> ErrorType for Coarse<READ> {
    type Error = NorFlashErrorKind;
}

impl<const READ: usize> ReadNorFlash for Coarse<READ> {
    const READ_SIZE: usize = READ;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        let aligned = bytes.as_ptr().align_offset(4) == 0;
        let whole = (offset as usize).is_multiple_of(READ) && bytes.len().is_multiple_of(READ);
        assert!(whole && (READ == 1 || aligned), "{offset}, {} bytes", bytes.len());
        self.0.read(offset, bytes).map_err(|_| NorFlashErrorKind::Other)
    }

    fn capacity(&self) -> usize {
        self.0.memory().len()
    }
}

impl<const READ: usize> NorFlash for Coarse<READ> {
    const WRITE_SIZE: usize = 8;
    const ERASE_SIZE: usize = 256;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        assert_eq!(to, from + 256);
        self.0.erase(from).map_err(|_| NorFlashErrorKind::Other)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        self.0.write(offset, bytes).map_err(|_| NorFlashErrorKind::Other)
    }
}

fn reads_anywhere<const READ: usize>() {
    let mut chip = Simulator::new(Geometry::new(1024, 256, 8));
    let bytes: Vec<u8> = (0..1024u32).map(|place| (place * 7 % 251) as u8).collect();
    chip.load(0, &bytes);
    let mut nor = Nor::new(Coarse::<READ>(chip));
    assert_eq!(nor.geometry(), Geometry::new(1024, 256, 8));
    for offset in (0..900).step_by(13) {
        for length in [0, 1, 2, 3, 5, 20, 63, 64, 65, 120] {
            let mut buffer = vec![0; length];
            nor.read(offset, &mut buffer).unwrap();
            assert_eq!(buffer, bytes[offset as usize..][..length]);
        }
    }
    assert_eq!(nor.last_error(), None);
    assert_eq!(nor.read(1020, &mut [0; 5]), Err(FlashError));
    assert_eq!(nor.last_error(), Some(&NorFlashErrorKind::Other));
    assert_eq!((nor.erase(256), nor.write(256, &[0; 8])), (Ok(()), Ok(())));
    assert_eq!(nor.last_error(), None);
    assert_eq!(nor.write(1024, &[0; 8]), Err(FlashError));
    assert_eq!((nor.erase(u32::MAX), nor.last_error()), (Err(FlashError), None), "the driver was not asked");
    assert_eq!(nor.into_inner().0.operations(), 2);
}

#[test]
fn drivers_that_read_whole_units_are_read_from_any_offset() {
    reads_anywhere::<1>();
    reads_anywhere::<4>();
    reads_anywhere::<16>();
    reads_anywhere::<64>();
}

#[test]
fn areas_and_buffers_are_as_long_as_units_ask_for() {
    let requirements = Requirements::of_workspace(4096);
    let needed = |page, write| {
        let geometry = Geometry::new(page, page, write);
        let needed = requirements.in_place(&InPlaceAreas::on_chip(geometry))?;
        assert_eq!(requirements.ab(&AbAreas::on_chip(geometry)).unwrap().journal, needed.journal);
        Some(needed)
    };
    let area = |page, write| needed(page, write).map(|needed| needed.journal);
    assert_eq!([area(4096, 8), area(512, 512), area(1024, 512)], [Some(8192), Some(2048), Some(2048)]);
    assert_eq!([area(40, 4), area(32, 32), area(24, 8), area(0, 0)], [Some(80), Some(128), Some(96), None]);
    let buffers = [1, 64, 128, 256, 512].map(|write| needed(512, write).unwrap().buffer);
    assert_eq!(buffers, [256, 256, 384, 512, 1024]);
    assert_eq!(needed(4096, 8).unwrap().state, 2 * 8192);
    let slot = Geometry::new(0, 4096, 8);
    let ab = |write| requirements.ab(&AbAreas { slot, journal: Geometry { write, ..slot } }).unwrap();
    assert_eq!([ab(64).buffer, ab(128).buffer], [4096, 4096 + 128]);
}

#[test]
fn pages_and_units_that_do_not_go_together_have_no_requirements() {
    let requirements = Requirements::of_workspace(4096);
    // Their sizes do not matter.
    let right = Geometry::new(100, 64, 8);
    assert!(requirements.ab(&AbAreas::on_chip(right)).is_some());
    assert!(requirements.in_place(&InPlaceAreas::on_chip(right)).is_some());
    for (page, write) in [(0, 0), (64, 0), (4, 8), (12, 8), (0, 8)] {
        let wrong = Geometry::new(0, page, write);
        for areas in [AbAreas { slot: wrong, journal: right }, AbAreas { slot: right, journal: wrong }] {
            assert_eq!(requirements.ab(&areas), None, "{areas:?}");
        }
        let chip = || InPlaceAreas::on_chip(right);
        for areas in [
            InPlaceAreas { slot: wrong, ..chip() },
            InPlaceAreas { scratch: wrong, ..chip() },
            InPlaceAreas { journal: wrong, ..chip() },
            InPlaceAreas { state: wrong, ..chip() },
        ] {
            assert_eq!(requirements.in_place(&areas), None, "{areas:?}");
        }
    }
}
