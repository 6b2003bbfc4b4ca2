//! The entries of a manifest: images, sources and packages (`docs/manifest.md`).

use serde::{Deserialize, Serialize};
use smidgen_patch::header::InPlacePlan;
use smidgen_patch::secrecy::{Encryption, KeyMaterial};

use crate::api::ContainerNeeds;
use crate::digest::{hex, md5_hex, sha256_hex};
use crate::input::Provenance;
use crate::release::encryption::CipherChoice;
use crate::release::platform::SignMethod;
use crate::settings::by_name;

/// The target image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TargetEntry {
    /// Its bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
    /// MD5 in hexadecimal digits.
    pub md5: String,
    /// The file that the image was taken from; absent if it was plain bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Provenance>,
}

/// A base image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BaseEntry {
    /// Its bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// A version in the field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SourceEntry {
    /// The version that devices report.
    pub version: String,
    /// Their image.
    pub image: BaseEntry,
    /// The file that the image was taken from; absent if it was plain bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Provenance>,
    /// The file of their package; null in a shard that does not make it.
    pub package: Option<String>,
    /// The differential package that was too large to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<Dropped>,
}

/// A differential package that was too large to keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Dropped {
    /// Its bytes.
    pub size: u64,
    /// As [`PackageEntry::recipe`].
    pub recipe: String,
}

/// The types of packages that the platform knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageType {
    /// Restores the target from an empty base.
    Full,
    /// Restores the target from the image of its source versions.
    Differential,
}

/// A package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PackageEntry {
    /// Full or differential.
    #[serde(rename = "type")]
    pub kind: PackageType,
    /// The versions that it updates; empty if it is full. Versions with the same image share a package.
    pub source_versions: Vec<String>,
    /// The file, beside the manifest.
    pub file: String,
    /// Its bytes.
    pub size: u64,
    /// Its MD5.
    pub md5: String,
    /// Its SHA-256.
    pub sha256: String,
    /// The digest that the platform signs with.
    pub sign_method: SignMethod,
    /// That digest of the file.
    pub sign: String,
    /// The version of the package format (`docs/format.md`).
    pub format_version: u8,
    /// "cm", "zstd" or "lite".
    pub codec: String,
    /// Bytes of memory that the device's decoder needs.
    pub ram: u32,
    /// What the package needs of an operating system; absent if it needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<ContainerNeeds>,
    /// How the target takes the place of the base; absent if the package is not for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_place: Option<InPlaceEntry>,
    /// Its base image; absent if it is full.
    pub base: Option<BaseEntry>,
    /// SHA-256 of the target image.
    pub target_sha256: String,
    /// How it is encrypted; absent if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<EncryptionEntry>,
    /// The names of the keys that signed it.
    pub keys: Vec<String>,
    /// A digest of everything that the package was made from: images, options, program. The next run makes packages with
    /// another recipe anew.
    pub recipe: String,
}

/// How the target of a package takes the place of its base (`docs/format.md`, section 8.2), in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct InPlaceEntry {
    /// Of a segment: the target is decoded and put into place by these.
    pub segment: u32,
    /// By which the base is moved up first.
    pub shift: u32,
    /// Of what a segment replaces: kept until the next one is decoded.
    pub keep: u32,
}

/// How a package is encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct EncryptionEntry {
    /// The cipher.
    pub cipher: CipherChoice,
    /// The kind of key.
    pub kind: KeyKind,
    /// The name of the key that decrypts it.
    pub key: String,
}

/// The kinds of keys that encrypt packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum KeyKind {
    /// The key of a product line.
    Shared,
    /// A content key that is sealed to a device's public key.
    Sealed,
}

by_name!(KeyKind { Shared = "shared", Sealed = "sealed" });

impl BaseEntry {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self { size: bytes.len() as u64, sha256: sha256_hex(bytes) }
    }
}

impl PackageEntry {
    /// The digest of the file that the platform signs with.
    pub(crate) fn signed_digest(&self) -> &str {
        match self.sign_method {
            SignMethod::Md5 => &self.md5,
            SignMethod::Sha256 => &self.sha256,
        }
    }

    /// The entry with size and digests of this file.
    pub(crate) fn of_file(mut self, bytes: &[u8]) -> Self {
        (self.size, self.md5, self.sha256) = (bytes.len() as u64, md5_hex(bytes), sha256_hex(bytes));
        self.sign = self.signed_digest().to_owned();
        self
    }
}

impl From<InPlacePlan> for InPlaceEntry {
    fn from(plan: InPlacePlan) -> Self {
        let InPlacePlan { segment, shift, keep } = plan;
        Self { segment, shift, keep }
    }
}

impl EncryptionEntry {
    /// The entry of a package with this record; `None` for a cipher that is not known.
    #[must_use]
    pub fn of(record: &Encryption<'_>) -> Option<Self> {
        let kind = match record.material {
            KeyMaterial::Shared(_) => KeyKind::Shared,
            KeyMaterial::Sealed { .. } => KeyKind::Sealed,
        };
        let cipher = CipherChoice::from_number(record.cipher)?;
        Some(Self { cipher, kind, key: hex(&record.key_name) })
    }
}
