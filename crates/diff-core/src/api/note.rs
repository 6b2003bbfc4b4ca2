//! Remarks about a package that is correct, but could have been smaller.

use std::fmt;

use smidgen_patch::Error;

use super::expansion::Unexpanded;

/// A remark about a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// Compressed streams of the target whose contents resemble the base's stay compressed: they cannot be made again, or
    /// not cheaply.
    NotMadeAgain {
        /// How many.
        streams: usize,
        /// Bytes of all of them.
        bytes: usize,
    },
    /// Parts of the target are compressed in a format that is not expanded.
    NotOpened {
        /// The name of the format.
        format: &'static str,
    },
    /// Compressed streams are not expanded, although that may make the package smaller.
    NotExpanded {
        /// Why.
        reason: Unexpanded,
    },
    /// A fault of this crate: the package of the expanded files did not restore the target, so the files were compared as
    /// they are.
    ContainerNotProved {
        /// The error of the proof.
        error: Error,
    },
}

impl Note {
    /// A short name that does not change, for programs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotMadeAgain { .. } => "not-made-again",
            Self::NotOpened { .. } => "not-opened",
            Self::NotExpanded { .. } => "not-expanded",
            Self::ContainerNotProved { .. } => "container-not-proved",
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotMadeAgain { streams, bytes } => write!(
                out,
                "{streams} compressed streams of {bytes} bytes cannot be made again cheaply and are sent as they are; \
                 use gzip, zip or another program built on zlib for smaller packages"
            ),
            Self::NotOpened { format } => write!(
                out,
                "the target file holds {format} data, which is not expanded; deliver it without compression, or with \
                 gzip -n, for much smaller packages"
            ),
            Self::NotExpanded { reason: reason @ (Unexpanded::System | Unexpanded::Size { .. }) } => write!(
                out,
                "compressed data in the images is compared as it is, because {reason}; for a smaller package, deliver it \
                 without compression"
            ),
            Self::NotExpanded { reason } => write!(
                out,
                "compressed data in the images is compared as it is, because {reason}; for devices with an operating \
                 system, give --containers auto"
            ),
            Self::ContainerNotProved { error } => write!(
                out,
                "the package of the expanded files could not be proved ({error}), so the files are compared as they \
                 are; please report it"
            ),
        }
    }
}
