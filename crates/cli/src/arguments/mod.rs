//! The command line: commands, and their options by groups.

mod about;
mod compare;
mod diff;
mod encryption;
mod release;
mod restore;
mod settings;
mod signing;
mod simulate;

use std::fmt::Write;
use std::sync::LazyLock;

use clap::{Parser, Subcommand};
use smidgen_patch::header::VERSION;

pub(crate) use about::{CompletionsArguments, ManArguments, SchemaArguments};
pub(crate) use compare::{CompareArguments, MeasureArguments};
pub(crate) use diff::{DiffArguments, Format};
pub(crate) use encryption::{encryption, encryption_files, shared_key};
pub(crate) use release::{
    CatalogueArguments, ManifestArguments, ManifestCommand, MergeArguments, PackArguments,
};
pub(crate) use restore::{FlattenArguments, InfoArguments, PatchArguments, VerifyArguments};
pub(crate) use settings::Given;
pub(crate) use signing::{KeyKind, KeygenArguments, PublicForm, SignArguments, signers, signing_files};
pub(crate) use simulate::SimulateArguments;

use crate::report::Volume;

/// What the exit codes mean.
const EXIT_CODES: [&str; 6] = [
    "success",
    "a file could not be read or written, or another failure",
    "wrong usage",
    "not a package, or a damaged or unsupported one",
    "the base image is not the one that the package was made for",
    "there is no package for the device",
];

/// The text after the options of a command: the exit codes that it can have.
fn exit_codes(codes: impl IntoIterator<Item = usize>) -> String {
    let mut text = "Exit codes:".to_owned();
    for (code, meaning) in codes.into_iter().filter_map(|code| Some((code, EXIT_CODES.get(code)?))) {
        let _ = write!(text, "\n  {code}  {meaning}");
    }
    text
}

/// What `--version` prints. A release's build names its commit; a build without that variable needs no repository.
pub(crate) fn version() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let commit =
            option_env!("SMIDGEN_COMMIT").map(|commit| format!(", commit {commit}")).unwrap_or_default();
        format!("{} (package format {VERSION}{commit})", env!("CARGO_PKG_VERSION"))
    });
    &TEXT
}

/// The limit of threads: more than any machine has cores.
const THREAD_LIMIT: i64 = 1024;

/// Differential firmware packages: small updates from one image to the next.
#[derive(Debug, Parser)]
#[command(name = "smidgen", version = version(), after_help = exit_codes(0..=5), max_term_width = 100)]
// Scripts append options to override others: of options with one value, the last counts.
#[command(args_override_self = true)]
pub(crate) struct Arguments {
    /// The command to run.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Print the result to standard output as one JSON object; pack prints one for each event.
    #[arg(long, global = true, display_order = 100)]
    pub(crate) json: bool,
    /// Print errors only.
    #[arg(short, long, global = true, display_order = 101, overrides_with = "verbose")]
    quiet: bool,
    /// Print where the time goes and what was chosen, to standard error.
    #[arg(short, long, global = true, display_order = 102, overrides_with = "quiet")]
    verbose: bool,
}

impl Arguments {
    /// How much the program says. Of `--quiet` and `--verbose`, the last counts.
    pub(crate) const fn volume(&self) -> Volume {
        match (self.quiet, self.verbose) {
            (true, _) => Volume::Quiet,
            (_, true) => Volume::Verbose,
            _ => Volume::Usual,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a package that turns one image into another.
    #[command(after_help = diff::help())]
    Diff(DiffArguments),
    /// Restore an image from its base image and a package.
    #[command(after_help = exit_codes(0..=4))]
    Patch(PatchArguments),
    /// Show what a package holds; with its base image, also a size breakdown.
    #[command(after_help = exit_codes(0..=4))]
    Info(InfoArguments),
    /// Check that a package, or each package of a release, restores its image, without writing the image.
    #[command(after_help = exit_codes(0..=4))]
    Verify(VerifyArguments),
    /// Carry out a package's update on simulated flash of a device, with losses of power: wear, time, and whether it
    /// survives.
    #[command(after_help = exit_codes(0..=4))]
    Simulate(Box<SimulateArguments>),
    /// Compare Smidgen with the other tools that are installed: sizes, times and memory for two images.
    #[command(after_help = compare::HELP)]
    Compare(CompareArguments),
    /// Make all packages of a release: one for each version in the field, and a full one.
    #[command(after_help = exit_codes(0..=3))]
    Pack(Box<PackArguments>),
    /// Show a release, print the messages about it for Alibaba Cloud IoT Platform, or merge its shards.
    #[command(after_help = exit_codes(0..=3))]
    Manifest(ManifestArguments),
    /// Make a key that signs, encrypts or decrypts packages.
    #[command(after_help = exit_codes(0..=2))]
    Keygen(KeygenArguments),
    /// Sign a package, or all packages of a release.
    #[command(after_help = exit_codes(0..=3))]
    Sign(SignArguments),
    /// Show what an image is, and write the bytes of it that the device flashes.
    #[command(after_help = exit_codes(0..=2))]
    Flatten(FlattenArguments),
    /// List releases, or find the package for a device.
    #[command(after_help = exit_codes([0, 1, 2, 3, 5]), alias = "catalog")]
    Catalogue(CatalogueArguments),
    /// Print the JSON Schema of what a command prints with --json, or of all commands.
    #[command(after_help = exit_codes(0..=2))]
    Schema(SchemaArguments),
    /// Print the script that completes commands and options in a shell.
    #[command(after_help = exit_codes(0..=2))]
    Completions(CompletionsArguments),
    /// Print the manual page of smidgen, or of a command.
    #[command(after_help = exit_codes(0..=2))]
    Man(ManArguments),
    /// Print the version, as --version does.
    #[command(after_help = exit_codes(0..=2))]
    Version,
    /// Run a command for the process that started this one, and measure it.
    #[command(hide = true)]
    Measure(MeasureArguments),
}

impl Command {
    /// The name of the schema of what `--json` prints.
    pub(crate) const fn schema(&self) -> &'static str {
        match self {
            Self::Diff(_) => "smidgen/diff/1",
            Self::Patch(_) => "smidgen/patch/1",
            Self::Info(_) => "smidgen/info/1",
            Self::Verify(_) => "smidgen/verify/1",
            Self::Simulate(_) => "smidgen/simulate/1",
            Self::Compare(_) => "smidgen/compare/1",
            Self::Pack(_) => "smidgen/pack/1",
            // Manifests state a version of their own.
            Self::Manifest(_) => "smidgen/manifest/1",
            Self::Keygen(_) => "smidgen/keygen/1",
            Self::Sign(_) => "smidgen/sign/1",
            Self::Flatten(_) => "smidgen/flatten/1",
            Self::Catalogue(_) => "smidgen/catalogue/1",
            // These print no results.
            Self::Schema(_) | Self::Completions(_) | Self::Man(_) | Self::Version | Self::Measure(_) => "",
        }
    }

    /// What is said when a signal ends it; nothing of processes that this program starts.
    pub(crate) const fn when_stopped(&self) -> Option<&'static str> {
        match self {
            Self::Measure(_) => None,
            Self::Pack(_) => Some("stopped; run again to go on"),
            // They write several files.
            Self::Sign(_) | Self::Manifest(_) | Self::Keygen(_) => Some("stopped; run again"),
            _ => Some("stopped; nothing was written"),
        }
    }
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
