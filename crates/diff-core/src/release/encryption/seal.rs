//! Seals content keys to one public key, here or by a service (`docs/format.md`, section 15.3).

use smidgen_patch::SoftwareSha256;
use smidgen_patch::internals::secrecy::seal;
use smidgen_patch::secrecy::{KeyExchange, KeyMaterial, KeyName, x25519_public_key};
use zeroize::Zeroizing;

use super::keys::DevicePublic;
use crate::digest::hex;
use crate::release::sign::from_hex;

/// Bytes of a sealed content key.
pub const SEALED_LENGTH: usize = 8 + 32 + 48;

/// A sealed content key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The name of the key that opens it.
    pub key_name: KeyName,
    /// The ephemeral public key.
    pub encapsulated: [u8; 32],
    /// The content key, encrypted and authenticated.
    pub sealed: [u8; 48],
}

/// Seals content keys: a public key, or a service that has one.
pub trait Sealer: Send + Sync {
    /// A name that differs from other sealers': packages that another one sealed are made anew.
    fn name(&self) -> String;
    /// Seals a content key.
    ///
    /// # Errors
    /// A text for people.
    fn seal(&self, content_key: &[u8; 32]) -> Result<Sealed, String>;
}

impl Sealed {
    /// Reads key name, encapsulated key and sealed content key, one after the other, as packages have them.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; SEALED_LENGTH]) -> Self {
        let mut sealed = Self { key_name: [0; 8], encapsulated: [0; 32], sealed: [0; 48] };
        sealed.key_name.copy_from_slice(&bytes[..8]);
        sealed.encapsulated.copy_from_slice(&bytes[8..40]);
        sealed.sealed.copy_from_slice(&bytes[40..]);
        sealed
    }

    /// Reads a sealed content key as tools print it: these bytes, or their hexadecimal digits.
    #[must_use]
    pub fn from_printed(printed: &[u8]) -> Option<Self> {
        let digits = from_hex(printed);
        digits.as_deref().unwrap_or(printed).try_into().ok().map(Self::from_bytes)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_key_is_printed_as_bytes_or_digits() {
        let bytes: Vec<u8> = (0..88).collect();
        let digits = hex(&bytes);
        let sealed = Sealed::from_printed(&bytes).unwrap();
        assert_eq!((sealed.key_name[7], sealed.encapsulated[31], sealed.sealed[47]), (7, 39, 87));
        assert_eq!(Sealed::from_printed(format!("{digits}\n").as_bytes()), Some(sealed));
        let wrong = digits.replace('0', "g");
        for other in [&bytes[..87], b"", &digits.as_bytes()[1..], wrong.as_bytes(), b"\xFF"] {
            assert_eq!(Sealed::from_printed(other), None);
        }
    }
}
