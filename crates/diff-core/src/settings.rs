//! Options by name: tables that the command line and release files share, and parsers of values.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::str::FromStr;

/// An option that sets one part of `T`: `--NAME` on the command line, a key of release files.
#[derive(Debug)]
pub struct Setting<T> {
    /// Lowercase words with hyphens between them.
    pub name: &'static str,
    /// What help calls the value; absent for a switch, whose value is `true` or `false`.
    pub value: Option<&'static str>,
    /// What help says: the meaning, then the default in brackets.
    pub help: &'static str,
    /// The names of all values; empty where there is no list of them.
    pub choices: fn() -> Vec<&'static str>,
    /// Whether it may be given several times, and release files take a list.
    pub many: bool,
    /// Whether the value is a path, which in a file is relative to that file.
    pub path: bool,
    /// Sets the part from a value's text; adds to it where there may be many.
    pub set: fn(&mut T, &str) -> Result<(), ValueError>,
}

/// What has a table of settings.
pub trait Settings: Default + 'static {
    /// The heading of these settings in help, if they have one of their own.
    const HEADING: Option<&'static str> = None;
    /// All of them, in the order of help.
    const SETTINGS: &'static [Setting<Self>];
}

/// A value that a setting does not take: what it takes instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValueError(pub String);

/// Makes a table of settings. A row has the words `many` and `path` where they apply, the name, the value's name if it has
/// one, the names of all values if there is a list of them, the help, and what sets it.
macro_rules! settings {
    ($type:ty, $heading:expr; $($($word:ident)* $name:literal $($value:literal)? $([$choices:expr])?: $help:literal, $set:expr;)+) => {
        impl crate::settings::Settings for $type {
            const HEADING: Option<&'static str> = $heading;
            const SETTINGS: &'static [crate::settings::Setting<Self>] = &[$(crate::settings::Setting {
                name: $name,
                value: crate::settings::settings!(@value $($value)?),
                help: $help,
                choices: crate::settings::settings!(@choices $($choices)?),
                many: crate::settings::settings!(@many $($word)*),
                path: crate::settings::settings!(@path $($word)*),
                set: $set,
            }),+];
        }
    };
    (@value) => { None };
    (@value $value:literal) => { Some($value) };
    (@choices) => { Vec::new };
    (@choices $choices:expr) => { || $choices.to_vec() };
    (@many many $($word:ident)*) => { true };
    (@many path $($word:ident)*) => { crate::settings::settings!(@many $($word)*) };
    (@many) => { false };
    (@path path $($word:ident)*) => { true };
    (@path many $($word:ident)*) => { crate::settings::settings!(@path $($word)*) };
    (@path) => { false };
}
pub(crate) use settings;

/// Gives a struct that will grow a setter for each field, so that callers write it as one expression.
macro_rules! setters {
    ($type:ident $(<$life:lifetime>)? { $($setter:ident: $field:ident: $of:ty),+ $(,)? }) => {
        impl$(<$life>)? $type$(<$life>)? {
            $(
                #[doc = concat!("The same with this [`", stringify!($field), "`](Self::", stringify!($field), ").")]
                #[must_use]
                pub fn $setter(mut self, $field: $of) -> Self {
                    self.$field = $field;
                    self
                }
            )+
        }
    };
}
pub(crate) use setters;

impl<T: Default> Setting<T> {
    /// Checks a value.
    ///
    /// # Errors
    /// What [`Setting::set`] says.
    pub fn check(&self, text: &str) -> Result<(), ValueError> {
        (self.set)(&mut T::default(), text)
    }
}

impl ValueError {
    fn expected(what: &str) -> Self {
        Self(format!("expected {what}"))
    }

    pub(crate) fn none_of(names: &[&str]) -> Self {
        Self(format!("expected one of {}", names.join(", ")))
    }
}

/// Sets `place` to the value of the text.
pub(crate) fn put<T: FromStr<Err: Display>>(place: &mut T, text: &str) -> Result<(), ValueError> {
    put_parsed(place, parse(text))
}

pub(crate) fn put_parsed<T>(place: &mut T, parsed: Result<T, ValueError>) -> Result<(), ValueError> {
    *place = parsed?;
    Ok(())
}

pub(crate) fn parse<T: FromStr<Err: Display>>(text: &str) -> Result<T, ValueError> {
    text.parse().map_err(|error: T::Err| ValueError(error.to_string()))
}

