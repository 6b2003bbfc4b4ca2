//! Who rebuilds the streams of compressed files, and where the expanded files are kept meanwhile.

use smidgen_patch::Error;
use smidgen_patch::container::{InProcess, Maker, Opened, Scratch};

/// An expanded file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The expanded base.
    Base,
    /// The expanded target.
    Target,
}

/// Who rebuilds the streams of compressed files, and where the expanded files are kept meanwhile.
pub trait Streams: Sync {
    /// What rebuilds the streams of this package.
    ///
    /// # Errors
    /// [`Error::TargetWrite`] where nothing can.
    fn maker(&self, package: &Opened<'_>) -> Result<Box<dyn Maker + '_>, Error>;

    /// Room for `size` bytes of an expanded file; in memory where nothing else is said.
    ///
    /// # Errors
    /// [`Error::TargetWrite`] without room.
    fn scratch(&self, _form: Form, _size: u32) -> Result<Box<dyn Scratch + '_>, Error> {
        Ok(Box::new(Vec::new()))
    }
}

/// All in this process and in memory: for packages whose maker is trusted, as hostile ones may take any amount of either.
#[derive(Clone, Copy, Debug, Default)]
pub struct InMemory;

impl Streams for InMemory {
    fn maker(&self, _package: &Opened<'_>) -> Result<Box<dyn Maker + '_>, Error> {
        Ok(Box::new(InProcess::default()))
    }
}
