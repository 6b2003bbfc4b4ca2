//! An update on simulated flash of a device: the device's own code restores the image, loses power and recovers.
//!
//! What is erased and written is counted, and the time of a restore is estimated. The flash is a
//! [`Simulator`](smidgen_patch::flash::Simulator), which enforces the rules of flash.

mod losses;
mod outcome;
mod setup;
mod time;

pub use losses::{Cuts, PowerLosses};
pub use outcome::{LostUpdate, SimulatedArea, Simulation};
pub use time::RestoreTime;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use smidgen_patch::Error;
use smidgen_patch::flash::{Course, Cut, Fault, Lost, ReplayError, SimulatedDevice, cut_power, replay};
use smidgen_patch::secrecy::DecryptionKey;
use thiserror::Error as ThisError;

use crate::api::{Device, Progress, Stage, Unfit};
use setup::Setup;

/// The most bytes of simulated flash: it is held in memory several times.
const FLASH_LIMIT: u64 = 512 << 20;
/// The most bytes that an update writes: all its writes are held in memory.
const WRITTEN_LIMIT: u64 = 2 << 30;
/// Bytes of memory that copies of the flash may take.
const MEMORY: u64 = 4 << 30;
/// Copies of the flash, and of what is known of its units, that each thread holds.
const COPIES: u64 = 10;
/// Cuts are divided into this many parts for each thread, so that none waits long for another.
const PARTS: usize = 4;

/// Why an update cannot be simulated.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum SimulateError {
    /// The package is damaged, or made for another base.
    #[error(transparent)]
    Package(#[from] Error),
    /// The package needs an operating system.
    #[error(
        "the package makes a compressed file, which takes an operating system: it has no update over flash"
    )]
    Container,
    /// The device cannot restore the package.
    #[error("the device cannot restore it: {0}")]
    Unfit(#[from] Unfit),
    /// The device's profile lacks something, or its flash is impossible or too large to simulate.
    #[error("{0}")]
    Profile(String),
    /// [`PowerLosses::at`] names an operation that the update does not have.
    #[error("no operation {asked}: {left}, which are numbered from 0")]
    NoOperation {
        /// The operation.
        asked: u64,
        /// What the update has, in words.
        left: ReplayError,
    },
    /// The update fails without a loss of power: a fault of this crate.
    #[error("internal error, please report it: without a loss of power, {0}")]
    Update(Fault),
    /// [`Progress::is_cancelled`] returned true.
    #[error("cancelled")]
    Cancelled,
}

/// Updates a device with simulated flash from `base` by `package`: first without a loss of power, then with the given ones.
///
/// The update is the device's way: A/B or in place, as [`Device::update`] says; where it does not, in place if the package
/// can be applied so. The slot and the scratch area are as large as needed where the device states no size; its erase page
/// must be known. `key` decrypts the package, if it is encrypted.
///
/// A loss of power that is not survived is no error: it is in [`Simulation::lost`].
///
/// # Errors
/// A wrong base, a package that is damaged or that the device cannot restore, a profile without the erase page, and losses
/// of power after the update's end.
pub fn simulate<K: DecryptionKey + Sync>(
    base: &[u8],
    package: &[u8],
    key: K,
    device: &Device,
    losses: &PowerLosses,
    progress: &dyn Progress,
) -> Result<Simulation, SimulateError> {
    let setup = Setup::new(base, package, device)?;
    let mut board = setup.board(base, package, &key)?;
    let course = Course::of(&board).map_err(|fault| match fault {
        Fault::Stopped(error) => SimulateError::Package(error),
        fault => SimulateError::Update(fault),
    })?;
    let bytes_read = board.bytes_read() + course.chip.bytes_read();
    let image = course.chip.memory().get(..board.header.target_size as usize).unwrap_or_default().to_vec();
    board.target = Some(&image);
    let trials = if losses.at.is_empty() {
        let cuts = losses.cuts.of(course.chip.operations());
        try_cuts(&board, &course, &cuts, losses.again, progress)?
    } else {
        let survived = losses.at.len() as u64;
        match replay(&board, &losses.at) {
            Ok(_) => Trials { survived, lost: Vec::new() },
            Err(ReplayError::Lost(lost)) => Trials { survived: 0, lost: vec![(0, lost)] },
            Err(left @ ReplayError::NoOperation { cut, .. }) => {
                let asked = losses.at.get(cut).map_or(0, |cut| cut.after);
                return Err(SimulateError::NoOperation { asked, left });
            }
        }
    };
    Ok(setup.simulation(&board, &course, bytes_read, trials))
}

/// The cuts that were made of an update.
#[derive(Debug, Default)]
struct Trials {
    /// Losses of power that were survived.
    survived: u64,
    /// Those that were not, each with its number among the cuts.
    lost: Vec<(usize, Lost)>,
}

