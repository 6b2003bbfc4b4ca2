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

by_name!(SignMethod { Md5 = "MD5", Sha256 = "SHA256" });
