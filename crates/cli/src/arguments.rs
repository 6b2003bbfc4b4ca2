//! The command line: commands, options, and how sizes and addresses are written.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use diff_core::{Arch, CodecChoice, Containers, Identity, InPlace, Options, Ram};

use crate::input_arguments::{FlattenArguments, InputArguments};
use crate::release_arguments::{CatalogueArguments, ManifestArguments, PackArguments};
use crate::signing_arguments::{KeygenArguments, SignArguments};

const EXIT_CODES: &str = "\
Exit codes:
  0  success
  1  a file could not be read or written, or another failure
  2  wrong usage
  3  not a package, or a damaged or unsupported one
  4  the base image is not the one that the package was made for
  5  there is no package for the device";

/// What follows the options of `diff`; the levels are those of `diff_core`'s `level.rs`.
const DIFF_HELP: &str = "\
Levels, each doing what the one before does and more:
  1  covers as the search finds them, with the most plausible mask; no trial encoding
  2  what lies between long covers is chosen by price
  3  all covers are chosen by price
  4  every plausible mask is tried; regions by trial encodings
  5  more candidates for covers; the models' speeds and landmarks by trial encodings
  6  covers are chosen again from the candidates of all masks, by prices learned from a trial encoding
  7  that up to twice, each time with two variations of the prices
  8  that up to four times with four variations, from more candidates; images up to 2 MB count as small
  9  that up to eight times with six variations; images up to 8 MB count as small

Exit codes:
  0  success
  1  a file could not be read or written, or another failure
  2  wrong usage
  3  not a package, or a damaged or unsupported one
  4  the base image is not the one that the package was made for
  5  there is no package for the device";

/// The most threads that can be asked for: far beyond any use, and no danger.
pub(crate) const THREAD_LIMIT: i64 = 1024;

/// Differential firmware packages: the way from one image to the next, in as few bytes as possible.
#[derive(Debug, Parser)]
#[command(name = "smidgen", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Tell nothing but errors.
    #[arg(short, long, global = true, display_order = 100)]
    pub(crate) quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a package that turns one image into another.
    #[command(after_help = DIFF_HELP)]
    Diff(DiffArguments),
    /// Restore an image from its base image and a package.
    #[command(after_help = EXIT_CODES)]
    Patch(PatchArguments),
    /// Show what a package holds, and with its base image where its bytes went.
    #[command(after_help = EXIT_CODES)]
    Info(InfoArguments),
    /// Prove that a package, or each of a release, restores its image, without writing it.
    #[command(after_help = EXIT_CODES)]
    Verify(VerifyArguments),
    /// Make all packages of a release: one for each version in the field, and a full one.
    #[command(after_help = EXIT_CODES)]
    Pack(Box<PackArguments>),
    /// Show a release, tell the delivery platform about it, or put its shards together.
    #[command(after_help = EXIT_CODES)]
    Manifest(ManifestArguments),
    /// Make a key that signs packages.
    #[command(after_help = EXIT_CODES)]
    Keygen(KeygenArguments),
    /// Sign a package, or all packages of a release.
    #[command(after_help = EXIT_CODES)]
    Sign(SignArguments),
    /// Tell what an image is, and write the bytes that the device flashes of it.
    #[command(after_help = EXIT_CODES)]
    Flatten(FlattenArguments),
    /// List releases, or find the package for a device.
    #[command(after_help = EXIT_CODES, alias = "catalog")]
    Catalogue(CatalogueArguments),
}

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
    #[arg(long, requires_all = ["slot", "page", "scratch"])]
    in_place: bool,
    /// With --in-place: size of the slot, such as 256K.
    #[arg(long, value_name = "SIZE", value_parser = parse_area, requires = "in_place")]
    slot: Option<u32>,
    /// With --in-place: what the flash erases at once.
    #[arg(long, value_name = "SIZE", value_parser = parse_area, requires = "in_place")]
    page: Option<u32>,
    /// With --in-place: size of the scratch area, two pages at least.
    #[arg(long, value_name = "SIZE", value_parser = parse_area, requires = "in_place")]
    scratch: Option<u32>,
    /// With --in-place: what the flash writes at once [default: 8].
    #[arg(long, value_name = "SIZE", value_parser = parse_area, requires = "in_place")]
    write_size: Option<u32>,
    #[command(flatten)]
    pub(crate) reading: InputArguments,
    /// Print the result to standard output as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The arguments of `patch`.
