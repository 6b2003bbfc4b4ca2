//! Upgrades a fleet by way of a real broker and a real HTTP server, while everything goes wrong that can, and checks
//! what became of each device.
//!
//! `trial KEY=VALUE...`, of which `examples/ota/run` gives all: see [`Settings`].

mod broker;
mod course;
mod device;
mod files;
mod process;
mod proxy;
mod role;
mod table;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

/// What the trial is given.
pub struct Settings {
    /// The programs `smidgen` and `agent`.
    pub smidgen: PathBuf,
    pub agent: PathBuf,
    /// The release, one of another product, and the images `VERSION.bin`.
    pub release: PathBuf,
    pub other_release: PathBuf,
    pub images: PathBuf,
    /// The public key of the packages, in hexadecimal digits.
    pub public_key: String,
    /// A folder that is there, and empty.
    pub work: PathBuf,
    /// The file for what must be the same each time.
    pub result: PathBuf,
    pub devices: usize,
}

impl Settings {
    fn read(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut values = BTreeMap::new();
        for argument in arguments {
            let (key, value) = argument.split_once('=').ok_or_else(|| format!("no KEY=VALUE: {argument}"))?;
            values.insert(key.to_owned(), value.to_owned());
        }
        let mut take = |key: &str| values.remove(key).ok_or_else(|| format!("no value for {key}"));
        Ok(Self {
            smidgen: take("smidgen")?.into(),
            agent: take("agent")?.into(),
            release: take("release")?.into(),
            other_release: take("other-release")?.into(),
            images: take("images")?.into(),
            public_key: take("public-key")?,
            work: take("work")?.into(),
            result: take("result")?.into(),
            devices: take("devices")?.parse().map_err(|error| format!("devices: {error}"))?,
        })
    }
}

fn main() -> ExitCode {
    let result = Settings::read(std::env::args().skip(1)).and_then(|settings| course::run(&settings));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("trial: {error}");
            ExitCode::FAILURE
        }
    }
}
