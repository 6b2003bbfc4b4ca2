//! The manifest of a release, for the platform, the devices and the next run (`docs/manifest.md`).

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::entries::{PackageEntry, PackageType, SourceEntry, TargetEntry};
use crate::release::error::PackError;
use crate::release::model::Shard;
use crate::release::platform::Platform;
use crate::release::regular::{self, Links, TEXT_FILE_LIMIT};

/// The version of manifests that is written and read.
pub const MANIFEST_VERSION: u32 = 1;
/// The file of a whole release.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The most sources of a release, and versions that its packages are for: checks compare each with all.
pub(crate) const SOURCES_LIMIT: usize = 10_000;
/// The schema of manifests, JSON Schema of draft 2020-12.
pub const MANIFEST_SCHEMA: &str = include_str!("manifest.schema.json");

/// A release, or one shard of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Manifest {
    /// [`MANIFEST_VERSION`].
    pub manifest: u32,
    /// The share of the packages; absent in the manifest of a whole release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The platform whose rules the release keeps.
    pub platform: Platform,
    /// The product that the firmware is for.
    pub product: Option<String>,
    /// The module of the product.
    pub module: String,
    /// The firmware's name; packages derive theirs from it.
    pub name: String,
    /// Its description.
    pub description: String,
    /// The version that all packages lead to.
    pub version: String,
    /// The image of that version.
    pub target: TargetEntry,
    /// Whether devices use the Android SDK.
    pub android_sdk: bool,
    /// A differential package is dropped if it has more than this share of the full one, in percent.
    pub share: u8,
    /// The counter below which devices do not go back.
    pub rollback_counter: Option<u32>,
    /// Versions in the field, in ascending order, with their packages.
    pub sources: Vec<SourceEntry>,
    /// The full package first, then the differential ones in the order of their first source version.
    pub packages: Vec<PackageEntry>,
    /// Notes for people, such as packages that were dropped.
    pub notes: Vec<String>,
}

impl Manifest {
    /// Reads the manifest of the release in a folder, or a manifest itself: a regular file of at most 16 MB, in a folder
    /// no symbolic link.
    ///
    /// # Errors
    /// [`PackError::Read`], and those of [`Manifest::parse`].
    pub fn read(release: &Path) -> Result<Self, PackError> {
        let (path, links) = match release.is_dir() {
            true => (&*release.join(MANIFEST_FILE), Links::Refused),
            false => (release, Links::Followed),
        };
        let bytes = regular::read(path, TEXT_FILE_LIMIT, links);
        Self::parse(&bytes.map_err(PackError::reading(path))?, path)
    }

    /// Reads a manifest from the bytes of its file; `path` is for messages.
    ///
    /// # Errors
    /// [`PackError::Manifest`] if it has another version, or contradicts itself or the platform's rules.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, PackError> {
        let wrong = |reason: String| PackError::manifest(path, reason);
        let value: serde_json::Value =
            serde_json::from_slice(bytes).map_err(|error| wrong(format!("is not a manifest: {error}")))?;
        match value.get("manifest").and_then(serde_json::Value::as_u64) {
            Some(version) if version == u64::from(MANIFEST_VERSION) => {}
            Some(version) => {
                return Err(wrong(format!(
                    "is a manifest of version {version}; this program knows version {MANIFEST_VERSION}"
                )));
            }
            None => return Err(wrong("is not a manifest: it has no number \"manifest\"".to_owned())),
        }
        let manifest: Self = serde_json::from_value(value)
            .map_err(|error| wrong(format!("is not a valid manifest: {error}")))?;
        manifest.check().map_err(wrong)?;
        Ok(manifest)
    }

    /// The bytes of its file, always the same for the same manifest.
    ///
    /// # Panics
    /// Never: JSON can express every manifest.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut json =
            serde_json::to_vec_pretty(self).expect("a manifest is made of strings, numbers and lists");
        json.push(b'\n');
        json
    }

    /// The name of its file.
    #[must_use]
    pub fn file_name(&self) -> String {
        manifest_name(self.shard.unwrap_or(Shard::WHOLE))
    }

    /// The package of this file name.
    #[must_use]
    pub fn package(&self, file: &str) -> Option<&PackageEntry> {
        self.packages.iter().find(|package| package.file == file)
    }

    /// The full package; some shards have none.
    #[must_use]
    pub fn full(&self) -> Option<&PackageEntry> {
        self.packages.iter().find(|package| package.kind == PackageType::Full)
    }
}

