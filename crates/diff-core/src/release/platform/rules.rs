//! The rules of the delivery platform, one function each (`docs/platform.md`, the table of rules).
//!
//! Where the platform is asked for, a release that breaks one is refused before any work; the platform would refuse the
//! upload after it.

use super::error::RuleError;
use super::limits::{CATALOGUE_LIMIT, ENDINGS, FILE_LIMIT, MQTT_LIMIT};
use super::sign_method::SignMethod;

pub(crate) fn check_sources(sources: &[String]) -> Result<(), RuleError> {
    if sources.is_empty() { Err(RuleError::NoSource) } else { Ok(()) }
}

pub(crate) fn check_sign_method(
    method: SignMethod,
    differential: bool,
    android_sdk: bool,
) -> Result<(), RuleError> {
    if android_sdk && differential && method != SignMethod::Md5 {
        return Err(RuleError::AndroidNeedsMd5);
    }
    Ok(())
}

pub(crate) fn check_file(file: &str, size: u64) -> Result<(), RuleError> {
    let ends = |ending: &&str| file.len() > ending.len() && file.ends_with(*ending);
    if !ENDINGS.iter().any(ends) {
        return Err(RuleError::Ending { file: file.to_owned() });
    }
    if size > FILE_LIMIT {
        return Err(RuleError::FileSize { file: file.to_owned(), size });
    }
    Ok(())
}

/// A warning about a file that is too large for MQTT.
pub(crate) fn mqtt_warning(file: &str, size: u64) -> Option<String> {
    (size > MQTT_LIMIT).then(|| {
        format!("the file \"{file}\" has {size} bytes; devices that download over MQTT take at most {MQTT_LIMIT} (16 MB)")
    })
}

pub(crate) const fn check_catalogue(count: usize) -> Result<(), RuleError> {
    if count > CATALOGUE_LIMIT { Err(RuleError::Catalogue { count }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn android_checks_differential_packages_by_md5() {
        for (method, differential, android) in [
            (SignMethod::Md5, true, true),
            (SignMethod::Md5, false, false),
            (SignMethod::Sha256, false, true),
            (SignMethod::Sha256, true, false),
        ] {
            assert_eq!(check_sign_method(method, differential, android), Ok(()));
        }
        assert_eq!(check_sign_method(SignMethod::Sha256, true, true), Err(RuleError::AndroidNeedsMd5));
    }

    #[test]
    fn files_have_one_of_six_endings() {
        for ending in ENDINGS {
            assert_eq!(check_file(&format!("a{ending}"), 0), Ok(()));
            // An ending alone is no name.
            assert_eq!(check_file(ending, 0).is_ok(), ending == ".tar.gz");
        }
        for file in ["a", "a.smdg", "a.BIN", "a.bin.xz", "abin", "a.tar.bz2"] {
            assert_eq!(check_file(file, 0), Err(RuleError::Ending { file: file.to_owned() }));
        }
    }

    #[test]
    fn limits_are_allowed_and_one_more_is_refused() {
        let refusal = |result: Result<(), RuleError>| result.unwrap_err().to_string();
        assert_eq!(check_file("a.bin", 1_000_000_000), Ok(()));
        assert_eq!(
            refusal(check_file("a.bin", 1_000_000_001)),
            "the file \"a.bin\" has 1000000001 bytes; the limit is 1000000000 (1,000 MB)"
        );
        assert_eq!(check_catalogue(500), Ok(()));
        assert_eq!(refusal(check_catalogue(501)), "there are 501 packages; a catalogue has at most 500");
        assert_eq!(check_sources(&["1".to_owned()]), Ok(()));
        assert_eq!(check_sources(&[]), Err(RuleError::NoSource));
        assert_eq!(mqtt_warning("a.bin", 16_000_000), None);
        assert_eq!(
            mqtt_warning("a.bin", 16_000_001).unwrap(),
            "the file \"a.bin\" has 16000001 bytes; devices that download over MQTT take at most 16000000 (16 MB)"
        );
    }
}
