//! Encrypted packages, and the keys that open them (`docs/format.md`, section 15).
//!
//! A device without a key leaves the parameter of its decoder at [`NoKey`], and links nothing of this. Others give a
//! [`SharedKey`], a `DeviceKey`, or a [`DecryptionKey`] of their own, over a key store or a chip's engine.

#[cfg(any(feature = "chacha20", feature = "aes"))]
mod cipher;
#[cfg(feature = "x25519")]
mod device;
mod hkdf;
#[cfg(feature = "x25519")]
pub(crate) mod hpke;
mod record;
pub(crate) mod shared;
pub(crate) mod unlock;

#[cfg(any(feature = "chacha20", feature = "aes"))]
pub use cipher::SoftwareCipher;
#[cfg(feature = "x25519")]
pub use device::{DeviceKey, x25519_public_key};
#[cfg(feature = "x25519")]
pub use hpke::{KeyExchange, open_sealed};
pub use record::{AES_256_CTR, CHACHA20, Encryption, KeyMaterial, KeyName, SALT_LENGTH};
pub use shared::{SharedKey, content_key, key_name};
pub(crate) use unlock::{decrypt_body, unlock};

use crate::Error;
use crate::verify::Sha256;

/// A key stream with random access. Implement it over a chip's engine, or take `SoftwareCipher`.
pub trait Cipher: core::fmt::Debug {
    /// Exclusive-ors bytes with the key stream from `position` on, which encrypts and decrypts.
    fn apply(&mut self, position: u64, bytes: &mut [u8]);
}

/// A cipher that a content key in memory makes.
pub trait Keyed: Cipher + Sized {
    /// The cipher of this number with this key.
    ///
    /// # Errors
    /// [`Error::Encrypted`] if the number is another cipher's.
    fn new(cipher: u8, content_key: &[u8; 32]) -> Result<Self, Error>;
}

/// What a decoder needs to decrypt packages.
///
/// Implement it over a key store, if the key never leaves that: [`Encryption`] has all that a package says.
pub trait DecryptionKey {
    /// Whether packages can be decrypted at all: without that, a decoder has no code for it.
    const DECRYPTS: bool = true;
    /// What decrypts a package.
    type Cipher: Cipher;

    /// The cipher for a package, with its content key. Called once, when the signatures and then every field of the header
    /// have been checked, and before the policy is asked about what may be private.
    ///
    /// # Errors
    /// [`Error::Encrypted`] if its cipher or the kind of its key is another, [`Error::DecryptionKey`] if its key is.
    fn open<D: Sha256>(&self, encryption: &Encryption<'_>) -> Result<Self::Cipher, Error>;
}

/// No key: encrypted packages are [`Error::Encrypted`].
#[derive(Clone, Copy, Debug, Default)]
pub struct NoKey;

/// The cipher of [`NoKey`]: it has no value.
#[derive(Clone, Copy, Debug)]
pub enum NoCipher {}

impl DecryptionKey for NoKey {
    const DECRYPTS: bool = false;
    type Cipher = NoCipher;

    fn open<D: Sha256>(&self, _encryption: &Encryption<'_>) -> Result<NoCipher, Error> {
        Err(Error::Encrypted)
    }
}

impl Cipher for NoCipher {
    fn apply(&mut self, _position: u64, _bytes: &mut [u8]) {
        match *self {}
    }
}

impl<K: DecryptionKey> DecryptionKey for &K {
    const DECRYPTS: bool = K::DECRYPTS;
    type Cipher = K::Cipher;

    fn open<D: Sha256>(&self, encryption: &Encryption<'_>) -> Result<K::Cipher, Error> {
        (**self).open::<D>(encryption)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(any(feature = "sha2", feature = "chacha20", feature = "aes"))]
    pub(super) fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        assert_eq!(hex.len(), 2 * N);
        core::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
    }

    #[test]
    fn a_decoder_without_a_key_has_no_room_for_one() {
        assert_eq!(size_of::<Option<NoCipher>>() + size_of::<NoKey>(), 0);
    }
}
