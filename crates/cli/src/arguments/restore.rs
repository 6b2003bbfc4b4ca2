//! The options of the commands that read packages and images: `patch`, `info`, `verify` and `flatten`.

use std::path::PathBuf;

use clap::Args;
use smidgen_diff::Device;
use smidgen_diff::input::Reading;

use super::Given;
use super::encryption::DecryptionArguments;
use super::signing::SignersArguments;
use crate::report::Failure;

#[derive(Debug, Args)]
pub(crate) struct PatchArguments {
    /// The image on the device (base).
    pub(crate) base: PathBuf,
    /// The package: Smidgen's or BSDIFF40.
    pub(crate) package: PathBuf,
    /// The file to write the restored image to.
    #[arg(short, long, value_name = "TARGET")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) signers: SignersArguments,
    #[command(flatten)]
    pub(crate) decryption: DecryptionArguments,
    #[command(flatten)]
    pub(crate) reading: Given<Reading>,
}

#[derive(Debug, Args)]
pub(crate) struct InfoArguments {
    /// The package: Smidgen's or BSDIFF40.
    pub(crate) package: PathBuf,
    /// The base image of the package, for a size breakdown.
    #[arg(long)]
    pub(crate) base: Option<PathBuf>,
    /// Write a page to this file: a map of the new image, with where its bytes come from and what they cost.
    #[arg(long, value_name = "FILE", requires = "base")]
    pub(crate) html: Option<PathBuf>,
    /// The ELF file of the new image, or the map file of GNU ld or lld: names what costs the most.
    #[arg(long, value_name = "ELF|MAP", requires = "base")]
    pub(crate) symbols: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) decryption: DecryptionArguments,
    #[command(flatten)]
    pub(crate) reading: Given<Reading>,
}

impl InfoArguments {
    /// Whether costs are to be placed in the new image.
    pub(crate) const fn wants_map(&self) -> bool {
        self.html.is_some() || self.symbols.is_some()
    }
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// The image on the device (base), or the folder of a release.
    #[arg(value_name = "BASE|FOLDER")]
    pub(crate) base: PathBuf,
    /// The package: Smidgen's or BSDIFF40; for a folder, the release file that it was packed from, which names the images.
    #[arg(value_name = "PACKAGE|RELEASE")]
    pub(crate) package: Option<PathBuf>,
    /// The images that the release was made from: VERSION=IMAGE, an image that states its version, or a folder of
    /// images named for their versions.
    #[arg(long, value_name = "VERSION=IMAGE|IMAGE|FOLDER", num_args = 1..)]
    pub(crate) from: Vec<String>,
    /// Check that the device with this profile (TOML or JSON) can restore the package.
    #[arg(long, value_name = "FILE")]
    device: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) signers: SignersArguments,
    #[command(flatten)]
    pub(crate) decryption: DecryptionArguments,
    #[command(flatten)]
    pub(crate) reading: Given<Reading>,
}

impl VerifyArguments {
    pub(crate) fn device(&self) -> Result<Option<Device>, Failure> {
        Ok(self.device.as_deref().map(Device::read).transpose()?)
    }
}

#[derive(Debug, Args)]
pub(crate) struct FlattenArguments {
    /// The image as the build left it.
    pub(crate) input: PathBuf,
    /// The file to write the bytes to that the device flashes.
    #[arg(short, long, value_name = "IMAGE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: Given<Reading>,
}
