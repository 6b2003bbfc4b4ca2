//! Release files: what is packed, written down in TOML or JSON (`docs/pipeline.md`).

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::release::ReleaseOptions;
use crate::api::{Identity, Options};
use crate::escaped::Escaped;
use crate::input::Reading;
use crate::release::error::PackError;
use crate::release::regular::{self, Links, TEXT_FILE_LIMIT};
use crate::settings::{Settings, ValueError};

/// The names that a release file has in a folder of its own, in the order of preference.
pub const RELEASE_FILES: [&str; 2] = ["release.toml", "release.json"];
/// Endings of images that do not belong to a version.
const ENDINGS: [&str; 12] =
    [".bin", ".img", ".hex", ".ihex", ".srec", ".s19", ".s28", ".s37", ".mot", ".elf", ".uf2", ".fw"];

/// What a release file says. Everything can be given otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseFile {
    /// The target.
    pub to: Option<PathBuf>,
    /// The versions in the field, and their images.
    pub from: BTreeMap<String, PathBuf>,
    /// A folder with images, each named for its version.
    pub from_folder: Option<PathBuf>,
    /// Names and values of settings, all of them checked.
    settings: BTreeMap<&'static str, String>,
}

/// The keys of a release file that are no settings.
const IMAGES: [&str; 3] = ["to", "from", "from-folder"];

/// Checks the value of a setting.
type Check = Box<dyn Fn(&str) -> Result<(), ValueError>>;

impl ReleaseFile {
    /// Reads a release file, or the one in a folder. Paths in it count from the folder that it is in.
    ///
    /// # Errors
    /// Files that cannot be read, and what is wrong in them.
    pub fn read(path: &Path) -> Result<Self, PackError> {
        let path = if path.is_dir() { in_folder(path)? } else { path.to_owned() };
        let bytes = regular::read(&path, TEXT_FILE_LIMIT, Links::Followed);
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other));
        let text = text.map_err(PackError::reading(&path))?;
        let is_json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
        let parsed: Result<Self, String> = if is_json {
            serde_json::from_str(&text).map_err(|error| error.to_string())
        } else {
            toml::from_str(&text).map_err(|error| error.to_string().trim_end().to_owned())
        };
        let wrong = |reason: String| PackError::manifest(&path, format!("is not a release file: {reason}"));
        let mut file = parsed.map_err(wrong)?;
        file.resolve(path.parent().unwrap_or(Path::new("")));
        Ok(file)
    }

    /// Sets what the file says about `target`.
    pub fn apply<T: Settings>(&self, target: &mut T) {
        for setting in T::SETTINGS {
            // Values were checked when the file was read.
            let _ = self.settings.get(setting.name).map(|value| (setting.set)(target, value));
        }
    }

    fn resolve(&mut self, folder: &Path) {
        let named = self.to.iter_mut().chain(&mut self.from_folder);
        named.chain(self.from.values_mut()).for_each(|path| *path = folder.join(&path));
    }
}

/// All settings that a release file may have.
fn settings() -> Vec<(&'static str, Check)> {
    fn of<T: Settings>() -> impl Iterator<Item = (&'static str, Check)> {
        T::SETTINGS.iter().map(|setting| (setting.name, Box::new(|text: &str| setting.check(text)) as Check))
    }
    of::<Identity>().chain(of::<ReleaseOptions>()).chain(of::<Options>()).chain(of::<Reading>()).collect()
}

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
                while let Some(Key(name, check)) = map.next_key()? {
                    if seen.contains(&name) {
                        return Err(A::Error::duplicate_field(name));
                    }
                    seen.push(name);
                    match (name, check) {
                        (_, Some(check)) => {
                            let value = map.next_value_seed(Checked(name, check))?;
                            file.settings.extend(value.map(|value| (name, value)));
                        }
                        ("to", None) => file.to = map.next_value()?,
                        ("from", None) => file.from = map.next_value()?,
                        (_, None) => file.from_folder = map.next_value()?,
                    }
                }
                Ok(file)
            }
        }

        deserializer.deserialize_map(Keys)
    }
}

