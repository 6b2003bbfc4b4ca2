//! The command line of releases: `pack`, `manifest` and `catalogue`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use diff_core::release::{PackOptions, Shard, SignMethod};
use diff_core::{Options, Ram};

use super::encryption::EncryptionArguments;
use super::engine::{ArchName, CodecName};
use super::input::InputArguments;
use super::quantity::{THREAD_LIMIT, parse_address, parse_ram, parse_size};
use super::signing::SigningArguments;

/// The arguments of `pack`.
#[derive(Debug, Args)]
pub(crate) struct PackArguments {
    /// A release file (TOML or JSON), or a folder with a release.toml or release.json; options add to it.
    pub(crate) release: Option<PathBuf>,
    /// The folder that packages and manifest go to; made if it is not there.
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) output: PathBuf,
    /// The new image.
    #[arg(long, value_name = "IMAGE")]
    pub(crate) to: Option<PathBuf>,
    /// The new image's version [default: what the image says, if it does].
    #[arg(long, value_name = "VERSION")]
    pub(crate) to_version: Option<String>,
    /// A version in the field and its image, an image that says its version, or a folder of images that are named for
    /// their versions.
    #[arg(long, value_name = "VERSION=IMAGE|IMAGE|FOLDER", num_args = 1..)]
    pub(crate) from: Vec<String>,
    /// The product that the firmware is for; its devices refuse others.
    #[arg(long, value_name = "NAME")]
    pub(crate) product: Option<String>,
    /// The part of the product that the firmware is for [default: default].
    #[arg(long, value_name = "NAME")]
    pub(crate) module: Option<String>,
    /// The firmware's name, 1 to 40 characters [default: product and version].
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// What people are told about the firmware, at most 100 characters.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// Devices that have seen a higher one refuse the packages.
    #[arg(long, value_name = "N")]
    pub(crate) rollback_counter: Option<u32>,
    /// The digest that the platform signs with: MD5 or SHA256 [default: SHA256, or MD5 with --android-sdk].
    #[arg(long, value_name = "METHOD", value_parser = parse_sign_method)]
    pub(crate) sign_method: Option<SignMethod>,
    /// Devices use the platform's Android SDK, which checks differential packages by MD5.
    #[arg(long)]
    pub(crate) android_sdk: bool,
    /// Drop differential packages with more than this share of the full one's bytes, in percent [default: 80].
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(..=100))]
    pub(crate) share: Option<u8>,
    /// Make only this share of the packages, such as 2/5; `manifest merge` puts all shares together.
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Packages that are made at once; 0 makes as many as there are threads.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=THREAD_LIMIT))]
    jobs: u16,
    /// Memory that the packages being made may take together, such as 4G: fewer are made at once.
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    memory: Option<u64>,
    /// Threads to work with; 0 takes all cores. Packages are the same with any number.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=THREAD_LIMIT))]
    threads: u16,
    /// Make everything anew, whatever an earlier run left.
    #[arg(long)]
    fresh: bool,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    pub(crate) reading: InputArguments,
    #[command(flatten)]
    pub(crate) encryption: EncryptionArguments,
    #[command(flatten)]
    pub(crate) signing: SigningArguments,
    /// Print what happens as JSON objects, a line each.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How packages are made, as for `diff`.
#[derive(Debug, Args)]
struct EngineArguments {
    /// Memory that the device's decoder may take, such as 16K, 256KiB or 8M [default: auto].
    #[arg(long, value_name = "SIZE|auto", value_parser = parse_ram)]
    ram: Option<Ram>,
    /// How the bodies are coded [default: cm].
    #[arg(long)]
    codec: Option<CodecName>,
    /// PackOptions, from 1 (fastest) to 9 (smallest packages) [default: 6].
    #[arg(long, value_name = "1..9", value_parser = clap::value_parser!(u8).range(1..=9))]
    level: Option<u8>,
    /// Address of the images' first byte when they run, such as 0x08000000 [default: detected].
    #[arg(long, value_name = "ADDR", value_parser = parse_address)]
    base: Option<u32>,
    /// Which references to look for [default: auto].
    #[arg(long)]
    arch: Option<ArchName>,
    /// Put the target's MD5 into the headers.
    #[arg(long)]
    md5: bool,
    /// Put the SHA-256 of the packages' bodies into the headers.
    #[arg(long)]
    body_digest: bool,
}

