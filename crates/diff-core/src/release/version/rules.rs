//! What may be a version, on any platform: files are named for versions, and headers of packages state them.

use smidgen_patch::internals::wire::{TEXT_LIMIT, is_name};
use thiserror::Error;

use crate::escaped::Escaped;

/// Names that Windows keeps for devices, whatever follows their first dot.
const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];

/// A version that cannot be one, or two that cannot be in one release.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum VersionError {
    /// It is empty.
    #[error("the version is empty; give 1 to {TEXT_LIMIT} characters")]
    Empty,
    /// It is too long.
    #[error("the version \"{}\" has {length} characters; the limit is {TEXT_LIMIT}", Escaped(version))]
    TooLong {
        /// The version.
        version: String,
        /// Its characters.
        length: usize,
    },
    /// It has a character that is not allowed.
    #[error(
        "the version \"{}\" has '{}' as character {place}; allowed are A to Z, a to z, 0 to 9, '.', '-', '_' and '+'",
        Escaped(version),
        Escaped(character)
    )]
    Character {
        /// The version.
        version: String,
        /// The first wrong character.
        character: char,
        /// Its place, from 1.
        place: usize,
    },
    /// It does not begin with a letter or a digit.
    #[error(
        "the version \"{version}\" begins with '{first}'; files are named for versions: begin it with a letter or a digit"
    )]
    Start {
        /// The version.
        version: String,
        /// Its first character.
        first: char,
    },
    /// Its package would have the name of a device on Windows.
    #[error(
        "the version \"{version}\" begins with a name that Windows keeps for a device; choose another one"
    )]
    Reserved {
        /// The version.
        version: String,
    },
    /// A source version is the target's.
    #[error(
        "the source version \"{version}\" is the target version; a package needs two different versions: if images state a wrong one, name them with --to-version VERSION and --from VERSION=IMAGE"
    )]
    Same {
        /// The version.
        version: String,
    },
    /// A source version is given twice.
    #[error("the source version \"{version}\" is given twice; give each version once")]
    Repeated {
        /// The version.
        version: String,
    },
    /// Two spellings of one version, of sources or of a source and the target, have different images.
    #[error(
        "\"{first}\" and \"{second}\" are one version, but their images differ; give the image that devices of this version have, or a new image a version of its own"
    )]
    Spelled {
        /// One.
        first: String,
        /// The other.
        second: String,
    },
    /// Two versions differ in case only, and so do the names of their files.
    #[error("the versions \"{first}\" and \"{second}\" differ in case only, which some file systems ignore")]
    Similar {
        /// One.
        first: String,
        /// The other.
        second: String,
    },
}

/// Checks a version by itself.
pub(crate) fn check_version(text: &str) -> Result<(), VersionError> {
    let version = || text.to_owned();
    let Some(first) = text.chars().next() else { return Err(VersionError::Empty) };
    if let Some((character, place)) = text.chars().zip(1..).find(|&(character, _)| !is_allowed(character)) {
        return Err(VersionError::Character { version: version(), character, place });
    }
    if text.len() > TEXT_LIMIT {
        return Err(VersionError::TooLong { version: version(), length: text.len() });
    }
    if !first.is_ascii_alphanumeric() {
        return Err(VersionError::Start { version: version(), first });
    }
    if is_reserved(text) { Err(VersionError::Reserved { version: version() }) } else { Ok(()) }
}

pub(crate) fn is_version(text: &str) -> bool {
    check_version(text).is_ok()
}

/// Checks a release's versions: each by itself, and that no two have the same name or file.
pub(crate) fn check_versions(target: &str, sources: &[&str]) -> Result<(), VersionError> {
    check_version(target)?;
    sources.iter().try_for_each(|source| check_version(source))?;
    if sources.contains(&target) {
        return Err(VersionError::Same { version: target.to_owned() });
    }
    let mut sorted: Vec<(String, &str)> =
        sources.iter().map(|version| (version.to_ascii_lowercase(), *version)).collect();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        None => Ok(()),
        Some([(_, first), (_, second)]) if first == second => {
            Err(VersionError::Repeated { version: (*first).to_owned() })
        }
        Some(pair) => {
            Err(VersionError::Similar { first: pair[0].1.to_owned(), second: pair[1].1.to_owned() })
        }
    }
}

fn is_allowed(character: char) -> bool {
    is_name(character.encode_utf8(&mut [0; 4]))
}

fn is_reserved(version: &str) -> bool {
    let stem = version.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let is_port = |port: &str| matches!(stem.strip_prefix(port), Some(number) if number.len() == 1 && number.as_bytes()[0].is_ascii_digit());
    RESERVED.contains(&&*stem) || is_port("com") || is_port("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_safe_as_names_of_files() {
        for version in
            ["1", "1.2.3+45", "v2.0.0-rc.1", "main-3f2a", "com10", "console", "1_0", &"9".repeat(64)]
        {
            assert_eq!(check_version(version), Ok(()), "{version}");
        }
        let cases = [
            ("", "is empty"),
            (".", "begins with '.'"),
            ("..", "begins with '.'"),
            (".1", "begins with '.'"),
            ("-1", "begins with '-'"),
            ("1/0", "'/' as character 2"),
            ("1\\0", "'\\' as character 2"),
            ("1\n", "'\\n' as character 2"),
            ("1:0", "':' as character 2"),
            ("1 0", "' ' as character 2"),
            ("版本", "'版' as character 1"),
            ("nul", "Windows"),
            ("AUX.1", "Windows"),
            ("lpt1.0", "Windows"),
            (&"9".repeat(65), "has 65 characters; the limit is 64"),
        ];
        for (version, part) in cases {
            let text = check_version(version).unwrap_err().to_string();
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn versions_and_their_files_differ() {
        assert_eq!(check_versions("2", &["1", "1.0"]), Ok(()));
        assert_eq!(check_versions("2", &[]), Ok(()));
        let refusal = |sources: &[&str]| check_versions("2", sources).unwrap_err();
        assert_eq!(refusal(&["1", "2"]), VersionError::Same { version: "2".into() });
        assert_eq!(refusal(&["1", "0", "1"]), VersionError::Repeated { version: "1".into() });
        let similar = VersionError::Similar { first: "1-B".into(), second: "1-b".into() };
        assert_eq!(refusal(&["1-B", "1-b"]), similar);
        assert_eq!(refusal(&["1", ""]), VersionError::Empty);
    }
}
