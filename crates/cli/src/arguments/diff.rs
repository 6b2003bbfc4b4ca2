//! The options of `diff`, and what they ask of the engine.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use diff_core::{Containers, Identity, InPlace, Options, Ram};

use super::encryption::EncryptionArguments;
use super::engine::{ArchName, CodecName, ContainersName};
use super::input::InputArguments;
use super::quantity::{THREAD_LIMIT, parse_address, parse_area, parse_ram};

/// What follows the options of `diff`; the levels are those of `diff_core`'s `level.rs`.
pub(super) const HELP: &str = concat!(
    "\
Levels, each doing what the one before does and more:
  1  covers as the search finds them, with the most plausible mask; no trial encoding
  2  what lies between long covers is chosen by price
  3  all covers are chosen by price
  4  every plausible mask is tried; kinds of pages by trial encodings
  5  more candidates for covers; the models' speeds and landmarks by trial encodings
  6  covers are chosen again from the candidates of all masks, by prices learned from a trial encoding
  7  that up to twice, each time with two variations of the prices
  8  that up to four times with four variations, from more candidates; images up to 2 MB count as small
  9  that up to eight times with six variations; images up to 8 MB count as small

",
    exit_codes!()
);

/// Where the options of updates in place stand in the help.
const IN_PLACE: &str = "Update in place";

/// The arguments of `diff`.
#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    /// The base image, which devices have.
    pub(crate) old: PathBuf,
    /// The target image, which devices shall get.
    pub(crate) new: PathBuf,
    /// Where the package goes.
    #[arg(short, long, value_name = "PATCH")]
    pub(crate) output: PathBuf,
    /// Memory that the device's decoder may take, such as 16K, 256KiB or 8M [default: auto].
    #[arg(long, value_name = "SIZE|auto", value_parser = parse_ram)]
    ram: Option<Ram>,
    /// How the body is coded [default: cm].
    #[arg(long)]
    codec: Option<CodecName>,
    /// Effort, from 1 (fastest) to 9 (smallest packages); the decoder does not notice [default: 6].
    #[arg(long, value_name = "1..9", value_parser = clap::value_parser!(u8).range(1..=9))]
    level: Option<u8>,
    /// Threads to work with; 0 takes all cores. The package is the same with any number.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=THREAD_LIMIT))]
    pub(crate) threads: u16,
    /// Address of the image's first byte when it runs, such as 0x08000000 [default: detected].
    #[arg(long, value_name = "ADDR", value_parser = parse_address)]
    base: Option<u32>,
    /// Which references to look for [default: auto].
    #[arg(long)]
    arch: Option<ArchName>,
    /// Whether compressed files (.gz, .zip and so on) are looked into: devices restore such packages with an operating
    /// system only [default: auto].
    #[arg(long)]
    containers: Option<ContainersName>,
    /// Compare what compressed files hold (.gz, .zip, .tar, .tar.gz): the package then needs no operating system, and
    /// its base and target are these payloads.
    #[arg(long)]
    payload: bool,
    /// The same, of this file in archives.
    #[arg(long, value_name = "NAME")]
    pub(crate) payload_entry: Option<String>,
    /// The format of the package; BSDIFF40 is for devices that have bspatch already.
    #[arg(long, value_enum, default_value_t = Format::Smidgen)]
    pub(crate) format: Format,
    /// Put the target's MD5 into the header, for delivery platforms that ask for it.
    #[arg(long)]
    md5: bool,
    /// Put the SHA-256 of the package's body into the header.
    #[arg(long)]
    body_digest: bool,
    /// The product that the package is for; its devices refuse others.
    #[arg(long, value_name = "NAME")]
    product: Option<String>,
    /// The part of the product that the package is for.
    #[arg(long, value_name = "NAME")]
    module: Option<String>,
    /// The new image's version [default: what the image says, if it does].
    #[arg(long, value_name = "VERSION")]
    pub(crate) to_version: Option<String>,
    /// Devices that have seen a higher one refuse the package.
    #[arg(long, value_name = "N")]
    rollback_counter: Option<u32>,
    /// Make a package that devices can also apply in the slot of the old image.
    #[arg(long, help_heading = IN_PLACE, requires_all = ["slot", "page", "scratch"])]
    in_place: bool,
    /// Size of the slot, such as 256K.
    #[arg(long, help_heading = IN_PLACE, value_name = "SIZE", value_parser = parse_area, requires = "in_place")]
    slot: Option<u32>,
    /// What the flash erases at once.
    #[arg(long, help_heading = IN_PLACE, value_name = "SIZE", value_parser = parse_area, requires = "in_place")]
    page: Option<u32>,
    /// Size of the scratch area, two pages at least.
    #[arg(long, help_heading = IN_PLACE, value_name = "SIZE", value_parser = parse_area, requires = "in_place")]
    scratch: Option<u32>,
    /// What the flash writes at once [default: 8].
    #[arg(long, help_heading = IN_PLACE, value_name = "SIZE", value_parser = parse_area, requires = "in_place")]
    write_size: Option<u32>,
    #[command(flatten)]
    pub(crate) encryption: EncryptionArguments,
    #[command(flatten)]
    pub(crate) reading: InputArguments,
    /// Print the result to standard output as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The formats that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Smidgen's own: smallest, proved, restored in little memory.
    Smidgen,
    /// BSDIFF40, as bsdiff 4.x writes it.
    Bsdiff,
}