/// The name of the manifest of a shard, or of the whole release.
pub(crate) fn manifest_name(shard: Shard) -> String {
    match shard {
        Shard::WHOLE => MANIFEST_FILE.to_owned(),
        Shard { index, of } => format!("manifest.shard-{index}-of-{of}.json"),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::digest::{md5_hex, sha256_hex};
    use crate::release::encryption::CipherChoice;
    use crate::release::model::{BaseEntry, EncryptionEntry, KeyKind};
    use crate::release::platform::SignMethod;

    /// A release of two sources with the same image, and one whose package was dropped.
    pub(crate) fn manifest() -> Manifest {
        let image = |text: &str| BaseEntry { size: 7, sha256: sha256_hex(text.as_bytes()) };
        let package = |file: &str, kind, versions: &[&str], base| PackageEntry {
            kind,
            source_versions: versions.iter().map(|&version| version.to_owned()).collect(),
            file: file.to_owned(),
            size: 100,
            md5: md5_hex(file.as_bytes()),
            sha256: sha256_hex(file.as_bytes()),
            sign_method: SignMethod::Sha256,
            sign: sha256_hex(file.as_bytes()),
            format_version: 2,
            codec: "cm".to_owned(),
            ram: 16384,
            container: None,
            in_place: None,
            base,
            target_sha256: sha256_hex(b"target"),
            encryption: None,
            keys: Vec::new(),
            recipe: sha256_hex(b"recipe"),
        };
        let source = |version: &str, image, package: &str| SourceEntry {
            version: version.to_owned(),
            image,
            input: None,
            package: Some(package.to_owned()),
            dropped: None,
        };
        let (full, differential) = ("full-3.0.0.bin", "1.0.0-to-3.0.0.bin");
        Manifest {
            manifest: MANIFEST_VERSION,
            shard: None,
            platform: Platform::Alibaba,
            product: Some("sensor".to_owned()),
            module: "default".to_owned(),
            name: "sensor-3_0_0".to_owned(),
            description: String::new(),
            version: "3.0.0".to_owned(),
            target: TargetEntry {
                size: 7,
                sha256: sha256_hex(b"target"),
                md5: md5_hex(b"target"),
                input: None,
            },
            android_sdk: false,
            share: 80,
            rollback_counter: None,
            sources: vec![
                source("1.0.0", image("one"), differential),
                source("1.0.1", image("one"), differential),
                source("2.0.0", image("two"), full),
            ],
            packages: vec![
                package(full, PackageType::Full, &[], None),
                package(differential, PackageType::Differential, &["1.0.0", "1.0.1"], Some(image("one"))),
            ],
            notes: Vec::new(),
        }
    }

    fn parse(manifest: &Manifest) -> Result<Manifest, String> {
        Manifest::parse(&manifest.to_json(), Path::new("m")).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(parse(&manifest()), Ok(manifest()));
        assert!(manifest().to_json().ends_with(b"}\n"));
    }

    #[test]
    fn contradictions_and_broken_rules_are_refused() {
        type Change = fn(&mut Manifest);
        let changes: [(Change, &str); 33] = [
            (|m| m.manifest = 2, "is a manifest of version 2; this program knows version 1"),
            (|m| m.name = "-".into(), "firmware name"),
            (|m| m.module = String::new(), "the module is empty"),
            (
                |m| (m.platform, m.module) = (Platform::None, "a b".into()),
                "the module or the name is not valid",
            ),
            (
                |m| (m.platform, m.name) = (Platform::None, "a\x1bb".into()),
                "the name \"a\\u001bb\" has control",
            ),
            (|m| m.sources[0].version = "..".into(), "begins with '.'"),
            (|m| m.description = "x".repeat(101), "description"),
            (|m| m.version = "1.0.0".into(), "is the target version"),
            (|m| m.sources[1].version = "1.0.0".into(), "given twice"),
            (|m| m.packages[1].source_versions.clear(), "has no source version"),
            (|m| m.packages[1].size = 1_000_000_001, "1,000 MB"),
            (|m| m.packages[1].file = "a.exe".into(), "ends in none of"),
            (|m| m.packages[1].file = "../a.bin".into(), "not a plain file name"),
            (|m| m.packages[1].file = "C:a.bin".into(), "not a plain file name"),
            (|m| m.packages[1].file = m.packages[0].file.clone(), "the same file"),
            (|m| m.packages[1].kind = PackageType::Full, "2 full packages"),
            (|m| drop(m.packages.remove(0)), "0 full packages"),
            (|m| m.packages[1].sign = m.packages[1].md5.clone(), "is not its SHA256"),
            (|m| m.android_sdk = true, "Android SDK"),
            (|m| m.packages[1].target_sha256 = m.packages[1].sha256.clone(), "another target image"),
            (|m| m.sources[2].package = Some("1.0.0-to-3.0.0.bin".into()), "is not for source version"),
            (|m| m.packages[1].source_versions.push("0.9.0".into()), "is for \"0.9.0\", which is no source"),
            (|m| m.sources[1].package = m.sources[2].package.clone(), "is for \"1.0.1\", which is no source"),
            (|m| m.sources[0].image.sha256 = "0".into(), "is not a digest"),
            (|m| m.product = Some("sen\x1b[31msor".into()), "the product is not valid"),
            (|m| m.packages[1].file = "a\n.bin".into(), "the file name \"a\\n.bin\" has control"),
            (|m| m.notes = vec!["a\x1b[2Jb".into()], "the note \"a\\u001b[2Jb\" has control"),
            (|m| m.description = "a\rb".into(), "the description \"a\\rb\" has control"),
            (|m| m.packages[1].keys = vec!["\x1b".into()], "is not the name of a key"),
            (|m| m.sources[2].package = Some("\x1b".into()), "the package \"\\u001b\" of source"),
            (|m| m.packages[0].encryption = encryption("00"), "is not the name of a key"),
            (|m| m.packages[0].encryption = encryption("00ff00ff00ff00ff"), "different ways"),
            (|m| m.packages[1].keys = vec!["00ff00ff00ff00ff".into()], "different ways"),
        ];
        for (change, part) in changes {
            let mut changed = manifest();
            change(&mut changed);
            let refusal = parse(&changed).unwrap_err();
            assert!(refusal.starts_with("m: ") && refusal.contains(part), "{part:?} in {refusal:?}");
        }
    }

    fn encryption(key: &str) -> Option<EncryptionEntry> {
        let cipher = CipherChoice::ChaCha20;
        Some(EncryptionEntry { cipher, kind: KeyKind::Shared, key: key.to_owned() })
    }

    #[test]
    fn catalogues_and_releases_have_the_same_limit() {
        let with = |platform, count: usize| {
            let mut manifest = Manifest { platform, ..manifest() };
            for number in 2..count {
                let mut package = manifest.packages[1].clone();
                package.file = format!("{number}.bin");
                package.source_versions = vec![format!("{number}.0")];
                let mut source = manifest.sources[0].clone();
                source.version = format!("{number}.0");
                source.package = Some(package.file.clone());
                manifest.sources.push(source);
                manifest.packages.push(package);
            }
            parse(&manifest)
        };
        assert!(with(Platform::Alibaba, 500).is_ok());
        let refusal = with(Platform::Alibaba, 501).unwrap_err();
        assert!(refusal.contains("there are 501 packages; a catalogue has at most 500"));
        assert!(with(Platform::None, 2000).is_ok());
        assert!(with(Platform::None, 10_002).unwrap_err().contains("the limit is 10000"));
    }

    #[test]
    fn other_files_are_no_manifests() {
        let refusal = |text: &str| Manifest::parse(text.as_bytes(), Path::new("m")).unwrap_err().to_string();
        assert!(refusal("").contains("is not a manifest: "));
        assert!(refusal("{}").contains("has no number \"manifest\""));
        assert!(refusal("{\"manifest\": 1}").contains("missing field"));
        let changed = |place: &str, value: &str| {
            let mut changed: serde_json::Value = serde_json::from_slice(&manifest().to_json()).unwrap();
            *changed.pointer_mut(place).unwrap() = serde_json::from_str(value).unwrap();
            refusal(&changed.to_string())
        };
        assert!(changed("/target", "{ \"surplus\": 1 }").contains("unknown field `surplus`"));
        let unknown = changed("/packages/0/sign_method", "\"SHA1\"");
        assert!(unknown.contains("unknown variant `SHA1`, expected `MD5` or `SHA256`"), "{unknown}");
    }
}
