//! What a manifest lists: images, sources and packages (`docs/manifest.md`).

use patch_nostd::secrecy::{Encryption, KeyMaterial};
use serde::{Deserialize, Serialize};

use crate::digest::hex;
use crate::input::Provenance;
use crate::release::encryption::CipherChoice;

/// The target image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetEntry {
    /// Bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
    /// MD5 in hexadecimal digits.
    pub md5: String,
    /// What the file was that the image was taken from; absent if it was plain bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Provenance>,
}

/// A base image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaseEntry {
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
    pub image: BaseEntry,
    /// What the file was that the image was taken from; absent if it was plain bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Provenance>,
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
    pub base: Option<BaseEntry>,
    /// SHA-256 of the target image.
    pub target_sha256: String,
    /// How it is encrypted; absent if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<EncryptionEntry>,
    /// The names of the keys that signed it.
    pub keys: Vec<String>,
    /// A digest of everything that the package was made of: images, options, program. The next run makes anew only
    /// what has another one.
    pub recipe: String,
}

/// How a package is encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncryptionEntry {
    /// "chacha20" or "aes-256-ctr".
    pub cipher: String,
    /// "shared" or "sealed".
    pub kind: String,
    /// The name of the key that decrypts it.
    pub key: String,
}

impl EncryptionEntry {
    /// What a package says.
    #[must_use]
    pub fn of(record: &Encryption<'_>) -> Self {
        let kind = match record.material {
            KeyMaterial::Shared(_) => "shared",
            KeyMaterial::Sealed { .. } => "sealed",
        };
        let cipher = CipherChoice::from_number(record.cipher).map_or("unknown", CipherChoice::name);
        Self { cipher: cipher.to_owned(), kind: kind.to_owned(), key: hex(&record.key_name) }
    }
}
