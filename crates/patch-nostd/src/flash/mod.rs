//! Updates of flash that survive a loss of power at any operation (`docs/format.md`, section 8; `docs/design.md`).
//!
//! [`AbUpdate`] restores into another slot than the one that runs, [`InPlaceUpdate`] into the same one. Both keep a
//! [`Journal`] and go on after a reset where they were. Flash is whatever implements [`Flash`]: [`Nor`] for drivers of
//! `embedded-storage`, [`Area`] for a part of a chip, [`Sectors`] for sectors of several sizes, [`Words`] for a journal in
//! backup registers or EEPROM.

mod ab;
mod area;
mod in_place;
mod journal;
mod nor;
mod record;
mod requirements;
mod saved;
mod sectors;
#[cfg(feature = "simulator")]
mod simulator;
mod slot;
mod slot_and_scratch;
mod stored;
mod traits;
#[cfg(feature = "simulator")]
mod trial;
mod words;

pub use ab::AbUpdate;
pub use area::Area;
pub use in_place::{InPlaceUpdate, has_begun};
pub use journal::Journal;
pub use nor::Nor;
pub use record::{Entry, Mark};
pub use requirements::{AbAreas, FlashRequirements, InPlaceAreas};
pub use sectors::Sectors;
#[cfg(feature = "simulator")]
pub use simulator::{Cut, Operation, Simulator, Unreadable};
pub use slot::SlotTarget;
pub use traits::{Flash, FlashBase, FlashError, Geometry};
#[cfg(feature = "simulator")]
pub use trial::{Course, Fault, Lost, ReplayError, SimulatedDevice, cut_power, replay};
pub use words::{WordMemory, Words};

/// How far an update is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Step {
    /// There is more to do; this percentage of the image is in flash.
    Working(u8),
    /// The new image is complete and its digest, as read back from flash, is right.
    Ready,
}
