//! The options of the commands about releases: `pack`, `manifest` and `catalogue`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use smidgen_diff::input::Reading;
use smidgen_diff::release::{
    EncryptionOptions, Framework, PackOptions, ReleaseFile, ReleaseOptions, Shard, SigningOptions,
};
use smidgen_diff::{Device, FlashOptions, Identity, Options};

use super::Given;
use super::settings::engine_options;
use crate::report::Failure;

#[derive(Debug, Args)]
pub(crate) struct PackArguments {
    /// A release file (TOML or JSON), or a folder with a release.toml or release.json; options override it.
    pub(crate) release: Option<PathBuf>,
    /// The folder to write packages and manifest to; made if it does not exist.
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) output: PathBuf,
    /// The new image (target).
    #[arg(long, value_name = "IMAGE")]
    pub(crate) to: Option<PathBuf>,
    /// Images in the field: VERSION=IMAGE, an image that states its version, or a folder of images named for their
    /// versions.
    #[arg(long, value_name = "VERSION=IMAGE|IMAGE|FOLDER", num_args = 1..)]
    pub(crate) from: Vec<String>,
    /// A CSV file with a version and its number of devices on each line: packages for the most devices are made first, and
    /// the bytes that the fleet saves are reported.
    #[arg(long, value_name = "CSV")]
    pub(crate) fleet: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) identity: Given<Identity>,
    #[command(flatten)]
    pub(crate) listing: Given<ReleaseOptions>,
    /// Make only this shard of the packages, such as 2/5; `manifest merge` joins all shards.
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    #[command(flatten)]
    pace: Given<PackOptions>,
    /// Make all packages anew, also those that an earlier run left.
    #[arg(long)]
    fresh: bool,
    /// The profile of all devices (TOML or JSON): the default of options, and what the devices must be able to restore.
    #[arg(long, value_name = "FILE")]
    device: Option<PathBuf>,
    /// Replace the release of another product, module, version or image in the folder, and remove packages that earlier runs left.
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    engine: Given<Options>,
    #[command(flatten)]
    flash: Given<FlashOptions>,
    #[command(flatten)]
    pub(crate) reading: Given<Reading>,
    #[command(flatten)]
    pub(crate) encryption: Given<EncryptionOptions>,
    #[command(flatten)]
    pub(crate) signing: Given<SigningOptions>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ManifestArguments {
    /// What to do with several manifests.
    #[command(subcommand)]
    pub(crate) command: Option<ManifestCommand>,
    /// The folder of a release, or its manifest.
    #[arg(required_unless_present = "schema")]
    pub(crate) release: Option<PathBuf>,
    /// Print the JSON Schema of manifests.
    #[arg(long, conflicts_with_all = ["release", "ota_message", "format", "json"])]
    pub(crate) schema: bool,
    /// Print Alibaba Cloud IoT Platform's message to devices about each package, and the parameters that create it there,
    /// as JSON.
    #[arg(long, requires = "url_base", conflicts_with = "json")]
    pub(crate) ota_message: bool,
    /// The address below which devices find the packages.
    #[arg(long, value_name = "URL", requires = "ota_message")]
    pub(crate) url_base: Option<String>,
    /// Print what this framework of Linux devices is told of a package: the command that makes Mender's artifact, SWUpdate's
    /// sw-description, or RAUC's manifest.
    #[arg(long, value_name = "FRAMEWORK", value_parser = framework(), conflicts_with_all = ["json", "ota_message"])]
    pub(crate) format: Option<Framework>,
    /// The package for devices with this version [default: the full package].
    #[arg(long, value_name = "VERSION", requires = "format")]
    pub(crate) device_version: Option<String>,
    /// What the framework knows the devices by: Mender's device type, SWUpdate's hardware revision, RAUC's compatible
    /// [default: the product].
    #[arg(long, value_name = "NAME", requires = "format")]
    pub(crate) board: Option<String>,
    /// The script smidgen-install that is in SWUpdate's image, for its digest.
    #[arg(long, value_name = "FILE", requires = "format")]
    pub(crate) script: Option<PathBuf>,
}

fn framework() -> impl TypedValueParser<Value = Framework> {
    PossibleValuesParser::new(Framework::ALL.map(Framework::name)).try_map(|name| name.parse())
}

#[derive(Debug, Subcommand)]
pub(crate) enum ManifestCommand {
    /// Merge the shards of a release.
    Merge(MergeArguments),
}

#[derive(Debug, Args)]
pub(crate) struct MergeArguments {
    /// The folders that `pack --shard` wrote.
    #[arg(required = true)]
    pub(crate) shards: Vec<PathBuf>,
    /// The folder of the release; may be that of a shard.
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct CatalogueArguments {
    /// The folder of the releases, each in a folder of its own.
    pub(crate) folder: PathBuf,
    /// Find the package for a device with this version.
    #[arg(long, value_name = "VERSION")]
    pub(crate) device_version: Option<String>,
    /// The module that the version is of [default: default]; without a version, list only its releases.
    #[arg(long, value_name = "NAME")]
    pub(crate) module: Option<String>,
    /// The device's product, where the catalogue has several; without a version, list only its releases.
    #[arg(long, value_name = "NAME")]
    pub(crate) product: Option<String>,
    /// Which pre-releases are offered besides releases: "stable" none, "any" all, otherwise those of this name, such as
    /// "beta" for 2.0.0-beta.1 [default: any for a device that has a pre-release, else stable; the list has all].
    #[arg(long, value_name = "NAME")]
    pub(crate) channel: Option<String>,
}

impl PackArguments {
    /// The engine's options, without the identity.
    pub(crate) fn engine(&self, file: &ReleaseFile) -> Result<Options, Failure> {
        let given = self.device.as_deref().map(Device::read).transpose()?;
        let reading = self.reading.over(file);
        engine_options(given.as_ref().or(file.device.as_ref()), &self.engine, &self.flash, file, &reading)
    }

    /// For whom packages are encrypted: a recipient on the command line replaces that of the file.
    pub(crate) fn encryption(&self, file: &ReleaseFile) -> EncryptionOptions {
        let mut of_file = EncryptionOptions::default();
        file.apply(&mut of_file);
        let given = self.encryption.value();
        let is_given = given.encrypt.is_some() || given.seal_to.is_some() || given.seal_command.is_some();
        let cipher = given.cipher.or(of_file.cipher);
        if is_given { given.with_cipher(cipher) } else { self.encryption.over(file) }
    }

    pub(crate) fn options(&self, file: &ReleaseFile) -> PackOptions {
        let shard = self.shard.unwrap_or(Shard::WHOLE);
        self.pace.over(file).with_shard(shard).with_fresh(self.fresh).with_replace(self.replace)
    }
}
