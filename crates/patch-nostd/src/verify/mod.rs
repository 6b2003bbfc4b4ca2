//! Digests, signatures and the device's policy (`docs/format.md`, section 8).

#[cfg(all(feature = "std", feature = "sha2"))]
mod background;
mod policy;
mod signature;

#[cfg(all(feature = "std", feature = "sha2"))]
pub use background::BackgroundSha256;
pub(crate) use policy::authenticate;
pub use policy::{Anything, Device, Policy};
#[cfg(feature = "ed25519")]
pub use signature::Ed25519Key;
#[cfg(feature = "p256")]
pub use signature::P256Key;
pub use signature::{Signed, Verifier};

pub use crate::wire::{KEY_ID_LENGTH, KeyId, SIGNATURE_LENGTH, Signatures};

/// A running SHA-256 (FIPS 180-4). Implement it over a hardware engine, or use [`SoftwareSha256`].
pub trait Sha256 {
    /// Starts a new digest.
    fn start() -> Self;
    /// Takes the next bytes.
    fn update(&mut self, bytes: &[u8]);
    /// Ends the digest.
    fn finish(self) -> [u8; 32];
}

/// SHA-256 in software, from the `sha2` crate.
#[cfg(feature = "sha2")]
pub struct SoftwareSha256(sha2::Sha256);

#[cfg(feature = "sha2")]
impl core::fmt::Debug for SoftwareSha256 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SoftwareSha256")
    }
}

#[cfg(feature = "sha2")]
impl Sha256 for SoftwareSha256 {
    fn start() -> Self {
        Self(<sha2::Sha256 as sha2::Digest>::new())
    }

    fn update(&mut self, bytes: &[u8]) {
        sha2::Digest::update(&mut self.0, bytes);
    }

    fn finish(self) -> [u8; 32] {
        sha2::Digest::finalize(self.0).into()
    }
}
