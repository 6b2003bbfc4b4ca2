//! Cuts the power of an update on simulated flash at chosen operations, and again while it recovers.

use core::cell::RefCell;
use core::fmt;
use std::vec;
use std::vec::Vec;

use super::simulator::{Cut, Operation, Simulator};
use crate::Error;

/// Of this many operations, the cuts of about one are also made while the update runs, not only after a repetition of what
/// it did before.
const REALLY: u64 = 64;

/// A device on simulated flash, and the update that it runs after each reset.
pub trait SimulatedDevice {
    /// The flash before the update.
    fn chip(&self) -> Simulator;

    /// What the device does after a reset: it updates until the image is ready.
    ///
    /// # Errors
    /// Those of the update.
    fn boot(&self, chip: &RefCell<Simulator>) -> Result<(), Error>;

    /// Checks what must hold after a loss of power or, if `ready`, after the update. Rules of flash are checked besides.
    ///
    /// # Errors
    /// What is wrong, in a few words.
    fn check(&self, chip: &Simulator, ready: bool) -> Result<(), &'static str>;
}

/// What was wrong with an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It gave up, with power on.
    Stopped(Error),
    /// It broke a rule of flash: it wrote what was not erased, a part of a unit, or outside of the flash.
    Rule,
    /// What [`SimulatedDevice::check`] said.
    Wrong(&'static str),
    /// With the same flash, it did something else than before.
    Differs,
}

/// An update that was not survived: when the power went, each counted from the start or from the reset before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The losses of power.
    pub cuts: Vec<Cut>,
    /// What was wrong after the last one.
    pub fault: Fault,
}

/// Why losses of power were not replayed to a good end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayError {
    /// The update is lost.
    Lost(Lost),
    /// There is no such operation to cut.
    NoOperation {
        /// The number of the cut, from 0.
        cut: usize,
        /// The operations from the start, or from the reset before, to the end of the update.
        operations: u64,
    },
}

/// An update without a loss of power.
#[derive(Clone, Debug)]
pub struct Course {
    /// The flash after it, with its counts.
    pub chip: Simulator,
    /// What was erased and written, in order.
    pub operations: Vec<Operation>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped(error) => write!(f, "the update stopped: {error} (E{})", error.number()),
            Self::Rule => f.write_str("the update broke a rule of flash"),
            Self::Wrong(what) => f.write_str(what),
            Self::Differs => f.write_str("the update did something else than before"),
        }
    }
}

impl core::error::Error for Fault {}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(lost) => lost.fault.fmt(f),
            Self::NoOperation { cut: 0, operations } => write!(f, "the update has {operations} operations"),
            Self::NoOperation { cut, operations } => {
                write!(f, "after reset {cut}, the update has {operations} operations")
            }
        }
    }
}

impl core::error::Error for ReplayError {}

impl Course {
    /// Updates a device without a loss of power.
    ///
    /// # Errors
    /// Why that does not succeed.
    pub fn of(device: &impl SimulatedDevice) -> Result<Self, Fault> {
        run(device, device.chip())
    }
}

/// Updates a device that loses power as planned, each cut counted from the reset before, and then no more. Returns the
/// flash in the end.
///
/// # Errors
/// Why the update is lost, or which cut comes after its end.
pub fn replay(device: &impl SimulatedDevice, cuts: &[Cut]) -> Result<Simulator, ReplayError> {
    let chip = RefCell::new(device.chip());
    for (index, &cut) in cuts.iter().enumerate() {
        let lost = |fault| ReplayError::Lost(Lost { cuts: cuts[..=index].to_vec(), fault });
        let before = chip.borrow().operations();
        chip.borrow_mut().cut(cut);
        let end = device.boot(&chip);
        let mut chip = chip.borrow_mut();
        if chip.is_on() {
            end.map_err(|error| lost(stopped(&chip, error)))?;
            check(device, &chip, true).map_err(lost)?;
            return Err(ReplayError::NoOperation { cut: index, operations: chip.operations() - before });
        }
        chip.reboot();
        check(device, &chip, false).map_err(lost)?;
    }
    finish(device, chip.into_inner()).map_err(|fault| ReplayError::Lost(Lost { cuts: cuts.to_vec(), fault }))
}