#[derive(Debug, Args)]
pub(crate) struct PatchArguments {
    /// The base image that the package was made for.
    pub(crate) old: PathBuf,
    /// The package: Smidgen's or BSDIFF40.
    pub(crate) patch: PathBuf,
    /// Where the restored image goes.
    #[arg(short, long, value_name = "NEW")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) reading: InputArguments,
    /// Print the result to standard output as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The arguments of `info`.
#[derive(Debug, Args)]
pub(crate) struct InfoArguments {
    /// The package: Smidgen's or BSDIFF40.
    pub(crate) patch: PathBuf,
    /// The base image that the package was made for: tells where the bytes went.
    #[arg(long, value_name = "OLD")]
    pub(crate) base: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: InputArguments,
    /// Print everything as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// The base image that the package was made for, or the folder of a release.
    pub(crate) old: PathBuf,
    /// The package, Smidgen's or BSDIFF40; none for a release.
    pub(crate) patch: Option<PathBuf>,
    /// The images that a release was made from: a version and its image, an image that says its version, or a folder of
    /// images named for their versions.
    #[arg(long, value_name = "VERSION=IMAGE|IMAGE|FOLDER", num_args = 1.., conflicts_with = "patch")]
    pub(crate) from: Vec<String>,
    /// Check that one of these keys signed the package.
    #[arg(long, value_name = "PUBLIC.pem", num_args = 1..)]
    pub(crate) public_key: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: InputArguments,
    /// Print the result as one JSON object.
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

/// The codecs' names.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CodecName {
    /// The smallest packages.
    Cm,
    /// The fastest restore, for gateways.
    Zstd,
}

/// What is done about compressed files.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ContainersName {
    /// They are expanded where that makes the package smaller.
    Auto,
    /// They are plain bytes.
    None,
}

/// The architectures' names.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ArchName {
    /// Whatever comes out smallest.
    Auto,
    /// Images are plain bytes.
    None,
    /// Thumb-2 code and pointers.
    Thumb,
    /// AArch64 code and pointers.
    Aarch64,
    /// A32 code (ARM state) and pointers.
    Arm,
    /// RISC-V code of 32 or 64 bits and pointers.
    Riscv,
    /// Xtensa code and pointers.
    Xtensa,
    /// x86-64 code and pointers.
    X86,
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
        ];
        given.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect()
    }
}

impl CodecName {
    /// What the engine calls it.
    pub(crate) const fn choice(self) -> CodecChoice {
        match self {
            Self::Cm => CodecChoice::Cm,
            Self::Zstd => CodecChoice::Zstd,
        }
    }
}

impl ContainersName {
    const fn choice(self) -> Containers {
        match self {
            Self::Auto => Containers::Auto,
            Self::None => Containers::None,
        }
    }
}

impl ArchName {
    /// What the engine calls it.
    pub(crate) const fn choice(self) -> Arch {
        match self {
            Self::Auto => Arch::Auto,
            Self::None => Arch::None,
            Self::Thumb => Arch::Thumb,
            Self::Aarch64 => Arch::Aarch64,
            Self::Arm => Arch::Arm,
            Self::Riscv => Arch::Riscv,
            Self::Xtensa => Arch::Xtensa,
            Self::X86 => Arch::X86,
        }
    }
}

/// "auto" or a size.
pub(crate) fn parse_ram(text: &str) -> Result<Ram, String> {
    if text == "auto" { Ok(Ram::Auto) } else { parse_size(text).map(Ram::Bytes) }
}

/// A number of bytes, with a unit or without.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let wrong = || "expected \"auto\" or a size such as 16384, 16K, 256KiB or 8M".to_owned();
    let shift = unit_shift(unit).ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(1 << shift).ok_or_else(|| "no machine has that much memory".to_owned())
}

/// A size of flash.
fn parse_area(text: &str) -> Result<u32, String> {
    let size = parse_size(text).map_err(|_| "expected a size such as 4096, 4K or 256KiB".to_owned())?;
    u32::try_from(size).map_err(|_| "no slot has that many bytes".to_owned())
}

/// The power of two that a unit stands for. "KB" is not one: some mean 1000 by it, some 1024.
fn unit_shift(unit: &str) -> Option<u32> {
    match unit.to_ascii_lowercase().as_str() {
        "" => Some(0),
        "k" | "ki" | "kib" => Some(10),
        "m" | "mi" | "mib" => Some(20),
        "g" | "gi" | "gib" => Some(30),
        _ => None,
    }
}

/// A number, decimal or hexadecimal.
pub(crate) fn parse_address(text: &str) -> Result<u32, String> {
    let parsed = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| "expected a 32-bit address such as 0x08000000 or 134217728".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn sizes_have_units() {
        let sizes = [("0", 0), ("512", 512), ("16K", 16 << 10), ("256KiB", 256 << 10), ("8m", 8 << 20)];
        for (text, bytes) in sizes {
            assert_eq!(parse_ram(text), Ok(Ram::Bytes(bytes)), "{text}");
        }
        assert_eq!(parse_ram("auto"), Ok(Ram::Auto));
    }

    #[test]
    fn nonsense_is_no_size() {
        for text in ["", "K", "-1", "+1", "1.5M", "16KB", "16 K", "18446744073709551615K", "automatic"] {
            assert!(parse_ram(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_are_hexadecimal_or_decimal() {
        assert_eq!(parse_address("0x08000000"), Ok(0x0800_0000));
        assert_eq!(parse_address("134217728"), Ok(0x0800_0000));
        for text in ["", "0x", "08000000h", "0x100000000", "-1"] {
            assert!(parse_address(text).is_err(), "{text}");
        }
    }

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
