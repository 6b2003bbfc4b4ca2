//! Content keys that are sealed to one key: by ourselves, or by a service that knows the devices' keys.

use patch_nostd::SoftwareSha256;
use patch_nostd::internals::secrecy::seal;
use patch_nostd::secrecy::{KeyExchange, KeyMaterial, KeyName, x25519_public_key};
use zeroize::Zeroizing;

use super::keys::DevicePublic;
use crate::digest::hex;

/// Bytes of what [`Sealed::from_bytes`] reads.
pub const SEALED_LENGTH: usize = 8 + 32 + 48;

/// A sealed content key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The name of the key that opens it.
    pub key_name: KeyName,
    /// The public key that was made for it.
    pub encapsulated: [u8; 32],
    /// The content key, encrypted and authenticated.
    pub sealed: [u8; 48],
}

/// Something that seals content keys: a public key, or a way to a service that has one.
pub trait Sealer: Send + Sync {
    /// What tells it from others: packages that another one sealed are made anew.
    fn name(&self) -> String;
    /// Seals a content key.
    ///
    /// # Errors
    /// Why that was not possible, for people.
    fn seal(&self, content_key: &[u8; 32]) -> Result<Sealed, String>;
}

impl Sealed {
    /// The bytes that a package has of it: name, encapsulated key, sealed content key.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; SEALED_LENGTH]) -> Self {
        let mut sealed = Self { key_name: [0; 8], encapsulated: [0; 32], sealed: [0; 48] };
        sealed.key_name.copy_from_slice(&bytes[..8]);
        sealed.encapsulated.copy_from_slice(&bytes[8..40]);
        sealed.sealed.copy_from_slice(&bytes[40..]);
        sealed
    }

    pub(crate) const fn material(&self) -> KeyMaterial<'_> {
        KeyMaterial::Sealed { encapsulated: &self.encapsulated, sealed: &self.sealed }
    }
}

impl DevicePublic {
    /// Seals a content key with an ephemeral secret key, which must never be used for another.
    #[must_use]
    pub fn seal_with(&self, ephemeral: &[u8; 32], content_key: &[u8; 32]) -> Sealed {
        let encapsulated = x25519_public_key(ephemeral);
        let shared = Zeroizing::new(x25519_dalek::x25519(*ephemeral, self.0));
        let exchange = KeyExchange { shared: &shared, encapsulated: &encapsulated, public: &self.0 };
        let sealed = seal::<SoftwareSha256>(&exchange, content_key);
        Sealed { key_name: self.key_name(), encapsulated, sealed }
    }
}

impl Sealer for DevicePublic {
    fn name(&self) -> String {
        hex(&self.key_name())
    }

    fn seal(&self, content_key: &[u8; 32]) -> Result<Sealed, String> {
        let mut ephemeral = Zeroizing::new([0; 32]);
        getrandom::fill(ephemeral.as_mut_slice()).map_err(|error| error.to_string())?;
        Ok(self.seal_with(&ephemeral, content_key))
    }
}
