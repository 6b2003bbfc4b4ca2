//! Release files: what is packed, written down in TOML or JSON (`docs/pipeline.md`).

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::escaped::Escaped;
use crate::input::{Format, Reading};
use crate::release::error::PackError;
use crate::release::regular::{self, Links, TEXT_FILE_LIMIT};

/// The names that a release file has in a folder of its own, in the order of preference.
pub const RELEASE_FILES: [&str; 2] = ["release.toml", "release.json"];
/// Endings of images that do not belong to a version.
const ENDINGS: [&str; 12] =
    [".bin", ".img", ".hex", ".ihex", ".srec", ".s19", ".s28", ".s37", ".mot", ".elf", ".uf2", ".fw"];

/// What a release file says. Everything may be given, or replaced, otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ReleaseFile {
    /// The target.
    pub to: Option<PathBuf>,
    /// Its version.
    pub to_version: Option<String>,
    /// The versions in the field, and their images.
    pub from: BTreeMap<String, PathBuf>,
    /// A folder with images, each named for its version.
    pub from_folder: Option<PathBuf>,
    /// The product.
    pub product: Option<String>,
    /// The module.
    pub module: Option<String>,
    /// The firmware's name.
    pub name: Option<String>,
    /// The firmware's description.
    pub description: Option<String>,
    /// "MD5" or "SHA256".
    pub sign_method: Option<String>,
    /// Whether devices use the Android SDK.
    pub android_sdk: bool,
    /// Percent of the full package's size that a differential one may have.
    pub share: Option<u8>,
    /// The counter below which devices do not go back.
    pub rollback_counter: Option<u32>,
    /// What the images are, by [`Format::name`]; "auto" is what their contents tell.
    pub input_format: Option<String>,
    /// The byte that gaps between addresses are filled with.
    pub fill: Option<u8>,
    /// The longest gap that is filled, in bytes.
    pub max_gap: Option<u64>,
    /// The first address that is taken, and the one after the last.
    pub range: Option<[u64; 2]>,
    /// The family whose blocks are taken of a UF2 file for several.
    pub uf2_family: Option<u32>,
}

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
        file.reading().map_err(wrong)?;
        file.resolve(path.parent().unwrap_or(Path::new("")));
        Ok(file)
    }

    /// How the images are read.
    ///
    /// # Errors
    /// What is wrong with a format or a range; not of a file that [`ReleaseFile::read`] returned.
    pub fn reading(&self) -> Result<Reading, String> {
        let usual = Reading::default();
        Ok(Reading {
            format: self.input_format.as_deref().map(format_of).transpose()?.flatten(),
            fill: self.fill.unwrap_or(usual.fill),
            max_gap: self.max_gap.unwrap_or(usual.max_gap),
            range: self.range.map(range_of).transpose()?,
            family: self.uf2_family,
        })
    }

    fn resolve(&mut self, folder: &Path) {
        let named = self.to.iter_mut().chain(&mut self.from_folder);
        named.chain(self.from.values_mut()).for_each(|path| *path = folder.join(&path));
    }
}

fn format_of(name: &str) -> Result<Option<Format>, String> {
    if name == "auto" {
        return Ok(None);
    }
    let found = Format::ALL.into_iter().find(|format| format.name() == name);
    found.map(Some).ok_or_else(|| {
        let names = Format::ALL.map(Format::name).join(", ");
        format!("input-format \"{name}\" is none of auto, {names}")
    })
}

fn range_of([start, end]: [u64; 2]) -> Result<Range<u64>, String> {
    if start < end { Ok(start..end) } else { Err(format!("range: {start:#x} is not before {end:#x}")) }
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

    const TOML: &str = r#"
        product = "sensor"
        module = "main"
        description = "修复了网络问题"
        to = "v3.bin"
        to-version = "3.0.0"
        android-sdk = true
        share = 60
        [from]
        "1.0.0" = "old/v1.bin"
        "2.0.0" = "/images/v2.bin"
    "#;
    const JSON: &str = r#"{ "product": "sensor", "module": "main", "description": "修复了网络问题", "to": "v3.bin",
        "to-version": "3.0.0", "android-sdk": true, "share": 60,
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
        assert_eq!((json.share, json.android_sdk), (Some(60), true));
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let folder = tempfile::tempdir().unwrap();
        let refusal = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).unwrap();
            ReleaseFile::read(&folder.path().join(name)).unwrap_err().to_string()
        };
        let text = refusal("a.toml", "to = \"x\"\nverson = \"1\"");
        assert!(text.contains("a.toml: is not a release file") && text.contains("verson"), "{text}");
        assert!(text.contains("line 2"), "{text}");
        assert!(refusal("a.json", "{ \"to\": 1 }").contains("line 1"));
        let empty = tempfile::tempdir().unwrap();
        let text = ReleaseFile::read(empty.path()).unwrap_err().to_string();
        assert!(text.contains("there is no release.toml or release.json"), "{text}");
    }

    #[test]
    fn images_are_read_as_the_file_says() {
        let folder = tempfile::tempdir().unwrap();
        let read = |text: &str| {
            fs::write(folder.path().join("release.toml"), text).unwrap();
            ReleaseFile::read(folder.path()).map(|file| file.reading().unwrap())
        };
        assert_eq!(read("").unwrap(), Reading::default());
        assert_eq!(read("input-format = \"auto\"").unwrap(), Reading::default());
        let all = "input-format = \"uf2\"\nfill = 0\nmax-gap = 4096\nrange = [0x1000, 0x80000]\nuf2-family = 0xE48BFF56";
        let expected = Reading {
            format: Some(Format::Uf2),
            fill: 0,
            max_gap: 4096,
            range: Some(0x1000..0x8_0000),
            family: Some(0xE48B_FF56),
        };
        assert_eq!(read(all).unwrap(), expected);
        for (text, part) in [
            ("input-format = \"exe\"", "none of auto, raw, hex"),
            ("range = [8, 8]", "range: 0x8 is not before 0x8"),
            ("fill = 256", "fill"),
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
