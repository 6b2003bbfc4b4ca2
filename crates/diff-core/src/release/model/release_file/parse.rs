//! Parses the keys of a release file, and checks their values (`docs/pipeline.md`).

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::ReleaseFile;
use crate::api::{Identity, Options};
use crate::escaped::Escaped;
use crate::input::Reading;
use crate::release::model::ReleaseOptions;
use crate::settings::{Setting, Settings, ValueError};

/// The keys of a release file that are not settings.
const IMAGES: [&str; 4] = ["to", "from", "from-folder", "fleet"];

/// A key of a release file; of a setting, also the rule for its values.
struct Key {
    name: &'static str,
    value: Option<Value>,
}

/// A rule for the values of a setting.
struct Value {
    name: &'static str,
    is_switch: bool,
    check: Check,
}

type Check = Box<dyn Fn(&str) -> Result<(), ValueError>>;

impl<'de> Deserialize<'de> for ReleaseFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = ReleaseFile;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the keys of a release")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ReleaseFile, A::Error> {
                let mut file = ReleaseFile::default();
                let mut seen = Vec::new();
                while let Some(Key { name, value }) = map.next_key()? {
                    if seen.contains(&name) {
                        return Err(A::Error::duplicate_field(name));
                    }
                    seen.push(name);
                    match (name, value) {
                        (_, Some(value)) => {
                            let text = map.next_value_seed(value)?;
                            file.settings.extend(text.map(|text| (name, text)));
                        }
                        ("to", None) => file.to = map.next_value()?,
                        ("from", None) => Versions(file.from) = map.next_value()?,
                        ("fleet", None) => file.fleet = map.next_value()?,
                        (_, None) => file.from_folder = map.next_value()?,
                    }
                }
                Ok(file)
            }
        }

        deserializer.deserialize_map(Keys)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fn of<T: Settings>() -> impl Iterator<Item = Key> {
            T::SETTINGS.iter().map(|setting| Key { name: setting.name, value: Some(Value::of(setting)) })
        }

        let text = String::deserialize(deserializer)?;
        let settings =
            of::<Identity>().chain(of::<ReleaseOptions>()).chain(of::<Options>()).chain(of::<Reading>());
        let mut keys: Vec<_> =
            IMAGES.map(|name| Self { name, value: None }).into_iter().chain(settings).collect();
        match keys.iter().position(|key| key.name == text) {
            Some(index) => Ok(keys.swap_remove(index)),
            None => {
                let names = keys.iter().map(|key| key.name).collect::<Vec<_>>().join(", ");
                let text = Escaped(text);
                Err(D::Error::custom(format!("unknown key `{text}`, expected one of {names}")))
            }
        }
    }
}

impl Value {
    fn of<T: Settings>(setting: &'static Setting<T>) -> Self {
        let (name, is_switch) = (setting.name, setting.value.is_none());
        Self { name, is_switch, check: Box::new(|text| setting.check(text)) }
    }
}

/// Reads the value of a setting as text, and checks it; `null` is no value.
impl<'de> DeserializeSeed<'de> for Value {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<String>, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Switch(bool),
            Number(u64),
            Text(String),
            Range([u64; 2]),
            Other(IgnoredAny),
        }

        let name = self.name;
        let wrong = |error: String| D::Error::custom(format!("{name}: {}", error.trim_end()));
        let text = match Option::deserialize(deserializer).map_err(|error| wrong(error.to_string()))? {
            None => return Ok(None),
            Some(Written::Switch(switch)) if self.is_switch => switch.to_string(),
            Some(Written::Number(number)) => number.to_string(),
            Some(Written::Text(text)) => text,
            Some(Written::Range([start, end])) => format!("{start:#x}..{end:#x}"),
            Some(Written::Switch(_) | Written::Other(_)) => {
                let expected = if self.is_switch { "true or false" } else { "text or a number" };
                return Err(wrong(format!("expected {expected}")));
            }
        };
        (self.check)(&text).map_err(|error| wrong(error.to_string()))?;
        Ok(Some(text))
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
                while let Some((version, path)) = map.next_entry::<String, _>()? {
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
