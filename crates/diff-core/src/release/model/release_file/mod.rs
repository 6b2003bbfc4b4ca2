//! Release files: a release written down in TOML or JSON (`docs/pipeline.md`).

mod parse;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::config::Config;
use super::keys::Values;
use crate::api::Device;
use crate::escaped::Escaped;
use crate::release::error::PackError;
use crate::settings::Settings;
use parse::{Parsed, keys};

/// The names of a release file in a folder, in the order of preference.
pub const RELEASE_FILES: [&str; 2] = ["release.toml", "release.json"];

/// The contents of a release file. Every part may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReleaseFile {
    /// The target.
    pub to: Option<PathBuf>,
    /// The versions in the field, and their images.
    pub from: BTreeMap<String, PathBuf>,
    /// A folder with images, each named for its version.
    pub from_folder: Option<PathBuf>,
    /// The device that all packages are for.
    pub device: Option<Device>,
    /// A list of the devices with each version.
    pub fleet: Option<PathBuf>,
    values: Values,
}

impl ReleaseFile {
    /// Reads a release file, or the one in a folder. Relative paths in it start at its folder.
    ///
    /// # Errors
    /// Files that cannot be read, unknown keys, and wrong values.
    pub fn read(path: &Path) -> Result<Self, PackError> {
        let path = if path.is_dir() { in_folder(path)? } else { path.to_owned() };
        let Parsed { mut file, device } = Config::read(&path, "release file")?.parse()?;
        file.device = device.map(|device| device.open(&path)).transpose()?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let own = file.to.iter_mut().chain(&mut file.from_folder).chain(&mut file.fleet);
        let paths = own.chain(file.from.values_mut());
        paths.for_each(|path| *path = folder.join(&path));
        file.values.map_paths(&keys(), |path| folder.join(path).to_string_lossy().into_owned());
        Ok(file)
    }

    /// Sets what the file says about `target`.
    pub fn apply<T: Settings>(&self, target: &mut T) {
        self.values.apply(target);
    }

    /// The values of a setting as text; several only where there may be many.
    #[must_use]
    pub fn values(&self, name: &str) -> &[String] {
        self.values.of(name)
    }
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
    use std::fs;

