//! The rules for texts: allowed characters and lengths (`docs/platform.md`).

use super::error::RuleError;
use super::limits::{DESCRIPTION_LIMIT, MODULE_LIMIT, NAME_LIMIT, Parameter, VERSION_LIMIT};

const NAME_ALLOWED: &str = "Chinese, Japanese and English letters, digits, '-', '_', '(' and ')'";
const NAME_START: &str = "at the start Chinese, Japanese and English letters and digits";
const WORD_ALLOWED: &str = "A to Z, a to z, 0 to 9, '.', '-' and '_'";

pub(crate) fn check_name(name: &str) -> Result<(), RuleError> {
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

/// Checks a name, which may be derived from product and version.
pub(crate) fn check_listed_name(name: &str, is_derived: bool) -> Result<(), RuleError> {
    let derived = |error: RuleError| RuleError::DerivedName { error: Box::new(error) };
    check_name(name).map_err(|error| if is_derived { derived(error) } else { error })
}

pub(crate) fn check_version(version: &str) -> Result<(), RuleError> {
    check_word(Parameter::Version, version, VERSION_LIMIT)
}

pub(crate) fn check_module(module: &str) -> Result<(), RuleError> {
    check_word(Parameter::Module, module, MODULE_LIMIT)
}

/// Checks a description, which may be empty. Every character counts as one, whatever its script.
pub(crate) fn check_description(description: &str) -> Result<(), RuleError> {
    if description.is_empty() {
        return Ok(());
    }
    check_length(Parameter::Description, description, DESCRIPTION_LIMIT)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::platform::DEFAULT_MODULE;

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
        let empty = |what: &str, limit| format!("the {what} is empty; give 1 to {limit} characters");
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
}