/// Cuts the power of an update with these operations; `cuts` are in the order of operations. During the recovery from
/// each, the power is cut again: `again` times one after the other, spread over it, each from the same flash.
///
/// After each cut, `tried` is told how many losses of power were survived, or the first that was not, and says whether
/// to go on.
///
/// What led to a cut is not done again for each: the operations up to it are repeated on a flash that goes along.
pub fn cut_power(
    device: &impl SimulatedDevice,
    operations: &[Operation],
    cuts: &[Cut],
    again: u64,
    mut tried: impl FnMut(Result<u64, Lost>) -> bool,
) {
    let mut chip = device.chip();
    let mut cuts = cuts.iter().peekable();
    for (after, operation) in (0..).zip(operations) {
        while let Some(&cut) = cuts.next_if(|cut| cut.after <= after) {
            if !tried(cut_once(device, &chip, operation, cut, again)) {
                return;
            }
        }
        let Some(&&next) = cuts.peek() else { return };
        if operation.repeat(&mut chip).is_err() {
            tried(Err(Lost { cuts: vec![next], fault: Fault::Differs }));
            return;
        }
    }
}

/// Cuts the power during one operation, and again during the recovery.
fn cut_once(
    device: &impl SimulatedDevice,
    before: &Simulator,
    operation: &Operation,
    cut: Cut,
    again: u64,
) -> Result<u64, Lost> {
    let lost = |fault| Lost { cuts: vec![cut], fault };
    let really = is_really_cut(cut.after);
    let chip = interrupted(device, before, operation, cut.torn).map_err(lost)?;
    if really {
        compare(device, device.chip(), cut, &chip).map_err(lost)?;
    }
    if again == 0 {
        finish(device, chip).map_err(lost)?;
        return Ok(1);
    }
    let recovery = run(device, chip.clone()).map_err(lost)?.operations;
    let mut along = chip.clone();
    let torn = cut.torn / 2 + 1;
    let mut places = places(recovery.len() as u64, cut, again).into_iter().peekable();
    let mut survived = 1;
    for (after, operation) in (0..).zip(&recovery) {
        while places.next_if(|&place| place == after).is_some() {
            let second = Cut { after, torn };
            let lost = |fault| Lost { cuts: vec![cut, second], fault };
            let interrupted = interrupted(device, &along, operation, torn).map_err(lost)?;
            if really {
                compare(device, chip.clone(), second, &interrupted).map_err(lost)?;
            }
            finish(device, interrupted).map_err(lost)?;
            survived += 1;
        }
        let Some(&next) = places.peek() else { break };
        if operation.repeat(&mut along).is_err() {
            let second = Cut { after: next, torn };
            return Err(Lost { cuts: vec![cut, second], fault: Fault::Differs });
        }
    }
    Ok(survived)
}

/// Whether the cuts of this operation are also made while the update runs. That depends on nothing else, so that any
/// division of the cuts finds the same; the numbers are mixed, as even cuts have a distance that may go with any pattern.
const fn is_really_cut(after: u64) -> bool {
    after.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32 & (REALLY - 1) == 0
}

/// At which operations of a recovery the power is cut again: evenly, from a place that the first cut determines.
fn places(operations: u64, cut: Cut, again: u64) -> Vec<u64> {
    let first = (cut.after % operations.max(1)) * 7 + u64::from(cut.torn.min(9));
    let count = again.min(operations);
    let mut places: Vec<u64> =
        (0..count).map(|number| (first + number * operations / count) % operations).collect();
    places.sort_unstable();
    places
}

/// The flash after an operation during which the power was cut, with power again.
fn interrupted(
    device: &impl SimulatedDevice,
    before: &Simulator,
    operation: &Operation,
    torn: u32,
) -> Result<Simulator, Fault> {
    let mut chip = before.clone();
    chip.cut(Cut { after: 0, torn });
    let end = operation.repeat(&mut chip);
    if end.is_ok() || chip.is_on() {
        return Err(Fault::Differs);
    }
    chip.reboot();
    check(device, &chip, false)?;
    Ok(chip)
}

/// An update that really loses power then and there leaves that flash.
fn compare(
    device: &impl SimulatedDevice,
    mut chip: Simulator,
    cut: Cut,
    expected: &Simulator,
) -> Result<(), Fault> {
    chip.cut(cut);
    let chip = RefCell::new(chip);
    let end = device.boot(&chip);
    let chip = chip.into_inner();
    let same = chip.memory() == expected.memory() && chip.operations() == expected.operations();
    if end.is_err() && !chip.is_on() && same { Ok(()) } else { Err(Fault::Differs) }
}