/// A number up to 255 within bounds; `what` says in errors what is expected.
pub(crate) fn parse_within(text: &str, bounds: RangeInclusive<u8>, what: &str) -> Result<u8, ValueError> {
    text.parse().ok().filter(|number| bounds.contains(number)).ok_or_else(|| ValueError::expected(what))
}

/// Gives an enum the names of its variants: `ALL`, `name`, a parser, and a `Display`. Of an enum that has `ALL` and `name`,
/// only the others, and `Display` only on request.
macro_rules! by_name {
    ($type:ty { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $type {
            /// All of them.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// The name in options, release files and JSON.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
        }

        crate::settings::by_name!($type, Display);
    };
    ($type:ty) => {
        impl std::str::FromStr for $type {
            type Err = crate::settings::ValueError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let found = Self::ALL.into_iter().find(|value| value.name() == text);
                found.ok_or_else(|| crate::settings::ValueError::none_of(&Self::ALL.map(Self::name)))
            }
        }
    };
    ($type:ty, Display) => {
        crate::settings::by_name!($type);

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}
pub(crate) use by_name;

/// A number of bytes, with a binary unit (`K`, `KiB`, `M` and so on) or without one.
///
/// # Errors
/// Text that is not such a size, or a size of more than 64 bits.
pub fn parse_size(text: &str) -> Result<u64, ValueError> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let wrong = || ValueError::expected("a size such as 16384, 16K, 256KiB or 8M");
    // "KB" is not one: some mean 1000 by it, some 1024.
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" => 0,
        "k" | "ki" | "kib" => 10,
        "m" | "mi" | "mib" => 20,
        "g" | "gi" | "gib" => 30,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(1 << shift).ok_or_else(|| ValueError("the size has more than 64 bits".to_owned()))
}

/// A size of an area of flash.
pub(crate) fn parse_area(text: &str) -> Result<u32, ValueError> {
    let limit = |_| ValueError(format!("an area of flash has at most {} bytes", u32::MAX));
    u32::try_from(parse_size(text)?).map_err(limit)
}

/// A number, decimal or hexadecimal; `what` says in errors what is expected.
pub(crate) fn parse_number<T: TryFrom<u64>>(text: &str, what: &str) -> Result<T, ValueError> {
    let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    };
    number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| ValueError::expected(what))
}

/// Two addresses with `..` between them, the second one exclusive. Without the first or the second one, all from the lowest
/// or up to the highest address.
pub(crate) fn parse_range(text: &str) -> Result<Range<u64>, ValueError> {
    let what = "START..END, START.. or ..END with addresses such as 0x08000000..0x08080000";
    let (start, end) = text.split_once("..").ok_or_else(|| ValueError::expected(what))?;
    if start.is_empty() && end.is_empty() {
        return Err(ValueError::expected(what));
    }
    let bound = |text: &str, open| if text.is_empty() { Ok(open) } else { parse_number(text, what) };
    let (start, end) = (bound(start, 0)?, bound(end, u64::MAX)?);
    if start >= end {
        return Err(ValueError(format!(
            "expected START..END with START below END, which is exclusive; {text} is empty"
        )));
    }
    Ok(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_units() {
        let sizes = [("0", 0), ("512", 512), ("16K", 16 << 10), ("256KiB", 256 << 10), ("8m", 8 << 20)];
        for (text, bytes) in sizes {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "K", "-1", "+1", "1.5M", "16KB", "16 K", "18446744073709551615K", "auto"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_are_hexadecimal_or_decimal() {
        assert_eq!(parse_number("0x08000000", ""), Ok(0x0800_0000u32));
        assert_eq!(parse_number("134217728", ""), Ok(0x0800_0000u32));
        for text in ["", "0x", "08000000h", "0x100000000", "-1"] {
            assert!(parse_number::<u32>(text, "").is_err(), "{text}");
        }
        assert!(parse_number::<u8>("256", "").is_err());
    }

    #[test]
    fn ranges_have_two_addresses() {
        assert_eq!(parse_range("0x10..32"), Ok(16..32));
        assert_eq!((parse_range("1.."), parse_range("..2")), (Ok(1..u64::MAX), Ok(0..2)));
        for wrong in ["", "1", "..", "..0", "2..2", "3..2", "a..b", "1..b", "1...2"] {
            assert!(parse_range(wrong).is_err(), "{wrong}");
        }
        assert!(parse_range("2..2").unwrap_err().0.contains("END, which is exclusive"));
    }
}
