//! Why a package could not be made.

use thiserror::Error;

use super::device::Unfit;
use super::in_place::InPlaceError;

/// What stops [`crate::diff`].
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DiffError {
    /// An image is larger than the format allows.
    #[error("the {which} image has {size} bytes; the limit is {limit}")]
    TooLarge {
        /// "base" or "target".
        which: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The most that is allowed.
        limit: u32,
    },
    /// A text is not one that headers can hold.
    #[error(
        "{text:?} cannot be a {what}: use at most {limit} bytes without control characters; in a module or version, only \
         letters, digits, . _ - and +"
    )]
    Identity {
        /// Which text.
        what: &'static str,
        /// The text itself.
        text: String,
        /// The most bytes that are allowed.
        limit: usize,
    },
    /// The device cannot restore the package.
    #[error("the device cannot restore it: {0}")]
    Device(#[from] Unfit),
    /// No update in place works with these options.
    #[error("in place: {0}")]
    InPlace(#[from] InPlaceError),
    /// No decoder works in the budget.
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
    /// BSDIFF40 cannot hold the patch, or the patch is damaged.
    #[error(transparent)]
    Classic(#[from] crate::bsdiff40::Bsdiff40Error),
    /// The zstd library failed.
    #[error("zstd: {0}")]
    Zstd(std::io::Error),
    /// [`Progress::is_cancelled`](crate::Progress::is_cancelled) returned true. There is no package.
    #[error("cancelled")]
    Cancelled,
    /// A fault of this crate: the models refused the plan, or the package did not restore the target. There is no
    /// package.
    #[error("internal error, please report it: the package could not be proved ({0})")]
    NotProved(smidgen_patch::Error),
    /// A fault of this crate.
    #[error("internal error, please report it: {0}")]
    Internal(&'static str),
}
