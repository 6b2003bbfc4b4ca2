//! What a simulation found: wear of the flash, memory, time, and losses of power.

use smidgen_patch::flash::{Course, Cut, Lost, Operation};

use super::losses::written;
use super::time::RestoreTime;
use crate::api::Update;
use crate::board::Part;

/// An update on simulated flash: what it took, and whether it survived.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Simulation {
    /// How the image got into flash.
    pub update: Update,
    /// Bytes of RAM for the decoder's workspace.
    pub workspace: u64,
    /// Bytes of RAM for the heap of codec `zstd`.
    pub heap: u64,
    /// Bytes of RAM for the update's buffer.
    pub buffer: u64,
    /// Bytes of an erase page.
    pub page: u32,
    /// Bytes of a write unit.
    pub unit: u32,
    /// The parts of the flash that the update writes.
    pub areas: Vec<SimulatedArea>,
    /// Erases and writes of the update, without a loss of power; these are the operations that cuts are counted in.
    pub operations: u64,
    /// Bytes that it reads: of the base, of the package, and of what it wrote.
    pub bytes_read: u64,
    /// How long it takes.
    pub time: RestoreTime,
    /// Losses of power that were tried, those during recoveries included.
    pub losses: u64,
    /// Updates that did not end with the new image; `0` of a good one.
    pub lost: u64,
    /// The first of them.
    pub lost_updates: Vec<LostUpdate>,
}

/// A part of the flash that an update writes, and its wear by one update without a loss of power.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SimulatedArea {
    /// `slot`, `scratch`, `journal` or `state`.
    pub name: &'static str,
    /// How often each page is erased.
    pub erases: Vec<u32>,
    /// How many units of each page are written.
    pub units: Vec<u32>,
}

/// An update that did not survive losses of power.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LostUpdate {
    /// When the power went, each counted from the reset before.
    pub cuts: Vec<Cut>,
    /// What the first cut interrupted, in words.
    pub during: String,
    /// What was wrong afterwards, in words.
    pub what: String,
}

/// As many lost updates are described.
pub(super) const DESCRIBED: usize = 10;

impl Simulation {
    /// Erases of all areas.
    #[must_use]
    pub fn erases(&self) -> u64 {
        self.areas.iter().map(SimulatedArea::total_erases).sum()
    }

    /// Bytes that are written to all areas.
    #[must_use]
    pub fn bytes_written(&self) -> u64 {
        self.areas.iter().map(SimulatedArea::total_units).sum::<u64>() * u64::from(self.unit)
    }

    /// The most erases of a page.
    #[must_use]
    pub fn most_erases(&self) -> u32 {
        self.areas.iter().map(SimulatedArea::most_erases).max().unwrap_or(0)
    }
}

impl SimulatedArea {
    /// The part of a chip after an update.
    pub(super) fn of(part: &Part, page: u32, course: &Course) -> Self {
        let pages = (part.start / page) as usize..((part.start + part.size) / page) as usize;
        let (erases, units) = (course.chip.erases(), course.chip.written());
        Self { name: part.name, erases: erases[pages.clone()].to_vec(), units: units[pages].to_vec() }
    }

    /// Erases of all pages.
    #[must_use]
    pub fn total_erases(&self) -> u64 {
        self.erases.iter().map(|&count| u64::from(count)).sum()
    }

    /// Units that are written in all pages.
    #[must_use]
    pub fn total_units(&self) -> u64 {
        self.units.iter().map(|&count| u64::from(count)).sum()
    }

    /// The most erases of a page.
    #[must_use]
    pub fn most_erases(&self) -> u32 {
        self.erases.iter().copied().max().unwrap_or(0)
    }
}

impl LostUpdate {
    /// The cuts as the option `--cut-at` takes them.
    #[must_use]
    pub fn cut_at(&self) -> String {
        written(&self.cuts)
    }

    pub(super) fn of(
        Lost { cuts, fault }: Lost,
        parts: &[Part],
        page: u32,
        operations: &[Operation],
    ) -> Self {
        let first = cuts.first().and_then(|cut| operations.get(usize::try_from(cut.after).ok()?));
        let during = first.map_or_else(String::new, |operation| {
            let (what, offset) = match operation {
                Operation::Erase(offset) => ("the erase", *offset),
                Operation::Write(offset, _) => ("a write", *offset),
            };
            let part = parts.iter().rfind(|part| part.start <= offset);
            let place =
                part.map(|part| format!("page {} of the {}", (offset - part.start) / page, part.name));
            format!("{what} of {}", place.unwrap_or_default())
        });
        Self { cuts, during, what: fault.to_string() }
    }
}
