//! Untrusted text made safe for terminals: characters that move, colour or reorder text are escaped.

use std::fmt::{self, Display, Write};

/// Text in which every control character is escaped, line breaks too: `\n`, `\r`, `\t`, or `\u` and four digits.
///
/// The escapes are those of JSON, so that JSON stays what it is.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<T>(pub T);

/// Text of several lines: as [`Escaped`], but line breaks stay.
#[derive(Clone, Copy, Debug)]
pub struct EscapedLines<T>(pub T);

/// Whether a text has control characters: what is written for others must have none.
#[must_use]
pub fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

/// Whether a terminal may obey this character, or show its neighbours in another order.
const fn is_risky(character: char) -> bool {
    // Control characters, line ends, and marks of direction, which names in some scripts may have.
    matches!(
        character,
        '\0'..='\x1F'
            | '\x7F'..='\u{9F}'
            | '\u{61C}'
            | '\u{200E}' | '\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2066}'..='\u{2069}'
            | '\u{FEFF}'
    )
}

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaper { to: f, breaks: false }, "{}", self.0)
    }
}

impl<T: Display> Display for EscapedLines<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaper { to: f, breaks: true }, "{}", self.0)
    }
}

struct Escaper<'a, 'f> {
    to: &'a mut fmt::Formatter<'f>,
    /// Whether line breaks stay.
    breaks: bool,
}

impl Write for Escaper<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut plain = 0;
        for (place, character) in text.char_indices() {
            if !is_risky(character) || (self.breaks && character == '\n') {
                continue;
            }
            self.to.write_str(&text[plain..place])?;
            match character {
                '\n' => self.to.write_str("\\n")?,
                '\r' => self.to.write_str("\\r")?,
                '\t' => self.to.write_str("\\t")?,
                _ => write!(self.to, "\\u{:04x}", u32::from(character))?,
            }
            plain = place + character.len_utf8();
        }
        self.to.write_str(&text[plain..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_escaped_and_scripts_are_not() {
        let hostile = "a\x1b[31mb\r\n\t\u{9b}2J\u{202e}c\x7f";
        assert_eq!(Escaped(hostile).to_string(), r"a\u001b[31mb\r\n\t\u009b2J\u202ec\u007f");
        assert_eq!(EscapedLines("a\r\nb").to_string(), "a\\r\nb");
        for text in ["", "修复了网络问题", "C:\\a \"b\" 'c'", "é e\u{301} 👩‍🚀"] {
            assert_eq!(Escaped(text).to_string(), text);
            assert!(!has_control(text));
        }
    }

    #[test]
    fn nothing_that_the_standard_calls_a_control_is_left() {
        for character in '\0'..=char::MAX {
            let shown = Escaped(character).to_string();
            assert!(!shown.contains(is_risky) && !has_control(&shown), "{character:?}");
        }
    }

    #[test]
    fn json_stays_json() {
        let value = serde_json::json!({ "name": "a\u{9b}\u{7f}\u{202e}b\nc" });
        for text in [value.to_string(), format!("{value:#}")] {
            let shown = EscapedLines(&text).to_string();
            assert!(!shown.replace('\n', "").contains(is_risky));
            assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
        }
    }
}
