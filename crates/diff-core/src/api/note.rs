//! What people should know about a package that is right, but could have been smaller.

use std::fmt;

use patch_nostd::Error;

/// A remark about a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// Compressed streams of the new file whose contents resemble the base's stay compressed, as they cannot be made
    /// again, or not cheaply.
    NotMadeAgain {
        /// How many.
        streams: usize,
        /// Bytes of all of them.
        bytes: usize,
    },
    /// Parts of the new file are compressed in a way that is not looked into.
    NotOpened {
        /// What it is called.
        format: &'static str,
    },
    /// A package through what is in the files was made, but did not give the new file back: the files are compared as
    /// they are. This should not happen.
    ContainerNotProved {
        /// What the proof ended with.
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
                 gzip, zip and most programs built on zlib make streams that can"
            ),
            Self::NotOpened { format } => write!(
                out,
                "the target file holds {format} data, which is not looked into; deliver it without compression, or with \
                 gzip -n, for much smaller packages"
            ),
            Self::ContainerNotProved { error } => write!(
                out,
                "what is in the files made a package that could not be proved ({error}), so they are compared as they \
                 are; please report it"
            ),
        }
    }
}
