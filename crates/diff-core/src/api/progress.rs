//! How long work tells how far it is.

use super::error::DiffError;

/// The stages of making a package, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Finding and expanding compressed streams.
    Expand,
    /// Finding out what the images hold.
    Analyse,
    /// Building the index and searching covers.
    Search,
    /// Trial encodings.
    Encode,
    /// Applying the package.
    Prove,
}

/// Takes note of progress; all methods may be called from any thread.
pub trait Progress: Sync {
    /// A stage of about `steps` steps begins.
    fn begin(&self, _stage: Stage, _steps: u64) {}
    /// Some more steps are done.
    fn advance(&self, _steps: u64) {}
    /// Whether the work shall end soon, without a result; asked now and then.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// The end of work that nobody wants any more.
pub(crate) fn check_cancelled(progress: &dyn Progress) -> Result<(), DiffError> {
    if progress.is_cancelled() { Err(DiffError::Cancelled) } else { Ok(()) }
}

/// Takes no note of anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}
