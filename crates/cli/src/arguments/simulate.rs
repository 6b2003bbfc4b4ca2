//! The options of `simulate`.

use std::path::PathBuf;

use clap::Args;
use smidgen_diff::Device;
use smidgen_diff::input::Reading;
use smidgen_diff::simulate::PowerLosses;

use super::encryption::DecryptionArguments;
use super::{Given, THREAD_LIMIT};
use crate::report::Failure;

#[derive(Debug, Args)]
pub(crate) struct SimulateArguments {
    /// The image on the device (base).
    pub(crate) base: PathBuf,
    /// The package.
    pub(crate) package: PathBuf,
    /// The device's profile (TOML or JSON); options override its keys.
    #[arg(long = "device", value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Threads to use; 0 uses all cores. The result is the same with any number.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=THREAD_LIMIT))]
    pub(crate) threads: u16,
    #[command(flatten)]
    pub(crate) losses: Given<PowerLosses>,
    #[command(flatten)]
    pub(crate) device: Given<Device>,
    #[command(flatten)]
    pub(crate) decryption: DecryptionArguments,
    #[command(flatten)]
    pub(crate) reading: Given<Reading>,
}

impl SimulateArguments {
    /// The device of the profile, with what the options say.
    pub(crate) fn device(&self) -> Result<Device, Failure> {
        let mut device = self.profile.as_deref().map(Device::read).transpose()?.unwrap_or_default();
        self.device.apply(&mut device);
        device.check()?;
        Ok(device)
    }
}
