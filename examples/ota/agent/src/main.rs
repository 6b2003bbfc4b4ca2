//! A device's agent for the OTA service of Alibaba Cloud IoT Platform: a model of how to link `smidgen-patch`.
//!
//! `agent FOLDER` runs the device in this folder, `agent provision FOLDER VERSION IMAGE` makes one of a `device.json`.

mod agent;
mod device;
mod download;
mod failure;
mod flash;
mod hex;
mod messages;
mod restore;
mod state;
mod upgrade;

use std::path::Path;
use std::process::ExitCode;

use device::Device;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["provision", folder, version, image] => Device::read(Path::new(folder))
            .and_then(|device| state::provision(&device, version, Path::new(image))),
        [folder] => Device::read(Path::new(folder)).and_then(agent::run),
        _ => Err("usage: agent FOLDER, or agent provision FOLDER VERSION IMAGE".to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("agent: {error}");
            ExitCode::FAILURE
        }
    }
}