    use super::*;
    use crate::api::{Arch, Options, Ram};
    use crate::input::{Format, Reading};
    use crate::release::model::ReleaseOptions;

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
        fs::write(path("release.json"), format!("\u{FEFF}{JSON}")).unwrap();
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
        let text = refusal("a.toml", "to = \"x\"\n verson = \"1\"");
        assert!(
            text.contains("a.toml: is not a release file: line 2, column 2: unknown key `verson`"),
            "{text}"
        );
        let text = refusal("a.toml", "# Gerät\nfrom = { \"ä\" = 1 }");
        assert!(text.contains("line 2, column 16: "), "{text}");
        let text = refusal("a.json", "{ \"to\": 1 }");
        assert!(text.contains("line 1, column 9: "), "{text}");
        let text = refusal("a.json", "{ \"md5\": true,\n\"md5\": true }");
        assert!(text.contains("line 2, column 5: duplicate field `md5`"), "{text}");
        let empty = tempfile::tempdir().unwrap();
        let text = ReleaseFile::read(empty.path()).unwrap_err().to_string();
        assert!(text.contains("there is no release.toml or release.json"), "{text}");
    }

    #[test]
    fn hostile_files_are_refused_in_few_words() {
        let folder = tempfile::tempdir().unwrap();
        let long = "x".repeat(3_000_000);
        let files: [(&str, Vec<u8>, &str); 14] = [
            ("a.json", br#"{ "from": { "1": "a", "1": "b" } }"#.to_vec(), "`1` is given twice"),
            ("a.toml", b"from = { 1 = 'a', 1 = 'b' }".to_vec(), "line 1, column 19: duplicate key"),
            ("a.json", format!("{{ \"from\": \"{long}\" }}").into_bytes(), "invalid type"),
            ("a.toml", format!("from = '{long}'").into_bytes(), "invalid type"),
            ("a.toml", format!("{long} = 1").into_bytes(), "unknown key"),
            ("a.toml", format!("to = {}1", "[".repeat(100_000)).into_bytes(), "line 1"),
            ("a.json", format!("{{ \"to\": {}", "[".repeat(100_000)).into_bytes(), "line 1"),
            ("a.toml", b"ram = 99999999999999999999".to_vec(), "line 1"),
            ("a.json", b"{ \"ram\": -1 }".to_vec(), "ram: expected \"auto\" or a size"),
            ("a.toml", b"product = true".to_vec(), "product: expected text or a number"),
            ("a.json", b"{ \"md5\": [] }".to_vec(), "md5: expected true or false"),
            ("a.json", b"{ \"md5\": tru }".to_vec(), "md5: expected ident"),
            ("a.toml", b"level = [1, 2]".to_vec(), "level: expected a level"),
            ("a.toml", b"to = '\xFF'".to_vec(), "is not a release file: invalid utf-8"),
        ];
        for (name, bytes, part) in files {
            fs::write(folder.path().join(name), bytes).unwrap();
            let text = ReleaseFile::read(&folder.path().join(name)).unwrap_err().to_string();
            assert!(text.contains(part) && text.len() < 2000, "{part:?} in {:.2000}", text);
            assert_eq!(text.ends_with(" …"), text.len() > 1000, "{text}");
        }
    }

    #[test]
    fn versions_that_are_numbers_want_quotation_marks() {
        let folder = tempfile::tempdir().unwrap();
        let text = "expected text: put it in quotation marks, as in \"3.0\"";
        for (name, file, part) in [
            ("a.toml", "to-version = 3.0", format!("line 1, column 14: to-version: {text}")),
            ("a.toml", "to-version = 3", format!("to-version: {text}")),
            ("a.toml", "to-version = 2026-11-30", format!("to-version: {text}")),
            ("a.toml", "to-version = 3.0.0-rc.1", "text is in quotation marks, as in \"3.0\"".to_owned()),
            ("a.toml", "product = 3.5", format!("product: {text}")),
            ("a.json", "{ \"to-version\": 3.0 }", format!("to-version: {text}")),
            ("a.json", "{ \"to-version\": 3 }", format!("to-version: {text}")),
            ("a.toml", "[from]\n1.0 = 'v1'", "from: put the version in quotation marks: \"1.0\"".to_owned()),
            (
                "a.toml",
                "from = { 1.2.0 = 'v1' }",
                "from: put the version in quotation marks: \"1.2.0\"".to_owned(),
            ),
        ] {
            fs::write(folder.path().join(name), file).unwrap();
            let error = ReleaseFile::read(&folder.path().join(name)).unwrap_err().to_string();
            assert!(error.contains(&part), "{file}: {error}");
        }
        fs::write(folder.path().join("a.toml"), "product = 3\n[from]\n1 = 'v1'").unwrap();
        let file = ReleaseFile::read(&folder.path().join("a.toml")).unwrap();
        assert_eq!((file.values("product"), file.from.contains_key("1")), (&["3".to_owned()][..], true));
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
        let all = "input-format = \"uf2\"\nfill = 0\nmax-gap = 4096\nrange = [0x1000, 0x80000]\nuf2-family = 0xE48BFF56\n\
                   payload = true\npayload-entry = \"boot/app.bin\"";
        let as_texts = "input-format = \"uf2\"\nfill = \"0\"\nmax-gap = \"4K\"\nrange = \"0x1000..0x80000\"\nuf2-family = \"0xE48BFF56\"\n\
                        payload = true\npayload-entry = \"boot/app.bin\"";
        let expected = Reading {
            format: Some(Format::Uf2),
            fill: 0,
            max_gap: 4096,
            range: Some(0x1000..0x8_0000),
            family: Some(0xE48B_FF56),
            payload: true,
            payload_entry: Some("boot/app.bin".to_owned()),
        };
        assert_eq!(read(all).unwrap(), expected);
        assert_eq!(read(as_texts).unwrap(), expected);
        for (text, part) in [
            ("input-format = \"exe\"", "input-format: expected one of auto, raw, hex"),
            ("range = [8, 8]", "with START below END"),
            ("fill = 256", "fill: expected a byte"),
            ("payload-entry = \"\"", "payload-entry: expected the name of a file"),
            ("level = 1.5", "level: expected a level"),
            ("level = 10", "level: expected a level from 1 to 9"),
            ("\n\nmd5 = 1", "line 3"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
