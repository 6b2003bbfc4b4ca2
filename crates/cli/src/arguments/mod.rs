//! The command line: commands, and their options by groups.

mod compare;
mod diff;
mod encryption;
mod release;
mod restore;
mod settings;
mod signing;
mod simulate;

use clap::{Parser, Subcommand};

pub(crate) use compare::{CompareArguments, MeasureArguments};
pub(crate) use diff::{DiffArguments, Format};
pub(crate) use encryption::{encryption, encryption_files};
pub(crate) use release::{
    CatalogueArguments, ManifestArguments, ManifestCommand, MergeArguments, PackArguments,
};
pub(crate) use restore::{
    FlattenArguments, InfoArguments, MakeStreamsArguments, PatchArguments, VerifyArguments,
};
pub(crate) use settings::Given;
pub(crate) use signing::{KeyKind, KeygenArguments, SignArguments, signers, signing_files};
pub(crate) use simulate::SimulateArguments;

/// The text after the options of every command.
const EXIT_CODES: &str = "\
Exit codes:
  0  success
  1  a file could not be read or written, or another failure
  2  wrong usage
  3  not a package, or a damaged or unsupported one
  4  the base image is not the one that the package was made for
  5  there is no package for the device";

/// The limit of threads: more than any machine has cores.
const THREAD_LIMIT: i64 = 1024;

/// Differential firmware packages: small updates from one image to the next.
#[derive(Debug, Parser)]
#[command(name = "smidgen", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Arguments {
    /// The command to run.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Print the result to standard output as one JSON object; pack prints one for each event.
    #[arg(long, global = true, display_order = 100)]
    pub(crate) json: bool,
    /// Print errors only.
    #[arg(short, long, global = true, display_order = 101)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a package that turns one image into another.
    #[command(after_help = diff::help())]
    Diff(DiffArguments),
    /// Restore an image from its base image and a package.
    #[command(after_help = EXIT_CODES)]
    Patch(PatchArguments),
    /// Show what a package holds; with its base image, also a size breakdown.
    #[command(after_help = EXIT_CODES)]
    Info(InfoArguments),
    /// Check that a package, or each package of a release, restores its image, without writing the image.
    #[command(after_help = EXIT_CODES)]
    Verify(VerifyArguments),
    /// Carry out a package's update on simulated flash of a device, with losses of power: wear, time, and whether it
    /// survives.
    #[command(after_help = EXIT_CODES)]
    Simulate(Box<SimulateArguments>),
    /// Compare Smidgen with the other tools that are installed: sizes, times and memory for two images.
    #[command(after_help = compare::HELP)]
    Compare(CompareArguments),
    /// Make all packages of a release: one for each version in the field, and a full one.
    #[command(after_help = EXIT_CODES)]
    Pack(Box<PackArguments>),
    /// Show a release, print the messages about it for Alibaba Cloud IoT Platform, or merge its shards.
    #[command(after_help = EXIT_CODES)]
    Manifest(ManifestArguments),
    /// Make a key that signs, encrypts or decrypts packages.
    #[command(after_help = EXIT_CODES)]
    Keygen(KeygenArguments),
    /// Sign a package, or all packages of a release.
    #[command(after_help = EXIT_CODES)]
    Sign(SignArguments),
    /// Show what an image is, and write the bytes of it that the device flashes.
    #[command(after_help = EXIT_CODES)]
    Flatten(FlattenArguments),
    /// List releases, or find the package for a device.
    #[command(after_help = EXIT_CODES, alias = "catalog")]
    Catalogue(CatalogueArguments),
    /// Rebuild the streams of compressed files for the process that started this one.
    #[command(hide = true)]
    MakeStreams(MakeStreamsArguments),
    /// Run a command for the process that started this one, and measure it.
    #[command(hide = true)]
    Measure(MeasureArguments),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }
}
