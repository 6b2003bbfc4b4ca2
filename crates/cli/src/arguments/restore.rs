//! The options of what reads packages: `patch`, `info` and `verify`.

use std::path::PathBuf;

use clap::Args;

use super::encryption::DecryptionArguments;
use super::input::InputArguments;

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
    pub(crate) decryption: DecryptionArguments,
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
    pub(crate) decryption: DecryptionArguments,
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
    pub(crate) decryption: DecryptionArguments,
    #[command(flatten)]
    pub(crate) reading: InputArguments,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The arguments of the process that makes streams.
#[derive(Debug, Args)]
pub(crate) struct MakeStreamsArguments {
    /// Bytes of memory besides those that the process has at its start.
    #[arg(long)]
    pub(crate) memory: u64,
    /// Seconds of processor time.
    #[arg(long)]
    pub(crate) seconds: u64,
}
