//! The options of `diff`.

use std::fmt::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use smidgen_diff::input::Reading;
use smidgen_diff::settings::{ValueError, parse_size};
use smidgen_diff::{Containers, Identity, InPlace, LEVELS, LEVELS_NOTE, Options};

use super::encryption::EncryptionArguments;
use super::{Given, THREAD_LIMIT, exit_codes};

/// The heading of the options of updates in place.
const IN_PLACE: &str = "Update in place";

#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    /// The image on the device (base).
    #[arg(value_name = "BASE")]
    pub(crate) base_image: PathBuf,
    /// The new image (target).
    #[arg(value_name = "TARGET")]
    pub(crate) target_image: PathBuf,
    /// The file to write the package to.
    #[arg(short, long, value_name = "PACKAGE")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    engine: Given<Options>,
    /// Threads to use; 0 uses all cores. The package is the same with any number.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=THREAD_LIMIT))]
    pub(crate) threads: u16,
    /// Compare the contents of compressed files (.gz, .zip, .tar, .tar.gz): devices then need no operating system, and
    /// the contents are base and target of the package.
    #[arg(long)]
    payload: bool,
    /// Compare this file of two archives, as with --payload.
    #[arg(long, value_name = "NAME")]
    pub(crate) payload_entry: Option<String>,
    /// The format of the package; bsdiff is for devices that already have bspatch.
    #[arg(long, value_enum, default_value_t = Format::Smidgen)]
    pub(crate) format: Format,
    #[command(flatten)]
    identity: Given<Identity>,
    /// Make an in-place package: it can also be applied in the slot that holds the base.
    #[arg(long, help_heading = IN_PLACE, requires_all = ["slot", "page", "scratch"])]
    in_place: bool,
    /// Size of the slot, such as 256K.
    #[arg(long, help_heading = IN_PLACE, value_name = "SIZE", value_parser = parse_area, requires = "in_place")]
    slot: Option<u32>,
    /// Size of an erase page.
    #[arg(long, help_heading = IN_PLACE, value_name = "SIZE", value_parser = parse_area, requires = "in_place")]
    page: Option<u32>,
    /// Size of the scratch area, at least two pages.
    #[arg(long, help_heading = IN_PLACE, value_name = "SIZE", value_parser = parse_area, requires = "in_place")]
    scratch: Option<u32>,
    /// Size of the smallest write [default: 8].
    #[arg(long, help_heading = IN_PLACE, value_name = "SIZE", value_parser = parse_area, requires = "in_place")]
    write_size: Option<u32>,
    #[command(flatten)]
    pub(crate) encryption: EncryptionArguments,
    #[command(flatten)]
    pub(crate) reading: Given<Reading>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Smidgen's own: smallest, proved, restored in little memory.
    Smidgen,
    /// BSDIFF40, as bsdiff 4.x writes it.
    Bsdiff,
}

impl DiffArguments {
    pub(crate) fn options(&self) -> Options {
        let mut options = Options::default().with_in_place(self.in_place());
        if self.wants_payload() {
            // Payloads are for small devices, which cannot restore containers.
            options.containers = Containers::None;
        }
        self.engine.apply(&mut options);
        self.identity.apply(&mut options.identity);
        options
    }

    /// The device's flash, for an update in place.
    fn in_place(&self) -> Option<InPlace> {
        let (slot, page, scratch) = (self.slot?, self.page?, self.scratch?);
        Some(
            InPlace::default()
                .with_slot(slot)
                .with_page(page)
                .with_scratch(scratch)
                .with_write(self.write_size.unwrap_or(8)),
        )
    }

    pub(crate) const fn wants_payload(&self) -> bool {
        self.payload || self.payload_entry.is_some()
    }

    /// The given options that only Smidgen's own format supports.
    pub(crate) fn smidgen_only(&self) -> Vec<String> {
        let in_place = self.in_place.then(|| "--in-place".to_owned());
        let encryption = self.encryption.is_wanted().then(|| "encryption".to_owned());
        self.engine.names().chain(self.identity.names()).chain(in_place).chain(encryption).collect()
    }
}

/// The text after the options of `diff`.
pub(super) fn help() -> String {
    let mut text = "Levels, each doing what the one before does and more:\n".to_owned();
    for (level, what) in (1..).zip(LEVELS) {
        let _ = writeln!(text, "  {level}  {what}");
    }
    format!("{text}{LEVELS_NOTE}\n\n{}", exit_codes(0..=3))
}

fn parse_area(text: &str) -> Result<u32, ValueError> {
    let limit = |_| ValueError(format!("an area of flash has at most {} bytes", u32::MAX));
    u32::try_from(parse_size(text)?).map_err(limit)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::arguments::{Arguments, Command};

    #[test]
    fn options_of_the_other_format_are_noticed() {
        let parse = |line: &str| Arguments::try_parse_from(line.split(' ')).unwrap().command;
        let Command::Diff(plain) = parse("smidgen diff a b -o c --threads 2 --json") else { panic!() };
        assert!(plain.smidgen_only().is_empty());
        let line = "smidgen diff a b -o c --product p --ram auto --md5 --arch none";
        let Command::Diff(rich) = parse(line) else { panic!() };
        assert_eq!(rich.smidgen_only(), ["--ram", "--arch", "--md5", "--product"]);
    }
}
