//! Remarks about a package that is correct, but could have been smaller, or is for images that nobody may have meant.

use std::fmt;

use smidgen_patch::Error;

use super::expansion::Unexpanded;
use crate::input::Format;

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
    /// The target is the base: nothing is updated.
    Unchanged,
    /// The target has less than half of the base's bytes: a build that stopped early leaves such a file.
    MuchSmaller {
        /// Bytes of the base.
        base: u64,
        /// Bytes of the target.
        target: u64,
    },
    /// The files of the two images are of different formats, so that one may hold more or other memory than the other.
    Formats {
        /// The format of the base's file.
        base: Format,
        /// That of the target's file.
        target: Format,
    },
}

impl Note {
    /// The warning about two images of these sizes; `equal` says whether they are the same. A full package, which has an
    /// empty base, needs none.
    #[must_use]
    pub const fn about(base: u64, target: u64, equal: bool) -> Option<Self> {
        match base {
            0 => None,
            _ if equal => Some(Self::Unchanged),
            _ if target < base.div_ceil(2) => Some(Self::MuchSmaller { base, target }),
            _ => None,
        }
    }

    /// Whether the images may be the wrong ones.
    #[must_use]
    pub const fn is_warning(&self) -> bool {
        matches!(self, Self::Unchanged | Self::MuchSmaller { .. } | Self::Formats { .. })
    }

    /// A short name that does not change, for programs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotMadeAgain { .. } => "not-made-again",
            Self::NotOpened { .. } => "not-opened",
            Self::NotExpanded { .. } => "not-expanded",
            Self::ContainerNotProved { .. } => "container-not-proved",
            Self::Unchanged => "unchanged",
            Self::MuchSmaller { .. } => "much-smaller",
            Self::Formats { .. } => "formats",
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
                "compressed data in the images is compared as it is, because {reason}; deliver it without \
                 compression, or compare the contents of whole files with --payload, for a smaller package"
            ),
            Self::NotExpanded { reason } => write!(
                out,
                "compressed data in the images is compared as it is, because {reason}; for devices with an \
                 operating system, give --containers auto, or os = true in their profile; --payload for the contents of whole files"
            ),
            Self::ContainerNotProved { error } => write!(
                out,
                "the package of the expanded files could not be proved ({error}), so the files are compared as they \
                 are; please report it"
            ),
            Self::Unchanged => out.write_str("the new image is the old one: check that it is the right file"),
            Self::MuchSmaller { base, target } => write!(
                out,
                "the new image has {target} bytes, less than half of the old one's {base}: check that it is whole"
            ),
            Self::Formats { base, target } => write!(
                out,
                "the base's file is {base}, the target's is {target}: check that both hold the same memory"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_that_nobody_may_have_meant_get_a_warning() {
        assert_eq!(Note::about(100, 100, true), Some(Note::Unchanged));
        assert_eq!(Note::about(100, 50, false), None);
        assert_eq!(Note::about(100, 49, false), Some(Note::MuchSmaller { base: 100, target: 49 }));
        assert_eq!(Note::about(101, 50, false), Some(Note::MuchSmaller { base: 101, target: 50 }));
        assert_eq!(Note::about(1, 0, false), Some(Note::MuchSmaller { base: 1, target: 0 }));
        assert_eq!(Note::about(0, 0, true), None);
        assert_eq!(Note::about(0, 10, false), None);
    }
}
