//! Errors of work on a release.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::api::{DiffError, Unfit};
use crate::escaped::Escaped;
use crate::release::encryption::EncryptError;
use crate::release::platform::RuleError;
use crate::release::sign::SignError;
use crate::release::version::VersionError;

/// The most characters of a reason.
const REASON_LIMIT: usize = 1000;

/// Why work on a release failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PackError {
    /// The release breaks a rule of the delivery platform.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// A version cannot be one, or two cannot be in one release.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// An image could not be opened.
    #[error("the image of {version}: {error}")]
    Image {
        /// Its version.
        version: String,
        /// The cause.
        error: io::Error,
    },
    /// The new image has no bytes, which [`ReleaseOptions`](crate::release::ReleaseOptions) does not allow.
    #[error("the image of {version} is empty")]
    EmptyTarget {
        /// Its version.
        version: String,
    },
    /// A file could not be read.
    #[error("{}: cannot read: {error}", Escaped(path.display()))]
    Read {
        /// Its path.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// A file could not be written.
    #[error("{}: cannot write: {error}", Escaped(path.display()))]
    Write {
        /// Its path.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// The options ask for packages that the device cannot restore.
    #[error("the device cannot restore the packages: {0}")]
    Device(#[from] Unfit),
    /// Another run writes to the folder of a release.
    #[error("{}: another run writes to this folder; wait until it ends, or give another folder", Escaped(folder.display()))]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder has another release.
    #[error(
        "{}: this folder has {there}, which is another release than {own}; give a folder of its own",
        Escaped(folder.display())
    )]
    OtherRelease {
        /// The folder.
        folder: PathBuf,
        /// Product, module and version of the release there, and its image if only that differs.
        there: String,
        /// The same of the release that was to be written.
        own: String,
    },
    /// A package could not be made.
    #[error("{file}: {error}")]
    Diff {
        /// Its file.
        file: String,
        /// The cause.
        error: DiffError,
    },
    /// A package could not be signed.
    #[error("{}: {error}", Escaped(file))]
    Sign {
        /// Its file.
        file: String,
        /// The cause.
        error: SignError,
    },
    /// A package could not be encrypted.
    #[error("{file}: {error}")]
    Encrypt {
        /// Its file.
        file: String,
        /// The cause.
        error: EncryptError,
    },
    /// A release file or a device profile is wrong.
    #[error("{}: {reason}", Escaped(path.display()))]
    File {
        /// The path of the file.
        path: PathBuf,
        /// What is wrong with it, for people.
        reason: String,
    },
    /// A manifest or package is damaged, or contradicts the manifest.
    #[error("{}: {reason}", Escaped(path.display()))]
    Manifest {
        /// The path of the file.
        path: PathBuf,
        /// What is wrong with it, for people.
        reason: String,
    },
    /// Shards do not belong together.
    #[error("the shards cannot be merged: {0}")]
    Merge(String),
    /// A shard is missing.
    #[error("the shards cannot be merged: shard {index}/{of} is missing")]
    MissingShard {
        /// Its number, from 1.
        index: u32,
        /// The number of shards.
        of: u32,
    },
    /// An argument is wrong.
    #[error("{0}")]
    Usage(String),
    /// [`PackProgress`](super::PackProgress) cancelled the work. The next run uses finished packages.
    #[error("cancelled; finished packages are kept and used by the next run")]
    Cancelled,
}

impl PackError {
    pub(crate) fn reading(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Read { path: path.to_owned(), error }
    }

    pub(crate) fn writing(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Write { path: path.to_owned(), error }
    }

    pub(crate) fn file(path: &Path, reason: impl Into<String>) -> Self {
        Self::File { path: path.to_owned(), reason: bounded(reason.into()) }
    }

    pub(crate) fn manifest(path: &Path, reason: impl Into<String>) -> Self {
        Self::Manifest { path: path.to_owned(), reason: bounded(reason.into()) }
    }
}

/// Parsers quote values, which have no limit in a hostile file.
fn bounded(mut reason: String) -> String {
    if let Some((end, _)) = reason.char_indices().nth(REASON_LIMIT) {
        reason.replace_range(end.., " …");
    }
    reason
}