impl DiffArguments {
    /// What the engine is asked for.
    pub(crate) fn options(&self) -> Options {
        let usual = Options::default();
        Options {
            ram: self.ram.unwrap_or_default(),
            level: self.level.unwrap_or(usual.level),
            codec: self.codec.map(CodecName::choice).unwrap_or_default(),
            containers: self.containers(),
            arch: self.arch.map(ArchName::choice).unwrap_or_default(),
            base_address: self.base,
            md5: self.md5,
            body_digest: self.body_digest,
            identity: self.identity(),
            in_place: self.in_place(),
        }
    }

    /// The device's flash, if the package is for an update in place.
    fn in_place(&self) -> Option<InPlace> {
        let (slot, page, scratch) = (self.slot?, self.page?, self.scratch?);
        Some(InPlace { slot, page, scratch, write: self.write_size.unwrap_or(8) })
    }

    fn identity(&self) -> Identity {
        Identity {
            product: self.product.clone(),
            module: self.module.clone(),
            version: self.to_version.clone(),
            rollback_counter: self.rollback_counter,
        }
    }

    /// Whether what is in the files is meant.
    pub(crate) const fn wants_payload(&self) -> bool {
        self.payload || self.payload_entry.is_some()
    }

    /// Small devices, for which payloads are, cannot restore containers.
    fn containers(&self) -> Containers {
        let usual = if self.wants_payload() { Containers::None } else { Containers::Auto };
        self.containers.map_or(usual, ContainersName::choice)
    }

    /// The options given that only Smidgen's own format knows.
    pub(crate) fn smidgen_only(&self) -> Vec<&'static str> {
        let given = [
            ("--ram", self.ram.is_some()),
            ("--codec", self.codec.is_some()),
            ("--level", self.level.is_some()),
            ("--base", self.base.is_some()),
            ("--arch", self.arch.is_some()),
            ("--containers", self.containers.is_some()),
            ("--md5", self.md5),
            ("--body-digest", self.body_digest),
            ("--product", self.product.is_some()),
            ("--module", self.module.is_some()),
            ("--to-version", self.to_version.is_some()),
            ("--rollback-counter", self.rollback_counter.is_some()),
            ("--in-place", self.in_place),
            ("encryption", self.encryption.is_wanted()),
        ];
        given.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect()
    }
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
        let Command::Diff(rich) = parse("smidgen diff a b -o c --ram auto --md5 --arch none") else {
            panic!()
        };
        assert_eq!(rich.smidgen_only(), ["--ram", "--arch", "--md5"]);
    }
}
