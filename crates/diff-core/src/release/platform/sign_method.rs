//! The digests that the platform signs with.

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
    /// As the platform's messages and calls write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA256",
        }
    }

    /// The method of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Md5, Self::Sha256].into_iter().find(|method| method.name() == name)
    }
}
