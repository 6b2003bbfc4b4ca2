//! The digests that the platform signs with.

use crate::settings::by_name;

/// How the platform's signature of a file is made: a digest that it recomputes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignMethod {
    /// MD5, the only one that the Android SDK's differential upgrades understand.
    Md5,
    /// SHA-256.
    #[default]
    Sha256,
}

impl SignMethod {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Md5, Self::Sha256];

    /// As the platform's messages and calls write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA256",
        }
    }
}

by_name!(SignMethod);
