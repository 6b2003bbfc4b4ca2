//! The command line of inputs: what images are taken for, and how they are flattened.

use std::ops::Range;
use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use diff_core::input::{Format, Reading};

use super::quantity::parse_size;

/// Where these options stand in a command's help. Of each alone: a heading for all would be that of what follows, too.
const HEADING: &str = "Images";

/// How images are read.
#[derive(Debug, Args)]
pub(crate) struct InputArguments {
    /// What images are: Intel HEX, S-records, ELF and UF2 are flattened to what the device flashes, MCUboot's and
    /// ESP-IDF's images are checked; raw takes files as they are [default: auto].
    #[arg(long, help_heading = HEADING, value_name = "FORMAT")]
    input_format: Option<InputFormat>,
    /// The byte that gaps between addresses are filled with [default: 0xFF].
    #[arg(long, help_heading = HEADING, value_name = "BYTE", value_parser = parse_byte)]
    fill: Option<u8>,
    /// The longest gap that is filled, such as 64K; longer ones are an error [default: 64K].
    #[arg(long, help_heading = HEADING, value_name = "SIZE", value_parser = parse_size)]
    max_gap: Option<u64>,
    /// Take only these addresses, such as 0x0..0x80000: of one memory, where a file holds several.
    #[arg(long, help_heading = HEADING, value_name = "START..END", value_parser = parse_range)]
    range: Option<Range<u64>>,
    /// Take only the blocks of this family, such as 0xE48BFF56, of UF2 files for several.
    #[arg(long, help_heading = HEADING, value_name = "NUMBER", value_parser = parse_family)]
    uf2_family: Option<u32>,
}

/// The arguments of `flatten`.
#[derive(Debug, Args)]
pub(crate) struct FlattenArguments {
    /// The image as the build left it.
    pub(crate) input: PathBuf,
    /// Where the bytes that the device flashes go.
    #[arg(short, long, value_name = "IMAGE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: InputArguments,
    /// Print what the input is as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A format, or what the contents tell.
#[derive(Clone, Copy, Debug)]
struct InputFormat(Option<Format>);

impl ValueEnum for InputFormat {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [InputFormat; 8] = [
            InputFormat(None),
            InputFormat(Some(Format::Raw)),
            InputFormat(Some(Format::Hex)),
            InputFormat(Some(Format::Srec)),
            InputFormat(Some(Format::Elf)),
            InputFormat(Some(Format::Uf2)),
            InputFormat(Some(Format::Mcuboot)),
            InputFormat(Some(Format::Esp)),
        ];
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.map_or("auto", Format::name)))
    }
}

impl InputArguments {
    /// How images are read.
    pub(crate) fn reading(&self) -> Reading {
        self.over(Reading::default())
    }

    /// How images are read if what is not given is as somebody else says.
    pub(crate) fn over(&self, other: Reading) -> Reading {
        Reading {
            format: self.input_format.map_or(other.format, |format| format.0),
            fill: self.fill.unwrap_or(other.fill),
            max_gap: self.max_gap.unwrap_or(other.max_gap),
            range: self.range.clone().or(other.range),
            family: self.uf2_family.or(other.family),
        }
    }
}

/// A number, decimal or hexadecimal.
fn parse_number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn parse_byte(text: &str) -> Result<u8, String> {
    let byte = parse_number(text).and_then(|number| u8::try_from(number).ok());
    byte.ok_or_else(|| "expected a byte such as 0xFF or 0".to_owned())
}

fn parse_range(text: &str) -> Result<Range<u64>, String> {
    let ends = text.split_once("..").map(|(start, end)| (parse_number(start), parse_number(end)));
    match ends {
        Some((Some(start), Some(end))) if start < end => Ok(start..end),
        _ => {
            Err("expected two addresses such as 0x08000000..0x08080000; the second one is left out"
                .to_owned())
        }
    }
}

fn parse_family(text: &str) -> Result<u32, String> {
    let family = parse_number(text).and_then(|number| u32::try_from(number).ok());
    family.ok_or_else(|| "expected a number of 32 bits such as 0xE48BFF56".to_owned())
}

#[cfg(test)]
mod tests {
    use diff_core::input::{DEFAULT_FILL, DEFAULT_MAX_GAP};

    use super::*;

    #[test]
    fn every_format_can_be_named() {
        let named: Vec<_> = InputFormat::value_variants().iter().filter_map(|format| format.0).collect();
        assert_eq!(named, Format::ALL);
    }

    #[test]
    fn defaults_in_the_help_are_the_usual_ones() {
        assert_eq!(parse_byte("0xFF"), Ok(DEFAULT_FILL));
        assert_eq!(parse_size("64K"), Ok(DEFAULT_MAX_GAP));
    }

    #[test]
    fn ranges_are_of_two_addresses() {
        assert_eq!(parse_range("0x10..32"), Ok(16..32));
        for wrong in ["", "1", "1..", "..2", "2..2", "3..2", "a..b"] {
            assert!(parse_range(wrong).is_err(), "{wrong}");
        }
        assert!(parse_byte("256").is_err() && parse_family("0x100000000").is_err());
    }
}
