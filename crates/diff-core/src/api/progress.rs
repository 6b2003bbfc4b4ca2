//! Progress reporting and cancellation.

use std::fmt;

use super::error::DiffError;

/// The stages of making a package, in order, and of simulating an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Finding and expanding compressed streams.
    Expand,
    /// Detecting addresses and architectures.
    Analyse,
    /// Building the index and searching covers.
    Search,
    /// Trial encodings.
    Encode,
    /// Applying the package.
    Prove,
    /// Losses of power on simulated flash.
    Simulate,
}

impl Stage {
    /// What is being done, in a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expand => "expanding",
            Self::Analyse => "analysing",
            Self::Search => "searching",
            Self::Encode => "encoding",
            Self::Prove => "proving",
            Self::Simulate => "simulating",
        }
    }
}

/// Follows the work and may cancel it. All methods may be called from any thread.
pub trait Progress: Sync {
    /// A stage of about `steps` steps begins.
    fn begin(&self, _stage: Stage, _steps: u64) {}
    /// This many more steps are done.
    fn advance(&self, _steps: u64) {}
    /// Something was found or chosen that explains the package: a line for people, without a promise what it says.
    fn explain(&self, _text: fmt::Arguments<'_>) {}
    /// Return true to cancel the work: it ends soon, without a result. Polled between steps.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// [`DiffError::Cancelled`] if `progress` asks for it.
pub(crate) fn check_cancelled(progress: &dyn Progress) -> Result<(), DiffError> {
    if progress.is_cancelled() { Err(DiffError::Cancelled) } else { Ok(()) }
}

/// No reporting, no cancellation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}
