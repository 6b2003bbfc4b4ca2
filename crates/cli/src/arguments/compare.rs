//! The options of `compare`, and of the process that measures for it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use smidgen_diff::input::Reading;

use super::{Given, THREAD_LIMIT};

/// The text after the options.
pub(super) const HELP: &str = "\
Every tool makes a patch and restores the new image from it, at its strongest setting, on copies of the images in a
temporary folder. A result counts if the restored image is the new one, byte for byte.

RAM to restore: what the package's header states (header), what the tool's documentation states for the parts that it
mentions (documented), or the peak of the restoring process on this machine, with its runtime (measured).

Exit codes:
  0  every package of Smidgen's restored its image; failures of other tools are in the table
  1  one did not, or a file could not be read or written
  2  wrong usage";

#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// The image on the device (base).
    #[arg(value_name = "OLD")]
    pub(crate) base_image: PathBuf,
    /// The new image (target).
    #[arg(value_name = "NEW")]
    pub(crate) target_image: PathBuf,
    /// Tools to run, by name or by the start of it, such as smidgen-64K,bsdiff; by default all that are installed, and
    /// of Smidgen's settings smidgen-16K, smidgen-auto and smidgen-zstd.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) tools: Vec<String>,
    /// Effort of Smidgen's packages, from 1 (fastest) to 9 (smallest).
    #[arg(long, value_name = "LEVEL", default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..=9))]
    pub(crate) level: u8,
    /// Threads of Smidgen; 0 uses all cores.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=THREAD_LIMIT))]
    pub(crate) threads: u16,
    /// Seconds that a tool may take to make a patch, and to restore; then it is ended, and has failed.
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = parse_seconds)]
    pub(crate) timeout: Duration,
    /// Python that has detools and hdiffpatch.
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    pub(crate) python: PathBuf,
    #[command(flatten)]
    pub(crate) reading: Given<Reading>,
}

#[derive(Debug, Args)]
pub(crate) struct MeasureArguments {
    /// Seconds after which the command is ended.
    #[arg(value_parser = parse_seconds)]
    pub(crate) limit: Duration,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    pub(crate) command: Vec<OsString>,
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds
        .filter(|seconds| !seconds.is_zero())
        .ok_or_else(|| "expected a number of seconds above 0".to_owned())
}
