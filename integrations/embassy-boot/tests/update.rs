//! An application updates itself: package in, image in `DFU`, swap by embassy-boot's own bootloader at the next start.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::rc::Rc;

use embassy_boot::{BootLoader, BootLoaderConfig, FirmwareUpdater, FirmwareUpdaterConfig, State};
use embassy_futures::block_on;
use embedded_storage::nor_flash::{self, ErrorType, NorFlashError, NorFlashErrorKind};
use embedded_storage_async::nor_flash as asynch;
use smidgen_embassy_boot::{Memory, ROOM, UpdateError, update};
use smidgen_patch::{Anything, BaseFn, Device, Error, Policy, Workspace};

const OLD: &[u8] = include_bytes!("../../../fixtures/firmware/app-v1.bin");
const NEW: &[u8] = include_bytes!("../../../fixtures/firmware/app-v2.bin");
const PACKAGE: &[u8] = include_bytes!("../../../fixtures/packages/firmware-v1-v2.smdg");

const PAGE: usize = 4096;
const UNIT: usize = 8;
const SLOT: usize = 64 << 10;

/// Why an access failed.
#[derive(Debug)]
struct Refused;

impl NorFlashError for Refused {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

/// A part of flash that outlives a reset, and loses power after so many operations.
#[derive(Clone)]
struct Part {
    bytes: Rc<RefCell<Vec<u8>>>,
    fuel: Rc<Cell<u32>>,
}

impl Part {
    fn new(size: usize, fuel: &Rc<Cell<u32>>) -> Self {
        Self { bytes: Rc::new(RefCell::new(vec![0xFF; size])), fuel: fuel.clone() }
    }

    fn with(size: usize, fuel: &Rc<Cell<u32>>, image: &[u8]) -> Self {
        let part = Self::new(size, fuel);
        part.bytes.borrow_mut()[..image.len()].copy_from_slice(image);
        part
    }

    fn work(&self) -> Result<(), Refused> {
        self.fuel.set(self.fuel.get().checked_sub(1).ok_or(Refused)?);
        Ok(())
    }
}

impl ErrorType for Part {
    type Error = Refused;
}

impl nor_flash::ReadNorFlash for Part {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Refused> {
        let (from, flash) = (offset as usize, self.bytes.borrow());
        assert!(from.is_multiple_of(4) && bytes.len().is_multiple_of(4));
        bytes.copy_from_slice(flash.get(from..from + bytes.len()).ok_or(Refused)?);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.borrow().len()
    }
}

impl nor_flash::NorFlash for Part {
    const WRITE_SIZE: usize = UNIT;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Refused> {
        assert!((from as usize).is_multiple_of(PAGE) && (to as usize).is_multiple_of(PAGE));
        self.work()?;
        self.bytes.borrow_mut().get_mut(from as usize..to as usize).ok_or(Refused)?.fill(0xFF);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Refused> {
        assert!((offset as usize).is_multiple_of(UNIT) && bytes.len().is_multiple_of(UNIT));
        self.work()?;
        let mut flash = self.bytes.borrow_mut();
        let place =
            flash.get_mut(offset as usize..).and_then(|flash| flash.get_mut(..bytes.len())).ok_or(Refused)?;
        assert!(place.iter().all(|&byte| byte == 0xFF), "written without an erase at {offset}");
        place.copy_from_slice(bytes);
        Ok(())
    }
}

impl asynch::ReadNorFlash for Part {
    const READ_SIZE: usize = 4;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Refused> {
        embassy_futures::yield_now().await;
        nor_flash::ReadNorFlash::read(self, offset, bytes)
    }

    fn capacity(&self) -> usize {
        nor_flash::ReadNorFlash::capacity(self)
    }
}

impl asynch::NorFlash for Part {
    const WRITE_SIZE: usize = UNIT;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Refused> {
        embassy_futures::yield_now().await;
        nor_flash::NorFlash::erase(self, from, to)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Refused> {
        embassy_futures::yield_now().await;
        nor_flash::NorFlash::write(self, offset, bytes)
    }
}

struct Board {
    active: Part,
    dfu: Part,
    state: Part,
    fuel: Rc<Cell<u32>>,
}

type Outcome = Result<(), UpdateError<Infallible>>;

impl Board {
    fn new(image: &[u8]) -> Self {
        let fuel = Rc::new(Cell::new(u32::MAX));
        let active = Part::with(SLOT, &fuel, image);
        Self {
            active,
            dfu: Part::with(SLOT + PAGE, &fuel, &[0x5A; PAGE]),
            state: Part::new(PAGE, &fuel),
            fuel,
        }
    }

