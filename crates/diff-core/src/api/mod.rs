//! What callers see: options, progress, errors, the finished package and its report.

mod container_needs;
mod device;
mod error;
mod expansion;
mod identity;
mod in_place;
mod note;
mod options;
mod progress;
mod report;

pub use container_needs::ContainerNeeds;
pub use device::{
    Codecs, Core, Device, FlashOptions, Part, ProfileError, Speed, Unfit, UnreadableFlash, Update,
};
pub use error::DiffError;
pub(crate) use expansion::Expansion;
pub use expansion::Unexpanded;
pub use identity::Identity;
pub use in_place::{InPlace, InPlaceError};
pub use note::Note;
pub(crate) use options::DEFAULT_LEVEL;
pub use options::{Arch, CodecChoice, Containers, Options, Ram};
pub(crate) use progress::check_cancelled;
pub use progress::{Progress, Silent, Stage};
pub use report::{Costs, Package, Report, Work};