/// The arguments of `manifest`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ManifestArguments {
    /// What to do with several.
    #[command(subcommand)]
    pub(crate) command: Option<ManifestCommand>,
    /// The folder of a release, or its manifest.
    #[arg(required_unless_present = "schema")]
    pub(crate) release: Option<PathBuf>,
    /// Print the JSON Schema of manifests.
    #[arg(long, conflicts_with_all = ["release", "ota_message", "json"])]
    pub(crate) schema: bool,
    /// Print what the platform tells devices about each package, and the parameters that create it there, as JSON.
    #[arg(long, requires = "url_base")]
    pub(crate) ota_message: bool,
    /// The address below which devices find the packages.
    #[arg(long, value_name = "URL", requires = "ota_message")]
    pub(crate) url_base: Option<String>,
    /// Print the manifest as one JSON object.
    #[arg(long, conflicts_with = "ota_message")]
    pub(crate) json: bool,
}

/// What can be done with several manifests.
#[derive(Debug, Subcommand)]
pub(crate) enum ManifestCommand {
    /// Put the shards of a release together.
    Merge(MergeArguments),
}

/// The arguments of `manifest merge`.
#[derive(Debug, Args)]
pub(crate) struct MergeArguments {
    /// The folders that `pack --shard` wrote to.
    #[arg(required = true)]
    pub(crate) shards: Vec<PathBuf>,
    /// The folder of the release; may be one of the shards'.
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) output: PathBuf,
    /// Print the manifest as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The arguments of `catalogue`.
#[derive(Debug, Args)]
pub(crate) struct CatalogueArguments {
    /// The folder of the releases, one folder each.
    pub(crate) folder: PathBuf,
    /// Find the package for a device that has this version.
    #[arg(long, value_name = "VERSION")]
    pub(crate) device_version: Option<String>,
    /// The module that it is the version of.
    #[arg(long, value_name = "NAME", requires = "device_version", default_value = "default")]
    pub(crate) module: String,
    /// The device's product, where there are several.
    #[arg(long, value_name = "NAME", requires = "device_version")]
    pub(crate) product: Option<String>,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

impl PackArguments {
    /// How packages are made.
    pub(crate) fn options(&self) -> Options {
        let (usual, engine) = (Options::default(), &self.engine);
        Options {
            ram: engine.ram.unwrap_or_default(),
            level: engine.level.unwrap_or(usual.level),
            codec: engine.codec.map(CodecName::choice).unwrap_or_default(),
            arch: engine.arch.map(ArchName::choice).unwrap_or_default(),
            base_address: engine.base,
            md5: engine.md5,
            body_digest: engine.body_digest,
            ..usual
        }
    }

    /// How much is done at once, and of what.
    pub(crate) fn effort(&self) -> PackOptions {
        PackOptions {
            threads: self.threads.into(),
            jobs: self.jobs.into(),
            memory: self.memory,
            shard: self.shard.unwrap_or(Shard::WHOLE),
            fresh: self.fresh,
        }
    }
}

/// The method of a name, in upper or lower case.
pub(crate) fn parse_sign_method(text: &str) -> Result<SignMethod, String> {
    SignMethod::from_name(&text.to_ascii_uppercase()).ok_or_else(|| "expected MD5 or SHA256".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_named_in_any_case() {
        assert_eq!(parse_sign_method("md5"), Ok(SignMethod::Md5));
        assert_eq!(parse_sign_method("SHA256"), Ok(SignMethod::Sha256));
        assert!(parse_sign_method("SHA1").is_err());
    }
}