    /// What the application does, with a package that comes in pieces.
    fn update(&self, package: &[u8], policy: impl Policy) -> (Outcome, State) {
        let mut aligned = [0; UNIT];
        let config = FirmwareUpdaterConfig { dfu: self.dfu.clone(), state: self.state.clone() };
        let mut updater = FirmwareUpdater::new(config, &mut aligned);
        let (mut workspace, mut pending, mut piece) = (Workspace::<16384>::new(), [0; ROOM + UNIT], [0; 100]);
        let memory = Memory { workspace: &mut workspace, pending: &mut pending, piece: &mut piece };
        let base = BaseFn::new(OLD.len() as u32, |offset, bytes: &mut [u8]| {
            bytes.copy_from_slice(&self.active.bytes.borrow()[offset as usize..][..bytes.len()]);
            Ok::<(), Error>(())
        });
        let mapped = |offset: u32, bytes: &mut [u8]| {
            bytes.copy_from_slice(&self.dfu.bytes.borrow()[offset as usize..][..bytes.len()]);
            Ok(())
        };
        let mut pieces = package.chunks(90);
        let receive = async |piece: &mut [u8]| {
            embassy_futures::yield_now().await;
            let next = pieces.next().unwrap_or_default();
            piece[..next.len()].copy_from_slice(next);
            Ok(next.len())
        };
        let outcome = block_on(update(&mut updater, SLOT as u32, base, mapped, policy, memory, receive));
        let state = block_on(updater.get_state()).unwrap_or(State::Boot);
        (outcome, state)
    }

    /// What the bootloader does at the next start.
    fn boot(&self) -> State {
        let config = BootLoaderConfig {
            active: self.active.clone(),
            dfu: self.dfu.clone(),
            state: self.state.clone(),
        };
        BootLoader::new(config).prepare_boot(&mut [0; PAGE]).unwrap()
    }

    fn runs(&self, image: &[u8]) -> bool {
        self.active.bytes.borrow().starts_with(image)
    }
}

#[test]
fn the_bootloader_swaps_in_what_was_restored() {
    let board = Board::new(OLD);
    let (outcome, state) = board.update(PACKAGE, Anything);
    assert!(outcome.is_ok() && state == State::Swap, "{outcome:?}");
    assert!(board.dfu.bytes.borrow().starts_with(NEW));
    board.boot();
    assert!(board.runs(NEW));
    // Nobody confirms it: the old image comes back.
    board.boot();
    assert!(board.runs(OLD));
}

#[test]
fn what_is_wrong_is_never_swapped_in() {
    let mut other = OLD.to_vec();
    other[100] ^= 1;
    let mut damaged = PACKAGE.to_vec();
    damaged[400] ^= 0x10;
    let pump = Device { product: Some("pump"), ..Device::default() };
    for (image, package, product, wanted) in [
        (&other[..], PACKAGE, false, Error::BaseDigest),
        (OLD, &damaged, false, Error::Truncated),
        (OLD, &PACKAGE[..PACKAGE.len() - 20], false, Error::Truncated),
        (OLD, PACKAGE, true, Error::Product),
    ] {
        let board = Board::new(image);
        let (outcome, state) =
            if product { board.update(package, pump) } else { board.update(package, Anything) };
        assert!(
            matches!(outcome, Err(UpdateError::Package(error)) if error == wanted),
            "{outcome:?}, not {wanted:?}"
        );
        assert_eq!(state, State::Boot);
        board.boot();
        assert!(board.runs(image));
    }
}

#[test]
fn after_a_loss_of_power_anywhere_it_begins_again() {
    let operations = {
        let board = Board::new(OLD);
        assert!(board.update(PACKAGE, Anything).0.is_ok());
        u32::MAX - board.fuel.get()
    };
    assert!(operations > 100, "{operations}");
    for cut in 0..operations {
        let board = Board::new(OLD);
        board.fuel.set(cut);
        let (outcome, _) = board.update(PACKAGE, Anything);
        assert!(matches!(outcome, Err(UpdateError::Updater(_))), "{cut}: {outcome:?}");
        board.fuel.set(u32::MAX);
        // The bootloader starts one of the two images, and the old one updates again.
        board.boot();
        if !board.runs(NEW) {
            assert!(board.runs(OLD), "{cut}");
            assert!(board.update(PACKAGE, Anything).0.is_ok(), "{cut}");
            board.boot();
        }
        assert!(board.runs(NEW), "{cut}");
    }
}