/// Makes all cuts, on all cores.
fn try_cuts(
    device: &(impl SimulatedDevice + Sync),
    course: &Course,
    cuts: &[Cut],
    again: u32,
    progress: &dyn Progress,
) -> Result<Trials, SimulateError> {
    progress.begin(Stage::Simulate, cuts.len() as u64);
    let size = 2 * course.chip.memory().len() as u64 * COPIES;
    let threads = rayon::current_num_threads().min((MEMORY / size.max(1)).max(1) as usize);
    let length = cuts.len().div_ceil(threads * if threads > 1 { PARTS } else { 1 }).max(1);
    let (trials, cancelled) = (Mutex::new(Trials::default()), AtomicBool::new(false));
    let try_part = |(part, cuts): (usize, &[Cut])| {
        let mut number = part * length;
        cut_power(device, &course.operations, cuts, again.into(), |tried| {
            // No thread panics while it holds this.
            if let Ok(mut trials) = trials.lock() {
                match tried {
                    Ok(survived) => trials.survived += survived,
                    Err(lost) => trials.lost.push((number, lost)),
                }
            }
            number += 1;
            progress.advance(1);
            cancelled.fetch_or(progress.is_cancelled(), Ordering::Relaxed);
            !cancelled.load(Ordering::Relaxed)
        });
    };
    on_threads(threads, cuts.chunks(length).enumerate(), try_part);
    if cancelled.into_inner() {
        return Err(SimulateError::Cancelled);
    }
    let mut trials = trials.into_inner().unwrap_or_default();
    trials.lost.sort_unstable_by_key(|(number, _)| *number);
    Ok(trials)
}

/// Does all parts of some work, at most so many of them at the same time.
fn on_threads<T: Send>(threads: usize, parts: impl Iterator<Item = T> + Send, work: impl Fn(T) + Sync) {
    let parts = Mutex::new(parts);
    // The lock is not held during the work.
    let next = || parts.lock().ok()?.next();
    (0..threads).into_par_iter().with_max_len(1).for_each(|_| {
        while let Some(part) = next() {
            work(part);
        }
    });
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use smidgen_patch::flash::{Flash, FlashError, Geometry, Simulator};
    use smidgen_patch::secrecy::NoKey;

    use super::*;
    use crate::api::{Arch, InPlace, Options, Ram, Silent};
    use crate::board::Board;
    use crate::diff::diff;

    /// What a journal of a broken driver leaves out.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Omission {
        Nothing,
        /// It claims to write.
        Writes,
        /// It claims to erase.
        Erases,
    }

    struct Careless<F>(F, Omission);

    impl<F: Flash> Flash for Careless<F> {
        fn geometry(&self) -> Geometry {
            self.0.geometry()
        }

        fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
            self.0.read(offset, buffer)
        }

        fn erase(&mut self, offset: u32) -> Result<(), FlashError> {
            if self.1 == Omission::Erases { Ok(()) } else { self.0.erase(offset) }
        }

        fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
            if self.1 == Omission::Writes { Ok(()) } else { self.0.write(offset, bytes) }
        }
    }

    struct BrokenBoard<'a>(Board<'a, NoKey>, Omission);

    impl SimulatedDevice for BrokenBoard<'_> {
        fn chip(&self) -> Simulator {
            self.0.chip()
        }

        fn boot(&self, chip: &RefCell<Simulator>) -> Result<(), Error> {
            self.0.boot_with(chip, |journal| Careless(journal, self.1))
        }

        fn check(&self, chip: &Simulator, ready: bool) -> Result<(), &'static str> {
            self.0.check(chip, ready)
        }
    }

    /// A package of small images for one of two slots, or in place.
    fn made(in_place: bool) -> (Vec<u8>, Vec<u8>) {
        let noise = |index: u32| (index.wrapping_mul(0x9E37_79B1) >> 13) as u8;
        let base: Vec<u8> = (0..700).map(noise).collect();
        let target = [&base[200..], &base[..150], &[1; 90]].concat();
        let flash = InPlace::default().with_slot(1024).with_page(64).with_write(4).with_scratch(256);
        let options = Options::default()
            .with_ram(Ram::Bytes(4096))
            .with_arch(Arch::None)
            .with_body_digest(true)
            .with_in_place(in_place.then_some(flash));
        let package = diff(&base, &target, &options, &Silent).unwrap().bytes;
        (base, package)
    }

    fn lost(in_place: bool, omission: Omission) -> Result<Vec<Lost>, Fault> {
        let (base, package) = made(in_place);
        let device = Device::default().with_page(Some(64)).with_write(Some(4));
        let setup = Setup::new(&base, &package, &device).unwrap();
        let board = BrokenBoard(setup.board(&base, &package, NoKey).unwrap(), omission);
        let course = Course::of(&board)?;
        let cuts = Cuts::Even(60).of(course.chip.operations());
        let trials = try_cuts(&board, &course, &cuts, 1, &Silent).unwrap();
        for (_, lost) in &trials.lost {
            // What is printed repeats the loss.
            let again = replay(&board, &lost.cuts);
            assert!(matches!(again, Err(ReplayError::Lost(again)) if again.fault == lost.fault));
        }
        Ok(trials.lost.into_iter().map(|(_, lost)| lost).collect())
    }

    #[test]
    fn no_more_parts_run_than_memory_allows() {
        let (running, most, done) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(8).build().unwrap();
        let work = |part| {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(5));
            running.fetch_sub(1, Ordering::SeqCst);
            done.fetch_add(part, Ordering::SeqCst);
        };
        pool.install(|| on_threads(2, 0..20, work));
        assert!(most.into_inner() <= 2);
        assert_eq!(done.into_inner(), 190);
    }

    #[test]
    fn a_driver_that_forgets_its_journal_is_found() {
        assert!(lost(true, Omission::Nothing).unwrap().is_empty());
        let found = lost(true, Omission::Writes).unwrap();
        assert!(found.len() > 30, "{found:?}");
        assert!(
            found.iter().all(|lost| matches!(lost.fault, Fault::Wrong(_) | Fault::Stopped(_))),
            "{found:?}"
        );
    }

    #[test]
    fn a_driver_that_does_not_erase_is_found() {
        for in_place in [true, false] {
            assert_eq!(lost(in_place, Omission::Erases).unwrap_err(), Fault::Rule, "{in_place}");
        }
    }
}
