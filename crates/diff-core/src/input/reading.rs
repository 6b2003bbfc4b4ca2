//! Overrides for input detection and flattening.

use std::ops::Range;

use super::Format;
use crate::settings::{
    ValueError, parse_number, parse_range, parse_size, put, put_parsed, setters, settings,
};

/// How an input is read. For a file of a given format, only gaps, ranges and families change the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// The file's format; detected by its contents if absent.
    pub format: Option<Format>,
    /// The byte that fills gaps between ranges: what erased flash reads as.
    pub fill: u8,
    /// The longest gap that is filled, in bytes.
    pub max_gap: u64,
    /// The addresses to take from a file for more than one memory; all if absent.
    pub range: Option<Range<u64>>,
    /// The family to take from a UF2 file for several.
    pub family: Option<u32>,
    /// Takes the contents of compressed files and archives: see [`payload`](crate::archive::payload).
    pub payload: bool,
    /// The file to take from archives; implies [`payload`](Self::payload). Plain files are taken as they are.
    pub payload_entry: Option<String>,
}

/// The default for the longest gap that is filled: programs with their data in the last sectors of 2 MB of flash, or of its
/// second bank, have longer gaps than 1 MB; the distance to another memory is longer than this on nearly all chips.
pub const DEFAULT_MAX_GAP: u64 = 2 << 20;
/// What erased flash reads as.
pub const DEFAULT_FILL: u8 = 0xFF;

setters!(Reading {
    with_format: format: Option<Format>,
    with_fill: fill: u8,
    with_max_gap: max_gap: u64,
    with_range: range: Option<Range<u64>>,
    with_family: family: Option<u32>,
    with_payload: payload: bool,
    with_payload_entry: payload_entry: Option<String>,
});

impl Default for Reading {
    fn default() -> Self {
        Self {
            format: None,
            fill: DEFAULT_FILL,
            max_gap: DEFAULT_MAX_GAP,
            range: None,
            family: None,
            payload: false,
            payload_entry: None,
        }
    }
}

impl Reading {
    /// The usual reading of a file of this format.
    #[must_use]
    pub fn of(format: Format) -> Self {
        Self { format: Some(format), ..Self::default() }
    }

    /// Whether the contents of compressed files are taken.
    #[must_use]
    pub const fn takes_payload(&self) -> bool {
        self.payload || self.payload_entry.is_some()
    }
}

settings! {
    Reading, Some("Images");
    "input-format" "FORMAT" [[&["auto"], &Format::ALL.map(Format::name)[..]].concat()]:
        "Format of the images: Intel HEX, S-records, ELF and UF2 are flattened to what the device flashes, images of MCUboot \
         and ESP-IDF are checked; raw takes files as they are [default: auto]",
        |reading, text| {
            let auto = |error: ValueError| ValueError(error.0.replace("one of", "one of auto,"));
            let format = if text == "auto" { Ok(None) } else { text.parse().map(Some).map_err(auto) };
            put_parsed(&mut reading.format, format)
        };
    "fill" "BYTE": "The byte that fills gaps between addresses [default: 0xFF]",
        |reading, text| put_parsed(&mut reading.fill, parse_number(text, "a byte such as 0xFF or 0"));
    "max-gap" "SIZE": "The longest gap that is filled, such as 64K; a longer one is an error [default: 2M]",
        |reading, text| put_parsed(&mut reading.max_gap, parse_size(text));
    "range" "START..END":
        "Take only these addresses, such as 0x0..0x80000, where a file holds several memories; END is exclusive, and \
         either may be left out",
        |reading, text| put_parsed(&mut reading.range, parse_range(text).map(Some));
    "uf2-family" "NUMBER": "Take only the blocks of this family, such as 0xE48BFF56, where a UF2 file holds several",
        |reading, text| {
            let family = parse_number(text, "a number of 32 bits such as 0xE48BFF56");
            put_parsed(&mut reading.family, family.map(Some))
        };
    "payload":
        "Take what is in compressed files (.gz, .zip, .tar, .tar.gz), which devices without an operating system store; \
         packages lead from contents to contents",
        |reading, text| put(&mut reading.payload, text);
    "payload-entry" "NAME": "Take this file of archives, as with --payload; files that are not packed are taken as they are",
        |reading, text| {
            let name = if text.is_empty() { Err(ValueError("expected the name of a file".to_owned())) } else { Ok(text) };
            put_parsed(&mut reading.payload_entry, name.map(|name| Some(name.to_owned())))
        };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn defaults_in_the_help_are_the_usual_ones() {
        let help = |name: &str| Reading::SETTINGS.iter().find(|setting| setting.name == name).unwrap().help;
        assert!(help("fill").ends_with(&format!("[default: {DEFAULT_FILL:#X}]")));
        assert!(help("max-gap").ends_with(&format!("[default: {}M]", DEFAULT_MAX_GAP >> 20)));
    }
}
