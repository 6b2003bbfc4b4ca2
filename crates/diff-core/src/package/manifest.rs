//! The manifest of a release: what it holds, for the platform, the devices and the next run (`docs/manifest.md`).

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::digest::is_hex;
use super::rules::{self, SignMethod};
use super::{PackError, Shard};
use crate::input::Record;

/// The version of manifests that is written and read.
pub const MANIFEST_VERSION: u32 = 1;
/// The file of a whole release.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The schema of manifests, JSON Schema of draft 2020-12.
pub const MANIFEST_SCHEMA: &str = include_str!("manifest.schema.json");

/// A release, or one shard of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`MANIFEST_VERSION`].
    pub manifest: u32,
    /// Which share of the packages this is; absent in the manifest of a whole release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The product that the firmware is for.
    pub product: Option<String>,
    /// The module of the product.
    pub module: String,
    /// The firmware's name; packages derive theirs from it.
    pub name: String,
    /// What people are told about it.
    pub description: String,
    /// The version that all packages lead to.
    pub version: String,
    /// The image of that version.
    pub target: TargetImage,
    /// Whether devices use the Android SDK.
    pub android_sdk: bool,
    /// A differential package is dropped if it has more than this share of the full one, in percent.
    pub share: u8,
    /// The counter below which devices do not go back.
    pub rollback_counter: Option<u32>,
    /// Versions in the field, in ascending order, and which package each is to get.
    pub sources: Vec<SourceEntry>,
    /// The full package first, then the differential ones in the order of their first source version.
    pub packages: Vec<PackageEntry>,
    /// What people should know, such as packages that were dropped.
    pub notes: Vec<String>,
}

/// The target image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetImage {
    /// Bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
    /// MD5 in hexadecimal digits.
    pub md5: String,
    /// What the file was that the image was taken from; absent if it was plain bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Record>,
}

/// A base image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaseImage {
    /// Bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// A version in the field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceEntry {
    /// The version that devices report.
    pub version: String,
    /// Their image.
    pub image: BaseImage,
    /// What the file was that the image was taken from; absent if it was plain bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Record>,
    /// The file of the package that they are to get; null in a shard that does not make it.
    pub package: Option<String>,
    /// The differential package that was too large to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<Dropped>,
}

/// A differential package that is not worth it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropped {
    /// Its bytes.
    pub size: u64,
    /// What it was made of, as in [`PackageEntry::recipe`].
    pub recipe: String,
}

/// The types of packages that the platform knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// Restores the target from an empty base.
    Full,
    /// Restores the target from the image of its source versions.
    Differential,
}

/// A package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageEntry {
    /// Full or differential.
    #[serde(rename = "type")]
    pub kind: Type,
    /// The versions that it updates; none if it is full. Versions with the same image share a package.
    pub source_versions: Vec<String>,
    /// The file, beside the manifest.
    pub file: String,
    /// Its bytes.
    pub size: u64,
    /// Its MD5.
    pub md5: String,
    /// Its SHA-256.
    pub sha256: String,
    /// Which digest the platform signs with: "MD5" or "SHA256".
    pub sign_method: String,
    /// That digest of the file.
    pub sign: String,
    /// The version of the package format (`docs/format.md`).
    pub format_version: u8,
    /// "cm" or "zstd".
    pub codec: String,
    /// Bytes of memory that a device's decoder needs.
    pub ram: u32,
    /// What it starts from; absent if it is full.
    pub base: Option<BaseImage>,
    /// SHA-256 of the target image.
    pub target_sha256: String,
    /// The names of the keys that signed it.
    pub keys: Vec<String>,
    /// A digest of everything that the package was made of: images, options, program. The next run makes anew only
    /// what has another one.
    pub recipe: String,
}

