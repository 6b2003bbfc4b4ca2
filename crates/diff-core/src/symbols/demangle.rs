//! Names as the source has them: those of C++ and Rust demangled, all of bounded length.

use std::borrow::Cow;
use std::fmt::{self, Write};

/// The longest name that is shown, in bytes: names of C++ templates have no limit.
const LONGEST: usize = 300;
/// The most bytes of a symbol that are looked at: few symbols are as long, but a file can give any number of symbols the same
/// long name.
pub(super) const LOOKED_AT: usize = 4096;

/// The name that a source has for a symbol; the symbol itself if it is not mangled.
pub(super) fn demangle(name: &[u8]) -> String {
    let name = looked_at(name);
    let mut shown = Short::default();
    if let Ok(symbol) = rustc_demangle::try_demangle(&name) {
        // Without its hash.
        if write!(shown, "{symbol:#}").is_ok() || shown.is_full {
            return shown.finish();
        }
    } else if name.starts_with("_Z")
        && let Ok(symbol) = cpp_demangle::Symbol::new(name.as_bytes())
        && (symbol.structured_demangle(&mut shown, &cpp_demangle::DemangleOptions::default()).is_ok()
            || shown.is_full)
    {
        return shown.finish();
    }
    shortened(&name)
}

/// A name that is no symbol.
pub(super) fn short(name: &[u8]) -> String {
    shortened(&looked_at(name))
}

fn looked_at(name: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(&name[..name.len().min(LOOKED_AT)])
}

fn shortened(name: &str) -> String {
    let mut shown = Short::default();
    let _ = shown.write_str(name);
    shown.finish()
}

/// A text that refuses to grow beyond the limit: short mangled names can stand for very long ones.
#[derive(Default)]
struct Short {
    text: String,
    is_full: bool,
}

impl Short {
    fn finish(mut self) -> String {
        if self.is_full {
            self.text.push('…');
        }
        self.text
    }
}

impl Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let left = LONGEST - self.text.len();
        let fits = text.len().min(left);
        let end = (0..=fits).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        self.text.push_str(&text[..end]);
        self.is_full = end < text.len();
        if self.is_full { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_cpp_and_rust_are_those_of_the_source() {
        for (mangled, name) in [
            ("main", "main"),
            ("_ZN3foo3barEv", "foo::bar()"),
            ("_ZN6sensor4read17h0123456789abcdefE", "sensor::read"),
            ("_RNvC6_123foo3bar", "123foo::bar"),
            ("_Zbroken", "_Zbroken"),
            ("_ZN", "_ZN"),
            ("", ""),
        ] {
            assert_eq!(demangle(mangled.as_bytes()), name, "{mangled}");
        }
        assert_eq!(demangle(b"a\xFFb"), "a\u{FFFD}b");
    }

    #[test]
    fn names_are_cut_off_at_the_limit() {
        // Each parameter is the pair of the one before twice: 2^40 times the first.
        let mut bomb = "_Z1fSt4pairIiiE".to_owned();
        (0..40).for_each(|index| {
            let last = if index == 0 { "S_".to_owned() } else { format!("S{}_", radix36(index - 1)) };
            bomb += &format!("St4pairI{last}{last}E");
        });
        for name in [bomb, "x".repeat(10_000), "é".repeat(500)] {
            let shown = demangle(name.as_bytes());
            assert!(shown.len() <= LONGEST + '…'.len_utf8() && shown.ends_with('…'), "{shown}");
        }
    }

    fn radix36(number: u32) -> String {
        let digit = |digit| char::from_digit(digit, 36).unwrap().to_ascii_uppercase();
        if number < 36 {
            digit(number).to_string()
        } else {
            format!("{}{}", radix36(number / 36), digit(number % 36))
        }
    }

    proptest::proptest! {
        #[test]
        fn any_name_has_a_form(name: Vec<u8>, tail in "[A-Z0-9_a-z]{0,60}") {
            demangle(&name);
            demangle(format!("_Z{tail}").as_bytes());
            demangle(format!("_R{tail}").as_bytes());
        }
    }
}
