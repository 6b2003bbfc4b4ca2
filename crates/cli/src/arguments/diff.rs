//! The options of `diff`.

use std::fmt::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use smidgen_diff::input::Reading;
use smidgen_diff::release::{EncryptionOptions, ReleaseFile};
use smidgen_diff::{Device, FlashOptions, Identity, LEVELS, LEVELS_NOTE, Options};

use super::settings::engine_options;
use super::{Given, THREAD_LIMIT, exit_codes};
use crate::report::Failure;

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
    /// The device's profile (TOML or JSON): the default of options, and what the device must be able to restore.
    #[arg(long, value_name = "FILE")]
    device: Option<PathBuf>,
    #[command(flatten)]
    engine: Given<Options>,
    /// Threads to use; 0 uses all cores. The package is the same with any number.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=THREAD_LIMIT))]
    pub(crate) threads: u16,
    /// The format of the package; bsdiff is for devices that already have bspatch.
    #[arg(long, value_enum, default_value_t = Format::Smidgen)]
    pub(crate) format: Format,
    /// Allow a new image without bytes, which is an error otherwise.
    #[arg(long)]
    pub(crate) allow_empty: bool,
    #[command(flatten)]
    identity: Given<Identity>,
    #[command(flatten)]
    flash: Given<FlashOptions>,
    #[command(flatten)]
    pub(crate) encryption: Given<EncryptionOptions>,
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
    pub(crate) fn options(&self) -> Result<Options, Failure> {
        let device = self.device.as_deref().map(Device::read).transpose()?;
        let (file, reading) = (ReleaseFile::default(), self.reading.value());
        let mut options = engine_options(device.as_ref(), &self.engine, &self.flash, &file, &reading)?;
        self.identity.apply(&mut options.identity);
        Ok(options)
    }

    /// The given options that only Smidgen's own format supports.
    pub(crate) fn smidgen_only(&self) -> Vec<String> {
        let device = self.device.is_some().then(|| "--device".to_owned());
        let given = self.engine.names().chain(self.identity.names()).chain(self.flash.names());
        given.chain(self.encryption.names()).chain(device).collect()
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
