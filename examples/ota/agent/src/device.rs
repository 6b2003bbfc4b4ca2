//! What a device is made with: `device.json` in its folder.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::hex;

/// A device. Its folder stands for all that is not memory: two slots, a journal, the agent's state, a download.
#[derive(Clone, Debug, Deserialize)]
pub struct Device {
    #[serde(skip)]
    pub folder: PathBuf,
    /// `ProductKey` and `DeviceName` of the service.
    pub product: String,
    pub name: String,
    #[serde(default = "default_module")]
    pub module: String,
    pub broker: String,
    pub port: u16,
    /// What the broker asks for. The service's own broker wants an HMAC of the device's secret as the password.
    #[serde(default)]
    pub client_id: Option<String>,
    #[serde(default)]
    pub user: String,
    #[serde(default)]
    pub password: String,
    /// The Ed25519 key whose owner may make packages, in hexadecimal digits.
    pub public_key: String,
    /// Bytes of memory for the decoder.
    #[serde(default = "default_ram")]
    pub ram: usize,
    /// Bytes of a slot, and of a page, which is erased at once.
    #[serde(default = "default_slot_size")]
    pub slot_size: u32,
    #[serde(default = "default_page")]
    pub page: u32,
    /// How long the erasing of a page takes: files are faster than flash.
    #[serde(default)]
    pub page_milliseconds: u64,
}

fn default_module() -> String {
    "default".to_owned()
}

fn default_ram() -> usize {
    16 << 10
}

fn default_slot_size() -> u32 {
    1 << 20
}

fn default_page() -> u32 {
    4096
}

impl Device {
    pub fn read(folder: &Path) -> Result<Self, String> {
        Ok(Self { folder: folder.to_owned(), ..read_json(&folder.join("device.json"))? })
    }

    pub fn key(&self) -> Result<[u8; 32], String> {
        let bytes = hex::decode(&self.public_key).and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or_else(|| "public_key in device.json has not 64 hexadecimal digits".to_owned())
    }

    pub fn client_id(&self) -> String {
        self.client_id.clone().unwrap_or_else(|| format!("{}.{}", self.product, self.name))
    }

    /// The file of a slot, 0 or 1.
    pub fn slot(&self, slot: usize) -> PathBuf {
        self.folder.join(format!("slot-{slot}.bin"))
    }

    pub fn journal(&self) -> PathBuf {
        self.folder.join("journal.bin")
    }
}

/// Reads a file of JSON; the error names the file.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, String> {
    let text = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
pub mod tests {
    use serde_json::json;
    use tempfile::TempDir;

    use super::*;

    /// A device whose folder goes with the test.
    pub fn device() -> (TempDir, Device) {
        let folder = TempDir::new().unwrap();
        let description = json!({
            "product": "p", "name": "d", "broker": "127.0.0.1", "port": 1883, "slot_size": 16384,
            "public_key": "00".repeat(32),
        });
        fs::write(folder.path().join("device.json"), description.to_string()).unwrap();
        let device = Device::read(folder.path()).unwrap();
        (folder, device)
    }

    #[test]
    fn what_a_device_does_not_say_has_a_default() {
        let (_folder, device) = device();
        assert_eq!(
            (device.client_id().as_str(), device.module.as_str(), device.page),
            ("p.d", "default", 4096)
        );
        assert_eq!(device.key(), Ok([0; 32]));
        assert!(Device { public_key: "0".repeat(63), ..device }.key().is_err());
    }
}