/// A key's name; of a setting, also the check of its values.
struct Key(&'static str, Option<Check>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let images = IMAGES.map(|name| (name, None)).into_iter();
        let keys: Vec<_> =
            images.chain(settings().into_iter().map(|(name, check)| (name, Some(check)))).collect();
        let names = keys.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let found = keys.into_iter().find(|(name, _)| *name == text);
        let unknown = || D::Error::custom(format!("unknown key `{text}`, expected one of {names}"));
        found.map(|(name, check)| Self(name, check)).ok_or_else(unknown)
    }
}

/// Reads the value of a setting and checks it; `null` says nothing.
struct Checked(&'static str, Check);

impl<'de> DeserializeSeed<'de> for Checked {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<String>, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected text, a number, true, false, or two numbers")]
        enum Value {
            Switch(bool),
            Number(u64),
            Text(String),
            Range([u64; 2]),
        }

        let Self(name, check) = self;
        let wrong = |error: &dyn fmt::Display| D::Error::custom(format!("{name}: {error}"));
        let text = match Option::deserialize(deserializer).map_err(|error| wrong(&error))? {
            None => return Ok(None),
            Some(Value::Switch(switch)) => switch.to_string(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Text(text)) => text,
            Some(Value::Range([start, end])) => format!("{start:#x}..{end:#x}"),
        };
        check(&text).map_err(|error| wrong(&error))?;
        Ok(Some(text))
    }
}

/// The images in a folder with their versions: the files' names, without endings such as `.bin`.
///
/// Hidden files and folders are passed over.
///
/// # Errors
/// What the operating system says; a folder without any image.
pub fn sources_in(folder: &Path) -> Result<Vec<(String, PathBuf)>, PackError> {
    let entries = fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    let mut sources = Vec::new();
    for path in entries.map_err(PackError::reading(folder))?.into_iter().map(|entry| entry.path()) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_file() && !name.starts_with('.') {
            sources.push((version_of(&name).to_owned(), path));
        }
    }
    sources.sort();
    if sources.is_empty() {
        return Err(PackError::Usage(format!(
            "{}: there is no image in this folder",
            Escaped(folder.display())
        )));
    }
    Ok(sources)
}

fn version_of(name: &str) -> &str {
    ENDINGS
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .filter(|rest| !rest.is_empty())
        .unwrap_or(name)
}

