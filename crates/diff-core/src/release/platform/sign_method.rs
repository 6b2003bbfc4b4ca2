//! The digest that the platform signs with.

use serde::{Deserialize, Serialize};

use crate::settings::by_name;

/// The digest of a file that the platform recomputes and calls its signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SignMethod {
    /// MD5, the only one that the Android SDK understands for differential packages.
    #[serde(rename = "MD5")]
    Md5,
    /// SHA-256.
    #[default]
    #[serde(rename = "SHA256")]
    Sha256,
}

impl SignMethod {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Md5, Self::Sha256];

    /// The name in options, manifests and the platform's calls.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA256",
        }
    }
}

by_name!(SignMethod);
