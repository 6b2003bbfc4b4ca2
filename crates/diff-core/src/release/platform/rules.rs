//! The rules of the delivery platform, one function each (`docs/platform.md`, the table of rules).
//!
//! What breaks one is refused before any work, as the platform would refuse the upload after it.

use super::broken::RuleError;
use super::limits::{CATALOGUE_LIMIT, ENDINGS, FILE_LIMIT, MQTT_LIMIT};
use super::sign_method::SignMethod;
use super::text::check_version;

/// Checks the versions that a release leads from and to: each by itself, and that no two get in each other's way.
pub fn check_versions(target: &str, sources: &[&str]) -> Result<(), RuleError> {
    check_version(target)?;
    sources.iter().try_for_each(|source| check_version(source))?;
    if sources.contains(&target) {
        return Err(RuleError::SameVersion { version: target.to_owned() });
    }
    let mut sorted: Vec<(String, &str)> =
        sources.iter().map(|version| (version.to_ascii_lowercase(), *version)).collect();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        None => Ok(()),
        Some([(_, first), (_, second)]) if first == second => {
            Err(RuleError::RepeatedVersion { version: (*first).to_owned() })
        }
        Some(pair) => {
            Err(RuleError::SimilarVersions { first: pair[0].1.to_owned(), second: pair[1].1.to_owned() })
        }
    }
}

/// Checks that a differential package has source versions.
pub fn check_sources(sources: &[String]) -> Result<(), RuleError> {
    if sources.is_empty() { Err(RuleError::NoSource) } else { Ok(()) }
}

/// Checks that those who use the Android SDK get what it understands.
pub fn check_sign_method(method: SignMethod, differential: bool, android_sdk: bool) -> Result<(), RuleError> {
    if android_sdk && differential && method != SignMethod::Md5 {
        return Err(RuleError::AndroidNeedsMd5);
    }
    Ok(())
}

/// Checks name and size of a package's file.
pub fn check_file(file: &str, size: u64) -> Result<(), RuleError> {
    let ends = |ending: &&str| file.len() > ending.len() && file.ends_with(*ending);
    if !ENDINGS.iter().any(ends) {
        return Err(RuleError::Ending { file: file.to_owned() });
    }
    if size > FILE_LIMIT {
        return Err(RuleError::FileSize { file: file.to_owned(), size });
    }
    Ok(())
}

/// What should be known about a file that is too large for MQTT.
#[must_use]
pub fn mqtt_warning(file: &str, size: u64) -> Option<String> {
    (size > MQTT_LIMIT).then(|| {
        format!("the file \"{file}\" has {size} bytes; devices that download over MQTT take at most {MQTT_LIMIT} (16 MB)")
    })
}

/// Checks the number of packages of a catalogue.
pub const fn check_catalogue(count: usize) -> Result<(), RuleError> {
    if count > CATALOGUE_LIMIT { Err(RuleError::Catalogue { count }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_do_not_get_in_each_others_way() {
        assert_eq!(check_versions("2", &["1", "1.0"]), Ok(()));
        assert_eq!(check_versions("2", &[]), Ok(()));
        let refusal = |sources: &[&str]| check_versions("2", sources).unwrap_err();
        assert_eq!(refusal(&["1", "2"]), RuleError::SameVersion { version: "2".into() });
        assert_eq!(refusal(&["1", "0", "1"]), RuleError::RepeatedVersion { version: "1".into() });
        assert_eq!(
            refusal(&["1-B", "1-b"]),
            RuleError::SimilarVersions { first: "1-B".into(), second: "1-b".into() }
        );
        assert!(matches!(refusal(&["1", ""]), RuleError::Empty { .. }));
    }

    #[test]
    fn a_differential_package_has_at_least_one_source() {
        assert_eq!(check_sources(&["1".to_owned()]), Ok(()));
        assert_eq!(check_sources(&[]), Err(RuleError::NoSource));
    }

    #[test]
    fn android_checks_differential_packages_by_md5() {
        for differential in [true, false] {
            for method in [SignMethod::Md5, SignMethod::Sha256] {
                assert_eq!(check_sign_method(method, differential, false), Ok(()));
            }
            assert_eq!(check_sign_method(SignMethod::Md5, differential, true), Ok(()));
        }
        assert_eq!(check_sign_method(SignMethod::Sha256, false, true), Ok(()));
        assert_eq!(check_sign_method(SignMethod::Sha256, true, true), Err(RuleError::AndroidNeedsMd5));
    }

    #[test]
    fn files_have_one_of_six_endings() {
        for ending in ENDINGS {
            assert_eq!(check_file(&format!("a{ending}"), 0), Ok(()));
            // An ending is no name.
            assert_eq!(check_file(ending, 0).is_ok(), ending == ".tar.gz");
        }
        for file in ["a", "a.smdg", "a.BIN", "a.bin.xz", "abin", "a.tar.bz2"] {
            let expected =
                format!("the file \"{file}\" is named otherwise than .bin, .tar, .gz, .tar.gz, .zip, .gzip");
            assert_eq!(check_file(file, 0).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn files_have_at_most_1000_megabytes() {
        assert_eq!(check_file("a.bin", 1_000_000_000), Ok(()));
        assert_eq!(
            check_file("a.bin", 1_000_000_001).unwrap_err().to_string(),
            "the file \"a.bin\" has 1000000001 bytes; the limit is 1000000000 (1,000 MB)"
        );
    }

    #[test]
    fn more_than_16_megabytes_are_no_load_for_mqtt() {
        assert_eq!(mqtt_warning("a.bin", 16_000_000), None);
        assert_eq!(
            mqtt_warning("a.bin", 16_000_001).unwrap(),
            "the file \"a.bin\" has 16000001 bytes; devices that download over MQTT take at most 16000000 (16 MB)"
        );
    }

    #[test]
    fn a_catalogue_has_at_most_500_packages() {
        assert_eq!(check_catalogue(500), Ok(()));
        assert_eq!(
            check_catalogue(501).unwrap_err().to_string(),
            "there are 501 packages; a catalogue has at most 500"
        );
    }
}
