//! Cuts the power of an update on simulated flash at chosen operations, and again while it recovers.

use core::cell::RefCell;
use core::fmt;
use std::vec;
use std::vec::Vec;

use super::simulator::{Cut, Operation, Simulator};
use crate::Error;

/// Of this many cuts, one is also made while the update runs, not only after a repetition of its operations.
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
    let mut cuts = (0..).zip(cuts).peekable();
    for (after, operation) in (0..).zip(operations) {
        while let Some((number, cut)) = cuts.next_if(|(_, cut)| cut.after <= after) {
            let really = number % REALLY == 0;
            if !tried(cut_once(device, &chip, operation, (*cut, really), again)) {
                return;
            }
        }
        if cuts.peek().is_none() || operation.repeat(&mut chip).is_err() {
            return;
        }
    }
}

/// Cuts the power during one operation, and again during the recovery.
fn cut_once(
    device: &impl SimulatedDevice,
    before: &Simulator,
    operation: &Operation,
    (cut, really): (Cut, bool),
    again: u64,
) -> Result<u64, Lost> {
    let lost = |fault| Lost { cuts: vec![cut], fault };
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
        if places.peek().is_none() || operation.repeat(&mut along).is_err() {
            break;
        }
    }
    Ok(survived)
}

/// At which operations of a recovery the power is cut again: evenly, from a place that the first cut determines.
fn places(operations: u64, cut: Cut, again: u64) -> Vec<u64> {
    let first = (cut.after % operations.max(1)) * 7 + u64::from(cut.torn.min(9));
    let place = |number| (first + number * operations / again.max(1)) % operations.max(1);
    let mut places: Vec<u64> = (0..again.min(operations)).map(place).collect();
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
