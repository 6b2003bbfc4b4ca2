//! The rules of the delivery platform, one function each (`docs/platform.md`, the table of rules).
//!
//! The limits are those that the platform states for its firmware parameters. What breaks one is refused before any
//! work, as the platform would refuse the upload after it.

use thiserror::Error;

/// The longest name of a firmware, in characters.
pub const NAME_LIMIT: usize = 40;
/// The longest version, in characters.
pub const VERSION_LIMIT: usize = 64;
/// The longest name of a module, in characters.
pub const MODULE_LIMIT: usize = 64;
/// The module of those who name none: the whole device.
pub const DEFAULT_MODULE: &str = "default";
/// The longest description, in characters of any script.
pub const DESCRIPTION_LIMIT: usize = 100;
/// The largest file, in bytes. "1,000 MB" is taken for powers of ten, which holds for either reading.
pub const FILE_LIMIT: u64 = 1_000_000_000;
/// The largest file that devices can download over MQTT, in bytes; larger ones need HTTPS.
pub const MQTT_LIMIT: u64 = 16_000_000;
/// How a file's name may end.
pub const ENDINGS: [&str; 6] = [".bin", ".tar", ".gz", ".tar.gz", ".zip", ".gzip"];
/// The most packages of one account.
pub const CATALOGUE_LIMIT: usize = 500;

/// Which parameter a rule is about, as messages call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// The name of a firmware.
    Name,
    /// The version of a target or source image.
    Version,
    /// The name of a module.
    Module,
    /// The description of a firmware.
    Description,
}

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
    #[error("the {parameter} \"{text}\" has {length} characters; the limit is {limit}")]
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
    #[error("the {parameter} \"{text}\" has {character:?} as character {place}; allowed are {allowed}")]
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
    #[error("the file \"{file}\" is named otherwise than {}", ENDINGS.join(", "))]
    Ending {
        /// Its name.
        file: String,
    },
    /// The file is too large.
    #[error("the file \"{file}\" has {size} bytes; the limit is {FILE_LIMIT} (1,000 MB)")]
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

/// How the platform's signature of a file is made: a digest that it recomputes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignMethod {
    /// MD5, the only one that the Android SDK's differential upgrades understand.
    Md5,
    /// SHA-256.
    #[default]
    Sha256,
}

const NAME_ALLOWED: &str = "Chinese, Japanese and English letters, digits, '-', '_', '(' and ')'";
const NAME_START: &str = "at the start Chinese, Japanese and English letters and digits";
const WORD_ALLOWED: &str = "A to Z, a to z, 0 to 9, '.', '-' and '_'";

/// Checks the name of a firmware.
pub fn check_name(name: &str) -> Result<(), RuleError> {
    let parameter = Parameter::Name;
    check_length(parameter, name, NAME_LIMIT)?;
    let start = name.chars().next().filter(|&first| !is_letter_or_digit(first));
    if let Some(character) = start {
        let (text, allowed) = (name.to_owned(), NAME_START);
        return Err(RuleError::Character { parameter, text, character, place: 1, allowed });
    }
    let allowed = |character| is_letter_or_digit(character) || matches!(character, '-' | '_' | '(' | ')');
    check_characters(parameter, name, allowed, NAME_ALLOWED)
}

/// Checks a version.
pub fn check_version(version: &str) -> Result<(), RuleError> {
    check_word(Parameter::Version, version, VERSION_LIMIT)
}

/// Checks the name of a module.
pub fn check_module(module: &str) -> Result<(), RuleError> {
    check_word(Parameter::Module, module, MODULE_LIMIT)
}

/// Checks a description, which may be empty. Every character counts as one, whatever its script.
pub fn check_description(description: &str) -> Result<(), RuleError> {
    if description.is_empty() {
        return Ok(());
    }
    check_length(Parameter::Description, description, DESCRIPTION_LIMIT)
}

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
    let ends = |ending: &str| file.len() > ending.len() && file.ends_with(ending);
    if !ENDINGS.iter().any(|ending| ends(ending)) {
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

fn check_word(parameter: Parameter, text: &str, limit: usize) -> Result<(), RuleError> {
    check_length(parameter, text, limit)?;
    let allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_');
    check_characters(parameter, text, allowed, WORD_ALLOWED)
}

fn check_length(parameter: Parameter, text: &str, limit: usize) -> Result<(), RuleError> {
    match text.chars().count() {
        0 => Err(RuleError::Empty { parameter, limit }),
        length if length > limit => {
            Err(RuleError::TooLong { parameter, text: text.to_owned(), length, limit })
        }
        _ => Ok(()),
    }
}

fn check_characters(
    parameter: Parameter,
    text: &str,
    is_allowed: impl Fn(char) -> bool,
    allowed: &'static str,
) -> Result<(), RuleError> {
    match text.chars().zip(1..).find(|&(character, _)| !is_allowed(character)) {
        Some((character, place)) => {
            Err(RuleError::Character { parameter, text: text.to_owned(), character, place, allowed })
        }
        None => Ok(()),
    }
}

fn is_letter_or_digit(character: char) -> bool {
    character.is_ascii_alphanumeric() || is_chinese(character) || is_japanese(character)
}

/// Ideographs of all of Unicode's blocks, which Japanese uses too.
const fn is_chinese(character: char) -> bool {
    matches!(character,
        '\u{3005}' | '\u{3007}' // the iteration mark and zero
        | '\u{3400}'..='\u{4DBF}' // extension A
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}' // compatibility
        | '\u{20000}'..='\u{323AF}') // extensions B to H
}

