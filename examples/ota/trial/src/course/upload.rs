//! Puts a release into the service, by what `smidgen manifest` prints for the service's own call.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use service::{Firmware, FirmwareId, Service, upgrade_message};

use crate::Settings;
use crate::files::read_json;
use crate::role::VERSIONS;

/// Uploads a release, and returns the firmware for each version.
pub(super) fn upload(
    settings: &Settings,
    release: &Path,
    port: u16,
    place: &str,
) -> Result<(Service, Vec<FirmwareId>), String> {
    let mut command = Command::new(&settings.smidgen);
    command.arg("manifest").arg(release).args(["--ota-message", "--url-base"]);
    let output = command.arg(format!("http://127.0.0.1:{port}/{place}")).output();
    let output = output.map_err(|error| format!("smidgen manifest: {error}"))?;
    let messages: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("smidgen manifest: {error}"))?;
    let mut service = Service::new(&product(release)?);
    let mut by_version = BTreeMap::new();
    for package in messages.as_array().into_iter().flatten() {
        for call in package["create_firmware"].as_array().into_iter().flatten() {
            let firmware = service.create_firmware(call).map_err(|refusal| refusal.to_string())?;
            check_message(service.firmware(firmware), &package["upgrade"]["data"])?;
            by_version.insert(call["SrcVersion"].as_str().unwrap_or("").to_owned(), firmware);
        }
    }
    // A version that the release has no image of gets the full package.
    let of = |version: &&str| by_version.get(*version).or_else(|| by_version.get("")).copied();
    let firmwares = VERSIONS.iter().map(of).collect::<Option<Vec<_>>>();
    Ok((service, firmwares.ok_or("the release has no full package")?))
}

/// What the service tells a device is what `smidgen manifest` says that it does.
fn check_message(firmware: &Firmware, expected: &Value) -> Result<(), String> {
    let (_, message) = upgrade_message("", "", firmware, 1);
    let told = message["data"].as_object().into_iter().flatten();
    match told.into_iter().find(|(member, value)| expected[member.as_str()] != **value) {
        None => Ok(()),
        Some((member, value)) => {
            Err(format!("{member} is {value}, but {} in smidgen's message", expected[member]))
        }
    }
}

/// Of the release's manifest.
pub(super) fn product(release: &Path) -> Result<String, String> {
    let manifest = read_json(&release.join("manifest.json"))?;
    manifest["product"].as_str().map(str::to_owned).ok_or_else(|| "the release has no product".to_owned())
}