/// Updates to the end, and writes down how.
fn run(device: &impl SimulatedDevice, mut chip: Simulator) -> Result<Course, Fault> {
    chip.record();
    let mut chip = finish(device, chip)?;
    let operations = chip.recorded();
    Ok(Course { chip, operations })
}

/// Updates to the end.
fn finish(device: &impl SimulatedDevice, chip: Simulator) -> Result<Simulator, Fault> {
    let chip = RefCell::new(chip);
    let end = device.boot(&chip);
    let chip = chip.into_inner();
    end.map_err(|error| stopped(&chip, error))?;
    check(device, &chip, true)?;
    Ok(chip)
}

/// What was wrong when an update gave up: a rule of flash that it broke explains every error.
const fn stopped(chip: &Simulator, error: Error) -> Fault {
    if chip.violations() > 0 { Fault::Rule } else { Fault::Stopped(error) }
}

fn check(device: &impl SimulatedDevice, chip: &Simulator, ready: bool) -> Result<(), Fault> {
    if chip.violations() > 0 {
        return Err(Fault::Rule);
    }
    device.check(chip, ready).map_err(Fault::Wrong)
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;

    use super::super::traits::{Flash, Geometry};
    use super::*;

    #[test]
    fn second_cuts_are_at_different_places() {
        for (operations, again) in [(0, 5), (1, 5), (5, 1), (5, 2), (208, 207), (208, 208), (208, 1000)] {
            let mut places = places(operations, Cut { after: 1234, torn: 5 }, again);
            places.dedup();
            assert_eq!(places.len() as u64, again.min(operations), "{again} of {operations}");
            assert!(places.iter().all(|&place| place < operations), "{places:?}");
        }
    }

    /// Writes pages one by one; a careless one writes something else after its first boot.
    #[derive(Default)]
    struct Pages {
        is_careless: bool,
        has_booted: Cell<bool>,
    }

    impl SimulatedDevice for Pages {
        fn chip(&self) -> Simulator {
            Simulator::new(Geometry::new(16 * 100, 16, 4))
        }

        fn boot(&self, chip: &RefCell<Simulator>) -> Result<(), Error> {
            let value = u8::from(self.has_booted.replace(self.is_careless));
            let chip = &mut *chip.borrow_mut();
            for page in 0..100 {
                chip.erase(page * 16)
                    .and_then(|()| chip.write(page * 16, &[value; 4]))
                    .map_err(|_| Error::TargetWrite)?;
            }
            Ok(())
        }

        fn check(&self, _chip: &Simulator, _ready: bool) -> Result<(), &'static str> {
            Ok(())
        }
    }

    fn lost(device: &Pages, operations: &[Operation], cuts: &[Cut]) -> Vec<Lost> {
        let mut lost = Vec::new();
        cut_power(device, operations, cuts, 1, |tried| {
            lost.extend(tried.err());
            true
        });
        lost
    }

    #[test]
    fn any_division_of_the_cuts_finds_the_same() {
        let device = Pages { is_careless: true, ..Pages::default() };
        let operations = Course::of(&device).unwrap().operations;
        let cuts: Vec<Cut> = (0..operations.len() as u64).map(|after| Cut { after, torn: 1 }).collect();
        let together = lost(&device, &operations, &cuts);
        assert!((2..9).contains(&together.len()), "{together:?}");
        assert!(together.iter().all(|lost| lost.fault == Fault::Differs));
        let parts: Vec<Lost> = cuts.chunks(7).flat_map(|cuts| lost(&device, &operations, cuts)).collect();
        assert_eq!(parts, together);
    }

    #[test]
    fn operations_that_cannot_be_repeated_are_told() {
        let device = Pages::default();
        let mut operations = Course::of(&device).unwrap().operations;
        let cuts = [1, 5, 9].map(|after| Cut { after, torn: 0 });
        assert_eq!(lost(&device, &operations, &cuts), []);
        operations[3] = Operation::Erase(1 << 20);
        assert_eq!(lost(&device, &operations, &cuts), [Lost { cuts: vec![cuts[1]], fault: Fault::Differs }]);
    }
}
