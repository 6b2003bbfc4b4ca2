//! A device's own X25519 key, to which packages are sealed (`docs/format.md`, section 15.2).

use core::marker::PhantomData;

use super::{DecryptionKey, Encryption, KeyExchange, KeyMaterial, KeyName, Keyed, open_sealed};
use crate::Error;
use crate::verify::Sha256;

/// A secret X25519 key (RFC 7748) and its public half. Where an engine or a key store has the secret, implement
/// [`DecryptionKey`] over that and [`open_sealed`].
pub struct DeviceKey<C> {
    secret: [u8; 32],
    public: [u8; 32],
    cipher: PhantomData<fn() -> C>,
}

impl<C> DeviceKey<C> {
    /// The key of these bytes; `public` is [`x25519_public_key`] of the secret.
    #[must_use]
    pub const fn new(secret: [u8; 32], public: [u8; 32]) -> Self {
        Self { secret, public, cipher: PhantomData }
    }
}

impl<C: Keyed> DecryptionKey for DeviceKey<C> {
    type Cipher = C;

    fn open<D: Sha256>(&self, encryption: &Encryption<'_>) -> Result<C, Error> {
        let KeyMaterial::Sealed { encapsulated, sealed } = encryption.material else {
            return Err(Error::Encrypted);
        };
        // Whether the cipher is there is known without a key.
        C::new(encryption.cipher, &[0; 32])?;
        let name: Option<&KeyName> = self.public.first_chunk();
        if name != Some(&encryption.key_name) {
            return Err(Error::DecryptionKey);
        }
        let shared = x25519_dalek::x25519(self.secret, *encapsulated);
        let exchange = KeyExchange { shared: &shared, encapsulated, public: &self.public };
        C::new(encryption.cipher, &open_sealed::<D>(&exchange, sealed)?)
    }
}

/// Not its bytes.
impl<C> core::fmt::Debug for DeviceKey<C> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("DeviceKey")
    }
}

/// The public half of a secret X25519 key.
#[must_use]
pub fn x25519_public_key(secret: &[u8; 32]) -> [u8; 32] {
    x25519_dalek::x25519(*secret, x25519_dalek::X25519_BASEPOINT_BYTES)
}
