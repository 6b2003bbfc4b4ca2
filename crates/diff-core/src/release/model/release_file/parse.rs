//! Parses the keys of a release file (`docs/pipeline.md`).

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::ReleaseFile;
use crate::api::{FlashOptions, Identity, Options};
use crate::escaped::Escaped;
use crate::input::Reading;
use crate::release::model::device_file::Profile;
use crate::release::model::keys::{Key, read_keys};
use crate::release::model::{EncryptionOptions, PackOptions, ReleaseOptions, SigningOptions};

/// A release file with a profile that is not opened yet.
pub(super) struct Parsed {
    pub(super) file: ReleaseFile,
    pub(super) device: Option<Profile>,
}

/// All keys of a release file.
pub(super) fn keys() -> Vec<Key> {
    let images = ["to", "from", "from-folder", "fleet", "device"].map(Key::other);
    let settings = Key::of::<Identity>()
        .chain(Key::of::<ReleaseOptions>())
        .chain(Key::of::<Options>())
        .chain(Key::of::<FlashOptions>())
        .chain(Key::of::<Reading>())
        .chain(Key::of::<PackOptions>())
        .chain(Key::of::<EncryptionOptions>())
        .chain(Key::of::<SigningOptions>());
    images.into_iter().chain(settings).collect()
}

impl<'de> Deserialize<'de> for Parsed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = Parsed;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the keys of a release")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parsed, A::Error> {
                let (mut file, mut device) = (ReleaseFile::default(), None);
                file.values = read_keys(&mut map, keys, |name, map| {
                    match name {
                        "to" => file.to = map.next_value()?,
                        "from" => Versions(file.from) = map.next_value()?,
                        "fleet" => file.fleet = map.next_value()?,
                        "device" => device = map.next_value()?,
                        _ => file.from_folder = map.next_value()?,
                    }
                    Ok(())
                })?;
                Ok(Parsed { file, device })
            }
        }

        deserializer.deserialize_map(Keys)
    }
}

/// Versions and their images; each version once, which JSON does not ensure.
struct Versions(BTreeMap<String, PathBuf>);

impl<'de> Deserialize<'de> for Versions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Versions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("versions and their images")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Versions, A::Error> {
                let mut versions = BTreeMap::new();
                while let Some(version) = map.next_key::<String>()? {
                    let path = map.next_value_seed(PathOf(&version))?;
                    if versions.contains_key(&version) {
                        let version = Escaped(version);
                        return Err(A::Error::custom(format!("from: `{version}` is given twice")));
                    }
                    versions.insert(version, path);
                }
                Ok(Versions(versions))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// Reads the path of the image of this version. A version without quotation marks is a key of several parts in TOML, each
/// with a table of the rest.
struct PathOf<'v>(&'v str);

impl<'de> DeserializeSeed<'de> for PathOf<'_> {
    type Value = PathBuf;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<PathBuf, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for PathOf<'_> {
    type Value = PathBuf;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the path of an image")
    }

    fn visit_str<E: Error>(self, path: &str) -> Result<PathBuf, E> {
        Ok(path.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PathBuf, A::Error> {
        let Some(rest) = map.next_key::<String>()? else { return Err(A::Error::invalid_length(0, &self)) };
        let version = format!("{}.{rest}", self.0);
        map.next_value_seed(PathOf(&version))?;
        let version = Escaped(version);
        Err(A::Error::custom(format!("from: put the version in quotation marks: \"{version}\"")))
    }
}
