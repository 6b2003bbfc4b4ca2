//! The key of a product line, and the content keys of its packages (`docs/format.md`, section 15.2).

use core::marker::PhantomData;

use super::hkdf::hkdf;
use super::{DecryptionKey, Encryption, KeyMaterial, KeyName, Keyed, SALT_LENGTH};
use crate::Error;
use crate::verify::Sha256;

/// A key of 32 random bytes that all devices of a product line have.
///
/// ```
/// # #[cfg(feature = "chacha20")] {
/// use smidgen_patch::secrecy::{SharedKey, SoftwareCipher};
/// let key: SharedKey<SoftwareCipher> = SharedKey::new([0x5A; 32]);
/// # let _ = key; }
/// ```
pub struct SharedKey<C> {
    key: [u8; 32],
    cipher: PhantomData<fn() -> C>,
}

impl<C> SharedKey<C> {
    /// The key of these bytes.
    #[must_use]
    pub const fn new(key: [u8; 32]) -> Self {
        Self { key, cipher: PhantomData }
    }
}

impl<C: Keyed> DecryptionKey for SharedKey<C> {
    type Cipher = C;

    fn open<D: Sha256>(&self, encryption: &Encryption<'_>) -> Result<C, Error> {
        let KeyMaterial::Shared(salt) = encryption.material else { return Err(Error::Encrypted) };
        let cipher = C::new(encryption.cipher, &content_key::<D>(&self.key, salt))?;
        if key_name::<D>(&self.key) == encryption.key_name { Ok(cipher) } else { Err(Error::DecryptionKey) }
    }
}

/// Not its bytes.
impl<C> core::fmt::Debug for SharedKey<C> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SharedKey")
    }
}

/// The name of a shared key in packages.
#[must_use]
pub fn key_name<D: Sha256>(key: &[u8; 32]) -> KeyName {
    let digest = hkdf::<D>(&[], key, b"smidgen key name");
    digest.first_chunk().copied().unwrap_or_default()
}

/// The content key of a package with this salt.
#[must_use]
pub fn content_key<D: Sha256>(key: &[u8; 32], salt: &[u8; SALT_LENGTH]) -> [u8; 32] {
    hkdf::<D>(salt, key, b"smidgen content key")
}

/// The salt of a package: from `header`, which has the records that stay in the clear and the digest of the plain body,
/// and from the private records. Packages that differ in any of it have different salts.
#[cfg(feature = "encode")]
#[must_use]
pub fn salt<D: Sha256>(key: &[u8; 32], cipher: u8, header: &[u8], private: &[u8]) -> [u8; SALT_LENGTH] {
    let key = hkdf::<D>(&[], key, b"smidgen salt");
    let digest = super::hkdf::hmac::<D>(&key, &[&[cipher], header, private]);
    digest.first_chunk().copied().unwrap_or_default()
}
