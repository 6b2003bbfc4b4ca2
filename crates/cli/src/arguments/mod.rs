//! The command line: its commands, and a file for the options of each group of them.

/// What follows every command's options. A macro, as only literals can be put together.
macro_rules! exit_codes {
    () => {
        "\
Exit codes:
  0  success
  1  a file could not be read or written, or another failure
  2  wrong usage
  3  not a package, or a damaged or unsupported one
  4  the base image is not the one that the package was made for
  5  there is no package for the device"
    };
}

mod diff;
mod encryption;
mod engine;
mod input;
mod quantity;
mod release;
mod restore;
mod signing;

use clap::{Parser, Subcommand};

pub(crate) use diff::{DiffArguments, Format};
pub(crate) use encryption::DecryptionArguments;
pub(crate) use input::FlattenArguments;
pub(crate) use release::{
    CatalogueArguments, ManifestArguments, ManifestCommand, MergeArguments, PackArguments, parse_sign_method,
};
pub(crate) use restore::{InfoArguments, MakeStreamsArguments, PatchArguments, VerifyArguments};
pub(crate) use signing::{KeyKind, KeygenArguments, SignArguments};

/// Differential firmware packages: the way from one image to the next, in as few bytes as possible.
#[derive(Debug, Parser)]
#[command(name = "smidgen", version, after_help = exit_codes!(), max_term_width = 100)]
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
    #[command(after_help = diff::HELP)]
    Diff(DiffArguments),
    /// Restore an image from its base image and a package.
    #[command(after_help = exit_codes!())]
    Patch(PatchArguments),
    /// Show what a package holds, and with its base image where its bytes went.
    #[command(after_help = exit_codes!())]
    Info(InfoArguments),
    /// Prove that a package, or each of a release, restores its image, without writing it.
    #[command(after_help = exit_codes!())]
    Verify(VerifyArguments),
    /// Make all packages of a release: one for each version in the field, and a full one.
    #[command(after_help = exit_codes!())]
    Pack(Box<PackArguments>),
    /// Show a release, tell the delivery platform about it, or put its shards together.
    #[command(after_help = exit_codes!())]
    Manifest(ManifestArguments),
    /// Make a key that signs, encrypts or decrypts packages.
    #[command(after_help = exit_codes!())]
    Keygen(KeygenArguments),
    /// Sign a package, or all packages of a release.
    #[command(after_help = exit_codes!())]
    Sign(SignArguments),
    /// Tell what an image is, and write the bytes that the device flashes of it.
    #[command(after_help = exit_codes!())]
    Flatten(FlattenArguments),
    /// List releases, or find the package for a device.
    #[command(after_help = exit_codes!(), alias = "catalog")]
    Catalogue(CatalogueArguments),
    /// Make streams of compressed files again for the process that started this one.
    #[command(hide = true)]
    MakeStreams(MakeStreamsArguments),
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
    fn a_heading_ends_with_the_options_it_is_for() {
        let command = Arguments::command();
        let json = command
            .get_subcommands()
            .flat_map(|command| command.get_arguments())
            .filter(|argument| argument.get_id() == "json");
        let headings: Vec<_> = json.map(|argument| argument.get_help_heading()).collect();
        assert!(headings.len() > 6 && headings.iter().all(Option::is_none), "{headings:?}");
    }
}
