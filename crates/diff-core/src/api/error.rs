//! Why a package could not be made.

use thiserror::Error;

/// What stops [`crate::diff`].
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DiffError {
    /// Images are limited by the format.
    #[error("the {which} image has {size} bytes; the limit is {limit}")]
    TooLarge {
        /// "base" or "target".
        which: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The most that is allowed.
        limit: u32,
    },
    /// A text that headers cannot hold.
    #[error(
        "{text:?} cannot be a {what}: at most {limit} bytes, no control characters, a module or version only letters, digits, . _ and -"
    )]
    Identity {
        /// Which text.
        what: &'static str,
        /// The text itself.
        text: String,
        /// The most bytes that are allowed.
        limit: usize,
    },
    /// The flash of an update in place is not enough, or makes no sense.
    #[error("in place: {0}")]
    InPlace(String),
    /// No decoder fits.
    #[error("a decoder needs at least {least} bytes of RAM; the budget is {budget}")]
    BudgetTooSmall {
        /// The budget asked for, in bytes.
        budget: u64,
        /// What the smallest decoder needs.
        least: u64,
    },
    /// The matching stage failed.
    #[error(transparent)]
    Search(#[from] crate::search::SearchError),
    /// The classic format refused.
    #[error(transparent)]
    Classic(#[from] crate::bsdiff40::Bsdiff40Error),
    /// The zstd library failed.
    #[error("zstd: {0}")]
    Zstd(std::io::Error),
    /// Whoever watched the progress did not want the package any more. Nothing was written.
    #[error("cancelled")]
    Cancelled,
    /// Our own models refused the plan, or the finished package did not give the target back. Nothing was written.
    #[error("internal error, please report it: the package could not be proved ({0})")]
    NotProved(patch_nostd::Error),
    /// What cannot be so: a fault of this crate.
    #[error("internal error, please report it: {0}")]
    Internal(&'static str),
}