/// Hiragana and Katakana with their marks of iteration and length.
const fn is_japanese(character: char) -> bool {
    matches!(character,
        '\u{3041}'..='\u{3096}' | '\u{309D}'..='\u{309F}'
        | '\u{30A1}'..='\u{30FA}' | '\u{30FC}'..='\u{30FF}'
        | '\u{31F0}'..='\u{31FF}' // small letters
        | '\u{FF66}'..='\u{FF9F}') // half width
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

impl SignMethod {
    /// As the platform's messages and calls write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA256",
        }
    }

    /// The method of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Md5, Self::Sha256].into_iter().find(|method| method.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Check = fn(&str) -> Result<(), RuleError>;

    fn refusal(check: Check, text: &str) -> String {
        check(text).unwrap_err().to_string()
    }

    #[test]
    fn lengths_are_counted_in_characters_up_to_the_limit_and_no_further() {
        let cases: [(Check, usize, &str, &str); 5] = [
            (check_name, 40, "a", "firmware name"),
            (check_name, 40, "固", "firmware name"),
            (check_version, 64, "9", "version"),
            (check_module, 64, "m", "module"),
            (check_description, 100, "升", "description"),
        ];
        for (check, limit, letter, what) in cases {
            assert_eq!(check(letter), Ok(()));
            assert_eq!(check(&letter.repeat(limit)), Ok(()));
            let long = letter.repeat(limit + 1);
            let expected =
                format!("the {what} \"{long}\" has {} characters; the limit is {limit}", limit + 1);
            assert_eq!(refusal(check, &long), expected);
        }
    }

    #[test]
    fn only_descriptions_may_be_empty() {
        assert_eq!(check_description(""), Ok(()));
        let empty = |what: &str, limit| format!("the {what} is empty; it has 1 to {limit} characters");
        assert_eq!(refusal(check_name, ""), empty("firmware name", 40));
        assert_eq!(refusal(check_version, ""), empty("version", 64));
        assert_eq!(refusal(check_module, ""), empty("module", 64));
    }

    #[test]
    fn names_are_of_three_scripts() {
        for name in
            ["Sensor-2_(beta)", "固件升级", "ファームウェア", "ひらがな1", "2nd", "𠮷野家", "々", "ﾃｽﾄ"]
        {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["-a", "_a", "(a)", ")", "-固件"] {
            let first = name.chars().next().unwrap();
            let expected = format!(
                "the firmware name \"{name}\" has {first:?} as character 1; allowed are {NAME_START}"
            );
            assert_eq!(refusal(check_name, name), expected);
        }
        for (name, wrong, place) in
            [("a.b", '.', 2), ("a b", ' ', 2), ("固件（一）", '（', 3), ("펌웨어", '펌', 1), ("aé", 'é', 2)]
        {
            let text = refusal(check_name, name);
            assert!(text.contains(&format!("{wrong:?} as character {place}")), "{text}");
        }
    }

    #[test]
    fn versions_and_modules_are_of_ascii() {
        for check in [check_version as Check, check_module] {
            assert_eq!(check("AZaz09._-"), Ok(()));
            for wrong in ["1.0+2", "v 1", "１", "1/0", "版本", "a\n"] {
                assert!(refusal(check, wrong).ends_with(WORD_ALLOWED), "{wrong}");
            }
        }
        let text = "the version \"1.0+2\" has '+' as character 4; allowed are A to Z, a to z, 0 to 9, '.', '-' and '_'";
        assert_eq!(refusal(check_version, "1.0+2"), text);
        assert_eq!(check_module(DEFAULT_MODULE), Ok(()));
    }

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

    /// The documented table repeats the limits of this file.
    #[test]
    fn the_document_states_these_limits() {
        let page = include_str!("../../../../docs/platform.md");
        let rows = [
            ("firmware name", format!("1 to {NAME_LIMIT} characters")),
            ("version", format!("1 to {VERSION_LIMIT} characters")),
            ("module", format!("1 to {MODULE_LIMIT} characters")),
            ("module", format!("`{DEFAULT_MODULE}`")),
            ("description", format!("at most {DESCRIPTION_LIMIT} characters")),
            ("file size", "at most 1,000,000,000 bytes".to_owned()),
            ("file size over MQTT", "at most 16,000,000 bytes".to_owned()),
            ("catalogue", format!("at most {CATALOGUE_LIMIT} packages")),
            ("file name", ENDINGS.map(|ending| format!("`{ending}`")).join(", ")),
        ];
        for (rule, limit) in rows {
            let row = page.lines().find(|line| line.starts_with(&format!("| {rule} |"))).expect(rule);
            assert!(row.contains(&limit), "{limit:?} is missing in {row:?}");
        }
    }
}
