//! Which rule is broken, by what: the messages that people see.

use thiserror::Error;

use super::limits::{CATALOGUE_LIMIT, ENDINGS, FILE_LIMIT, Parameter};
use crate::escaped::Escaped;

/// Which rule is broken, by what.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RuleError {
    /// Nothing where something must be.
    #[error("the {parameter} is empty; it has 1 to {limit} characters")]
    Empty {
        /// Of what.
        parameter: Parameter,
        /// The most characters.
        limit: usize,
    },
    /// Too many characters.
    #[error("the {parameter} \"{}\" has {length} characters; the limit is {limit}", Escaped(text))]
    TooLong {
        /// Of what.
        parameter: Parameter,
        /// What it is.
        text: String,
        /// Its characters.
        length: usize,
        /// The most characters.
        limit: usize,
    },
    /// A character that is not allowed.
    #[error(
        "the {parameter} \"{}\" has {character:?} as character {place}; allowed are {allowed}",
        Escaped(text)
    )]
    Character {
        /// Of what.
        parameter: Parameter,
        /// What it is.
        text: String,
        /// The first wrong character.
        character: char,
        /// Its place, from 1.
        place: usize,
        /// What could stand there.
        allowed: &'static str,
    },
    /// The target's version among the sources.
    #[error(
        "the source version \"{version}\" is the target version; a differential package leads to another one"
    )]
    SameVersion {
        /// The version.
        version: String,
    },
    /// A source version twice.
    #[error("the source version \"{version}\" is given twice")]
    RepeatedVersion {
        /// The version.
        version: String,
    },
    /// Versions that some file systems take for the same.
    #[error(
        "the versions \"{first}\" and \"{second}\" differ in case only; on some systems their files are the same"
    )]
    SimilarVersions {
        /// One.
        first: String,
        /// The other.
        second: String,
    },
    /// A differential package without sources.
    #[error("a differential package has one or more source versions; this one has none")]
    NoSource,
    /// SHA-256 where only MD5 is understood.
    #[error("the Android SDK checks differential packages by MD5; the sign method here is SHA256")]
    AndroidNeedsMd5,
    /// The file's name ends otherwise.
    #[error("the file \"{}\" is named otherwise than {}", Escaped(file), ENDINGS.join(", "))]
    Ending {
        /// Its name.
        file: String,
    },
    /// The file is too large.
    #[error("the file \"{}\" has {size} bytes; the limit is {FILE_LIMIT} (1,000 MB)", Escaped(file))]
    FileSize {
        /// Its name.
        file: String,
        /// Its bytes.
        size: u64,
    },
    /// Too many packages.
    #[error("there are {count} packages; a catalogue has at most {CATALOGUE_LIMIT}")]
    Catalogue {
        /// How many there are.
        count: usize,
    },
}

impl std::fmt::Display for Parameter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Name => "firmware name",
            Self::Version => "version",
            Self::Module => "module",
            Self::Description => "description",
        })
    }
}
