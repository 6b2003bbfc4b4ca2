//! Why a release could not be packed, read or put together.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::api::DiffError;
use crate::escaped::Escaped;
use crate::release::encryption::EncryptError;
use crate::release::platform::RuleError;
use crate::release::sign::SignError;

/// What stops work on a release.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PackError {
    /// The delivery platform would refuse it.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// An image could not be opened.
    #[error("the image of {version}: {error}")]
    Image {
        /// Of which version.
        version: String,
        /// Why.
        error: io::Error,
    },
    /// A file of the release could not be read or written.
    #[error("{}: {doing}: {error}", Escaped(path.display()))]
    File {
        /// Which.
        path: PathBuf,
        /// "cannot read" or "cannot write".
        doing: &'static str,
        /// Why.
        error: io::Error,
    },
    /// A package could not be made.
    #[error("{what}: {error}")]
    Diff {
        /// Which one.
        what: String,
        /// Why.
        error: DiffError,
    },
    /// A package could not be signed.
    #[error("{}: {error}", Escaped(file))]
    Sign {
        /// Which one.
        file: String,
        /// Why.
        error: SignError,
    },
    /// A package could not be encrypted.
    #[error("{file}: {error}")]
    Encrypt {
        /// Which one.
        file: String,
        /// Why.
        error: EncryptError,
    },
    /// A file is not a manifest, or says what cannot be; or a package is not the one that its manifest tells of.
    #[error("{}: {reason}", Escaped(path.display()))]
    Manifest {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Shards do not belong together, or one is missing.
    #[error("the shards cannot be merged: {0}")]
    Merge(String),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Usage(String),
    /// Whoever watched did not want the release any more. Finished packages stay, and are used next time.
    #[error("cancelled; finished packages are kept and used by the next run")]
    Cancelled,
}

impl PackError {
    pub(crate) fn reading(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::File { path: path.to_owned(), doing: "cannot read", error }
    }

    pub(crate) fn writing(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::File { path: path.to_owned(), doing: "cannot write", error }
    }

    pub(crate) fn manifest(path: &Path, reason: impl Into<String>) -> Self {
        Self::Manifest { path: path.to_owned(), reason: reason.into() }
    }
}