fn in_folder(folder: &Path) -> Result<PathBuf, PackError> {
    let found = RELEASE_FILES.map(|name| folder.join(name)).into_iter().find(|path| path.is_file());
    found.ok_or_else(|| {
        let names = RELEASE_FILES.join(" or ");
        PackError::Usage(format!("{}: there is no {names} in this folder", Escaped(folder.display())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Arch, Ram};
    use crate::input::Format;

    const TOML: &str = r#"
        product = "sensor"
        module = "main"
        description = "修复了网络问题"
        to = "v3.bin"
        to-version = "3.0.0"
        android-sdk = true
        share = 60
        ram = "16K"
        arch = "none"
        md5 = true
        [from]
        "1.0.0" = "old/v1.bin"
        "2.0.0" = "/images/v2.bin"
    "#;
    const JSON: &str = r#"{ "product": "sensor", "module": "main", "description": "修复了网络问题", "to": "v3.bin",
        "to-version": "3.0.0", "android-sdk": true, "share": 60, "name": null, "from-folder": null, "ram": "16K", "arch": "none", "md5": true,
        "from": { "1.0.0": "old/v1.bin", "2.0.0": "/images/v2.bin" } }"#;

    #[test]
    fn both_languages_say_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("release.json"), JSON).unwrap();
        let json = ReleaseFile::read(folder.path()).unwrap();
        fs::write(path("release.toml"), TOML).unwrap();
        assert_eq!(ReleaseFile::read(folder.path()).unwrap(), json);
        assert_eq!(json.to, Some(path("v3.bin")));
        assert_eq!(json.from["1.0.0"], path("old/v1.bin"));
        assert_eq!(json.from["2.0.0"], Path::new("/images/v2.bin"));
        let mut terms = ReleaseOptions::default();
        json.apply(&mut terms);
        assert_eq!((terms.share, terms.android_sdk), (60, true));
        let mut options = Options::default();
        json.apply(&mut options);
        assert_eq!((options.ram, options.arch, options.md5), (Ram::Bytes(16 << 10), Arch::None, true));
    }

    #[test]
    fn mistakes_are_reported_with_their_place() {
        let folder = tempfile::tempdir().unwrap();
        let refusal = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).unwrap();
            ReleaseFile::read(&folder.path().join(name)).unwrap_err().to_string()
        };
        let text = refusal("a.toml", "to = \"x\"\nverson = \"1\"");
        assert!(text.contains("a.toml: is not a release file") && text.contains("verson"), "{text}");
        assert!(text.contains("line 2"), "{text}");
        assert!(refusal("a.json", "{ \"to\": 1 }").contains("line 1"));
        assert!(
            refusal("a.json", "{ \"md5\": true,\n\"md5\": true }")
                .contains("duplicate field `md5` at line 2")
        );
        let empty = tempfile::tempdir().unwrap();
        let text = ReleaseFile::read(empty.path()).unwrap_err().to_string();
        assert!(text.contains("there is no release.toml or release.json"), "{text}");
    }

    #[test]
    fn images_are_read_as_the_file_says() {
        let folder = tempfile::tempdir().unwrap();
        let read = |text: &str| {
            fs::write(folder.path().join("release.toml"), text).unwrap();
            let mut reading = Reading::default();
            ReleaseFile::read(folder.path()).map(|file| {
                file.apply(&mut reading);
                reading
            })
        };
        assert_eq!(read("").unwrap(), Reading::default());
        assert_eq!(read("input-format = \"auto\"").unwrap(), Reading::default());
        let all = "input-format = \"uf2\"\nfill = 0\nmax-gap = 4096\nrange = [0x1000, 0x80000]\nuf2-family = 0xE48BFF56";
        let as_texts = "input-format = \"uf2\"\nfill = \"0\"\nmax-gap = \"4K\"\nrange = \"0x1000..0x80000\"\nuf2-family = \"0xE48BFF56\"";
        let expected = Reading {
            format: Some(Format::Uf2),
            fill: 0,
            max_gap: 4096,
            range: Some(0x1000..0x8_0000),
            family: Some(0xE48B_FF56),
        };
        assert_eq!(read(all).unwrap(), expected);
        assert_eq!(read(as_texts).unwrap(), expected);
        for (text, part) in [
            ("input-format = \"exe\"", "input-format: expected one of auto, raw, hex"),
            ("range = [8, 8]", "range: expected START..END"),
            ("fill = 256", "fill: expected a byte"),
            ("to-version = 1.0", "to-version: expected text"),
            ("level = 10", "level: expected a level from 1 to 9"),
            ("\n\nmd5 = 1", "line 3"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn images_of_a_folder_are_named_for_their_versions() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["1.0.0.bin", "1.0.1", "2.0.0.img", ".hidden"] {
            fs::write(folder.path().join(name), b"").unwrap();
        }
        fs::create_dir(folder.path().join("folder")).unwrap();
        let found = sources_in(folder.path()).unwrap();
        let versions: Vec<&str> = found.iter().map(|(version, _)| version.as_str()).collect();
        assert_eq!(versions, ["1.0.0", "1.0.1", "2.0.0"]);
        assert!(sources_in(&folder.path().join("folder")).is_err());
        assert_eq!(version_of(".bin"), ".bin");
    }
}
