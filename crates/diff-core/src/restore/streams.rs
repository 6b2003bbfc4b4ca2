//! Where the expanded forms of compressed files are kept while one is restored.

use smidgen_patch::Error;
use smidgen_patch::container::Scratch;

/// An expanded file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The expanded base.
    Base,
    /// The expanded target.
    Target,
}

/// Where the expanded forms of compressed files are kept while one is restored.
pub trait Streams: Sync {
    /// Room for `size` bytes of an expanded file; in memory where nothing else is said.
    ///
    /// # Errors
    /// [`Error::TargetWrite`] without room.
    fn scratch(&self, _form: Form, _size: u32) -> Result<Box<dyn Scratch + '_>, Error> {
        Ok(Box::new(Vec::new()))
    }
}

/// All in memory.
#[derive(Clone, Copy, Debug, Default)]
pub struct InMemory;

impl Streams for InMemory {}