impl Manifest {
    /// Reads a manifest; `path` is for messages.
    ///
    /// # Errors
    /// [`PackError::Manifest`] if it is none of this version, or contradicts itself or the platform's rules.
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
    /// Never: there is nothing in a manifest that JSON has not.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut json =
            serde_json::to_vec_pretty(self).expect("a manifest is made of strings, numbers and lists");
        json.push(b'\n');
        json
    }

    /// The file that it belongs in.
    #[must_use]
    pub fn file_name(&self) -> String {
        match self.shard {
            None => MANIFEST_FILE.to_owned(),
            Some(Shard { index, of }) => format!("manifest.shard-{index}-of-{of}.json"),
        }
    }

    /// The package of this file name.
    #[must_use]
    pub fn package(&self, file: &str) -> Option<&PackageEntry> {
        self.packages.iter().find(|package| package.file == file)
    }

    /// The full package; some shards have none.
    #[must_use]
    pub fn full(&self) -> Option<&PackageEntry> {
        self.packages.iter().find(|package| package.kind == Type::Full)
    }

    fn check(&self) -> Result<(), String> {
        self.check_rules().map_err(|error| error.to_string())?;
        self.check_digests()?;
        if self.shard.is_some_and(|shard| !shard.is_valid()) {
            return Err("the shard is none".to_owned());
        }
        let full = self.packages.iter().filter(|package| package.kind == Type::Full).count();
        if full > 1 || (full == 0 && self.shard.is_none()) {
            return Err(format!("there are {full} full packages instead of one"));
        }
        let files: BTreeSet<&str> = self.packages.iter().map(|package| package.file.as_str()).collect();
        if files.len() != self.packages.len() {
            return Err("two packages have the same file".to_owned());
        }
        self.packages.iter().try_for_each(|package| self.check_package(package))?;
        self.sources.iter().try_for_each(|source| self.check_source(source))
    }

    fn check_rules(&self) -> Result<(), rules::RuleError> {
        rules::check_name(&self.name)?;
        rules::check_module(&self.module)?;
        rules::check_description(&self.description)?;
        let sources: Vec<&str> = self.sources.iter().map(|source| source.version.as_str()).collect();
        rules::check_versions(&self.version, &sources)?;
        rules::check_catalogue(self.packages.len())?;
        for package in &self.packages {
            rules::check_file(&package.file, package.size)?;
            if let Some(method) = SignMethod::from_name(&package.sign_method) {
                rules::check_sign_method(method, package.kind == Type::Differential, self.android_sdk)?;
            }
            if package.kind == Type::Differential {
                rules::check_sources(&package.source_versions)?;
            }
        }
        Ok(())
    }

    fn check_digests(&self) -> Result<(), String> {
        let mut sha256 = vec![&self.target.sha256];
        let mut md5 = vec![&self.target.md5];
        for package in &self.packages {
            sha256.extend([&package.sha256, &package.target_sha256, &package.recipe]);
            sha256.extend(package.base.as_ref().map(|base| &base.sha256));
            md5.push(&package.md5);
        }
        sha256.extend(self.sources.iter().map(|source| &source.image.sha256));
        let wrong = sha256.into_iter().find(|text| !is_hex(text, 32));
        match wrong.or_else(|| md5.into_iter().find(|text| !is_hex(text, 16))) {
            Some(text) => Err(format!("\"{text}\" is not a digest")),
            None => Ok(()),
        }
    }

    fn check_package(&self, package: &PackageEntry) -> Result<(), String> {
        let file = &package.file;
        // Files of a release are beside its manifest, whatever it says.
        if file.starts_with('.') || file.contains(['/', '\\', ':']) {
            return Err(format!("\"{file}\" is not a plain file name"));
        }
        if package.target_sha256 != self.target.sha256 {
            return Err(format!("\"{file}\" leads to another target image"));
        }
        let sign = match SignMethod::from_name(&package.sign_method) {
            Some(SignMethod::Md5) => &package.md5,
            Some(SignMethod::Sha256) => &package.sha256,
            None => return Err(format!("the sign method of \"{file}\" is neither MD5 nor SHA256")),
        };
        if package.sign != *sign {
            return Err(format!("the sign of \"{file}\" is not its {}", package.sign_method));
        }
        if package.base.is_some() != (package.kind == Type::Differential) {
            return Err(format!("\"{file}\" needs a base image if it is differential, and else none"));
        }
        Ok(())
    }

    fn check_source(&self, source: &SourceEntry) -> Result<(), String> {
        let version = &source.version;
        let Some(file) = &source.package else {
            let complaint = format!("the source version \"{version}\" has no package");
            return if self.shard.is_some() { Ok(()) } else { Err(complaint) };
        };
        let Some(package) = self.package(file) else {
            return Err(format!("the package \"{file}\" of source version \"{version}\" is not listed"));
        };
        let matches =
            package.source_versions.contains(version) && package.base.as_ref() == Some(&source.image);
        if package.kind == Type::Differential && !matches {
            return Err(format!("the package \"{file}\" is not for source version \"{version}\""));
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::package::digest::{md5_hex, sha256_hex};

    /// A release of two sources with the same image, and one whose package was dropped.
    pub(crate) fn manifest() -> Manifest {
        let image = |text: &str| BaseImage { size: 7, sha256: sha256_hex(text.as_bytes()) };
        let package = |file: &str, kind, versions: &[&str], base| PackageEntry {
            kind,
            source_versions: versions.iter().map(|&version| version.to_owned()).collect(),
            file: file.to_owned(),
            size: 100,
            md5: md5_hex(file.as_bytes()),
            sha256: sha256_hex(file.as_bytes()),
            sign_method: "SHA256".to_owned(),
            sign: sha256_hex(file.as_bytes()),
            format_version: 2,
            codec: "cm".to_owned(),
            ram: 16384,
            base,
            target_sha256: sha256_hex(b"target"),
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
            product: Some("sensor".to_owned()),
            module: "default".to_owned(),
            name: "sensor-3_0_0".to_owned(),
            description: String::new(),
            version: "3.0.0".to_owned(),
            target: TargetImage {
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
                package(full, Type::Full, &[], None),
                package(differential, Type::Differential, &["1.0.0", "1.0.1"], Some(image("one"))),
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
        let changes: [(Change, &str); 20] = [
            (|m| m.manifest = 2, "is a manifest of version 2; this program knows version 1"),
            (|m| m.name = "-".into(), "firmware name"),
            (|m| m.module = String::new(), "module"),
            (|m| m.description = "x".repeat(101), "description"),
            (|m| m.version = "1.0.0".into(), "is the target version"),
            (|m| m.sources[1].version = "1.0.0".into(), "given twice"),
            (|m| m.packages[1].source_versions.clear(), "has none"),
            (|m| m.packages[1].size = 1_000_000_001, "1,000 MB"),
            (|m| m.packages[1].file = "a.exe".into(), "named otherwise"),
            (|m| m.packages[1].file = "../a.bin".into(), "not a plain file name"),
            (|m| m.packages[1].file = "C:a.bin".into(), "not a plain file name"),
            (|m| m.packages[1].file = m.packages[0].file.clone(), "the same file"),
            (|m| m.packages[1].kind = Type::Full, "2 full packages"),
            (|m| drop(m.packages.remove(0)), "0 full packages"),
            (|m| m.packages[1].sign = m.packages[1].md5.clone(), "is not its SHA256"),
            (|m| m.packages[1].sign_method = "SHA1".into(), "neither MD5 nor SHA256"),
            (|m| m.android_sdk = true, "Android SDK"),
            (|m| m.packages[1].target_sha256 = m.packages[1].sha256.clone(), "another target image"),
            (|m| m.sources[2].package = Some("1.0.0-to-3.0.0.bin".into()), "is not for source version"),
            (|m| m.sources[0].image.sha256 = "0".into(), "is not a digest"),
        ];
        for (change, part) in changes {
            let mut changed = manifest();
            change(&mut changed);
            let refusal = parse(&changed).unwrap_err();
            assert!(refusal.starts_with("m: ") && refusal.contains(part), "{part:?} in {refusal:?}");
        }
    }

    #[test]
    fn catalogues_and_releases_have_the_same_limit() {
        let with = |count: usize| {
            let mut manifest = manifest();
            for number in 2..count {
                let mut package = manifest.packages[1].clone();
                package.file = format!("{number}.bin");
                manifest.packages.push(package);
            }
            parse(&manifest)
        };
        assert!(with(500).is_ok());
        assert!(with(501).unwrap_err().contains("there are 501 packages; a catalogue has at most 500"));
    }

    #[test]
    fn other_files_are_no_manifests() {
        let refusal = |text: &str| Manifest::parse(text.as_bytes(), Path::new("m")).unwrap_err().to_string();
        assert!(refusal("").contains("is not a manifest: "));
        assert!(refusal("{}").contains("has no number \"manifest\""));
        assert!(refusal("{\"manifest\": 1}").contains("missing field"));
        let mut surplus: serde_json::Value = serde_json::from_slice(&manifest().to_json()).unwrap();
        surplus["surplus"] = 1.into();
        assert!(refusal(&surplus.to_string()).contains("unknown field `surplus`"));
    }
}
