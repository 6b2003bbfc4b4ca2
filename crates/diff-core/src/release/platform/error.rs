//! The errors of the delivery platform's rules.

use thiserror::Error;

use super::limits::{CATALOGUE_LIMIT, ENDINGS, FILE_LIMIT, Parameter};
use crate::escaped::Escaped;

/// A rule of Alibaba Cloud IoT Platform that a release breaks.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RuleError {
    /// A parameter is empty.
    #[error("the {parameter} is empty; give 1 to {limit} characters")]
    Empty {
        /// The parameter.
        parameter: Parameter,
        /// The most characters.
        limit: usize,
    },
    /// A parameter is too long.
    #[error("the {parameter} \"{}\" has {length} characters; the limit is {limit}", Escaped(text))]
    TooLong {
        /// The parameter.
        parameter: Parameter,
        /// Its value.
        text: String,
        /// Its characters.
        length: usize,
        /// The most characters.
        limit: usize,
    },
    /// A parameter has a character that is not allowed.
    #[error(
        "the {parameter} \"{}\" has {character:?} as character {place}; allowed are {allowed}",
        Escaped(text)
    )]
    Character {
        /// The parameter.
        parameter: Parameter,
        /// Its value.
        text: String,
        /// The first wrong character.
        character: char,
        /// Its place, from 1.
        place: usize,
        /// The characters allowed there.
        allowed: &'static str,
    },
    /// A name that was put together breaks a rule.
    #[error("{error}: it is derived from product and version; give --name")]
    DerivedName {
        /// What is wrong with it.
        error: Box<RuleError>,
    },
    /// A differential package has no source version.
    #[error("a differential package has no source version; it needs one or more")]
    NoSource,
    /// The Android SDK understands only MD5.
    #[error("the Android SDK checks differential packages by MD5; do not choose sign method SHA256")]
    AndroidNeedsMd5,
    /// A file's name has an ending that the platform refuses.
    #[error("the name of file \"{}\" ends in none of {}", Escaped(file), ENDINGS.join(", "))]
    Ending {
        /// Its name.
        file: String,
    },
    /// A file is too large.
    #[error("the file \"{}\" has {size} bytes; the limit is {FILE_LIMIT} (1,000 MB)", Escaped(file))]
    FileSize {
        /// Its name.
        file: String,
        /// Its bytes.
        size: u64,
    },
    /// A catalogue has too many packages.
    #[error("there are {count} packages; a catalogue has at most {CATALOGUE_LIMIT}")]
    Catalogue {
        /// The number of packages.
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
