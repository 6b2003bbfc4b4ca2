//! Device profiles in files, and in release files (`docs/device-profile.md`).

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::config::Config;
use super::keys::{Key, Values, read_keys};
use crate::api::Device;
use crate::release::error::PackError;

/// The value of the key `device`: a table, or the path of a file with one.
#[derive(Debug)]
pub(super) enum Profile {
    Table(Values),
    File(PathBuf),
}

impl Device {
    /// Reads a profile from a file in TOML, or in JSON if its name ends in `.json`. The keys are at the top, or in a table
    /// `device`, as a release file has; then the rest of the file is not looked at.
    ///
    /// # Errors
    /// Files that cannot be read; unknown keys, wrong values, and profiles that [`Device::check`] refuses.
    pub fn read(path: &Path) -> Result<Self, PackError> {
        let config = Config::read(path, WHAT)?;
        let table: Table = match config.parse::<Probe>()?.device {
            Some(IgnoredAny) => config.parse::<Whole>()?.device,
            None => config.parse()?,
        };
        let device = table.device();
        device.check().map_err(|error| config.wrong(&error.to_string()))?;
        Ok(device)
    }
}

const WHAT: &str = "device profile";

impl Profile {
    /// The profile of a release file at `path`.
    pub(super) fn open(self, path: &Path) -> Result<Device, PackError> {
        let folder = path.parent().unwrap_or(Path::new(""));
        match self {
            Self::File(file) => Device::read(&folder.join(file)),
            Self::Table(values) => {
                let device = Table(values).device();
                let wrong = |error| PackError::file(path, format!("is not a {WHAT}: {error}"));
                device.check().map_err(wrong)?;
                Ok(device)
            }
        }
    }
}

/// Whether a file has the table.
#[derive(Deserialize)]
struct Probe {
    device: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Whole {
    device: Table,
}

/// The keys of a profile.
struct Table(Values);

impl Table {
    fn device(&self) -> Device {
        let mut device = Device::default();
        self.0.apply(&mut device);
        device
    }
}

fn keys() -> Vec<Key> {
    Key::of::<Device>().collect()
}

/// Visits a table, and a path where one is allowed.
struct Keys {
    path: bool,
}

impl<'de> Visitor<'de> for Keys {
    type Value = Profile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_path = if self.path { ", or the path of a file with them" } else { "" };
        write!(f, "the keys of a device profile{or_path}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Profile, A::Error> {
        // There are no others.
        read_keys(&mut map, keys, |_, _| Ok(())).map(Profile::Table)
    }

    fn visit_str<E: serde::de::Error>(self, path: &str) -> Result<Profile, E> {
        if self.path {
            Ok(Profile::File(path.into()))
        } else {
            Err(E::invalid_type(serde::de::Unexpected::Str(path), &self))
        }
    }
}

impl<'de> Deserialize<'de> for Table {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_map(Keys { path: false })? {
            Profile::Table(values) => Ok(Self(values)),
            Profile::File(_) => Ok(Self(Values::default())),
        }
    }
}

impl<'de> Deserialize<'de> for Profile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Keys { path: true })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::api::Update;

    fn read(name: &str, text: &str) -> Result<Device, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        Device::read(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn both_languages_and_both_places_say_the_same() {
        let keys = "ram = \"16K\"\nos = false\ncodecs = [\"cm\", \"zstd\"]\nslot = 262144\nupdate = \"ab\"\n";
        let device = read("device.toml", keys).unwrap();
        assert_eq!((device.ram, device.os, device.slot), (Some(16 << 10), Some(false), Some(256 << 10)));
        assert_eq!((device.codecs.clone().unwrap().as_slice().len(), device.update), (2, Some(Update::Ab)));
        let other = format!("to = \"image\"\n[device]\n{keys}[from]\n1 = \"old\"\n");
        assert_eq!(read("release.toml", &other).unwrap(), device);
        let json = r#"{ "ram": 16384, "os": false, "codecs": "cm,zstd", "slot": "256K", "update": "ab", "page": null }"#;
        assert_eq!(read("device.json", json).unwrap(), device);
        assert_eq!(read("device.json", &format!("{{ \"device\": {json} }}")).unwrap(), device);
        assert_eq!(read("device.toml", ""), Ok(Device::default()));
    }

    #[test]
    fn mistakes_are_reported_with_their_place() {
        for (text, part) in [
            (
                "ram = \"16K\"\nramm = 1",
                "is not a device profile: line 2, column 1: unknown key `ramm`, expected one of ram, os",
            ),
            ("os = \"maybe\"", "os: "),
            ("ram = \"16 K\"", "ram: expected a size such as"),
            ("codecs = [\"lzma\"]", "codecs: expected one of cm, zstd, lite"),
            ("codecs = []", "codecs: expected text or a list of texts"),
            ("product = [1, 2]", "product: expected text or a number"),
            ("product = ['a', 'b']", "product: expected text or a number"),
            ("arch = ['thumb']", "arch: expected text or a number"),
            ("ram = [1, 2]", "ram: expected a size such as"),
            ("slot = \"8G\"", "slot: an area of flash has at most"),
            ("update = \"both\"", "update: expected one of ab, in-place"),
            ("memory = \"1M\"", "give os = true"),
            ("device = \"other.toml\"", "expected the keys of a device profile"),
            ("device = 1", "expected the keys of a device profile"),
            ("[device]\nos = 1", "os: "),
            ("os = true\nos = true", "duplicate key"),
        ] {
            let error = read("device.toml", text).unwrap_err();
            assert!(error.contains(part), "{part:?} in {error}");
        }
        let nested = format!("{{ \"device\": {}", "[".repeat(100_000));
        assert!(read("a.json", &nested).unwrap_err().contains("line 1"));
    }
}
