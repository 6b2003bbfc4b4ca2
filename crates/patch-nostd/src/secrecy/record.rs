//! How a package is encrypted: the value of extension 7 (`docs/format.md`, section 15.1).

use crate::Error;

/// The number of ChaCha20 (RFC 8439).
pub const CHACHA20: u8 = 1;
/// The number of AES-256 in counter mode.
pub const AES_256_CTR: u8 = 2;
/// Bytes of the salt of a shared key.
pub const SALT_LENGTH: usize = 16;

/// The kinds of keys.
const SHARED: u8 = 0;
const SEALED: u8 = 1;

/// What packages call a key: a hint which one it is, no proof of anything.
pub type KeyName = [u8; 8];

/// How a package is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "encode"), non_exhaustive)]
pub struct Encryption<'h> {
    /// [`CHACHA20`] or [`AES_256_CTR`].
    pub cipher: u8,
    /// The name of the key.
    pub key_name: KeyName,
    /// What makes the content key, together with that key.
    pub material: KeyMaterial<'h>,
    /// The private records, encrypted.
    pub private: &'h [u8],
}

/// What makes the content key of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "encode"), non_exhaustive)]
pub enum KeyMaterial<'h> {
    /// A product line's key, and this salt: see [`super::content_key`].
    Shared(&'h [u8; SALT_LENGTH]),
    /// A device's secret X25519 key: see [`super::DeviceKey`].
    Sealed {
        /// The public key that was made for the package.
        encapsulated: &'h [u8; 32],
        /// The content key, encrypted and authenticated.
        sealed: &'h [u8; 48],
    },
}

impl<'h> Encryption<'h> {
    /// Reads the value of extension 7.
    ///
    /// # Errors
    /// [`Error::Encrypted`] for unknown ciphers and kinds of keys, [`Error::MalformedHeader`] for a value that ends early.
    pub fn read(value: &'h [u8]) -> Result<Self, Error> {
        let (&[cipher, kind], rest) = split::<2>(value)?;
        if !matches!(cipher, CHACHA20 | AES_256_CTR) || !matches!(kind, SHARED | SEALED) {
            return Err(Error::Encrypted);
        }
        let (&key_name, rest) = split(rest)?;
        let (material, private) = if kind == SHARED {
            let (salt, rest) = split(rest)?;
            (KeyMaterial::Shared(salt), rest)
        } else {
            let (encapsulated, rest) = split(rest)?;
            let (sealed, rest) = split(rest)?;
            (KeyMaterial::Sealed { encapsulated, sealed }, rest)
        };
        Ok(Self { cipher, key_name, material, private })
    }

    /// The bytes that [`Encryption::read`] reads.
    #[cfg(feature = "encode")]
    #[must_use]
    pub fn to_bytes(&self) -> std::vec::Vec<u8> {
        let kind = if matches!(self.material, KeyMaterial::Shared(_)) { SHARED } else { SEALED };
        let mut bytes = std::vec![self.cipher, kind];
        bytes.extend_from_slice(&self.key_name);
        match self.material {
            KeyMaterial::Shared(salt) => bytes.extend_from_slice(salt),
            KeyMaterial::Sealed { encapsulated, sealed } => {
                bytes.extend_from_slice(encapsulated);
                bytes.extend_from_slice(sealed);
            }
        }
        bytes.extend_from_slice(self.private);
        bytes
    }
}

fn split<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), Error> {
    bytes.split_first_chunk().ok_or(Error::MalformedHeader)
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn what_is_unknown_is_for_other_decoders_and_what_ends_early_is_malformed() {
        let value = |cipher: u8, kind: u8, rest: u8| -> Vec<u8> {
            [cipher, kind].into_iter().chain(0..rest).collect()
        };
        let read =
            |cipher, kind, rest| Encryption::read(&value(cipher, kind, rest)).map(|read| read.private.len());
        assert_eq!((read(1, 0, 24), read(2, 0, 30)), (Ok(0), Ok(6)));
        assert_eq!((read(1, 1, 88), read(2, 1, 89)), (Ok(0), Ok(1)));
        for short in [read(1, 0, 0), read(1, 0, 7), read(1, 0, 23), read(1, 1, 39), read(1, 1, 87)] {
            assert_eq!(short, Err(Error::MalformedHeader));
        }
        for unknown in [read(0, 0, 30), read(3, 0, 0), read(1, 2, 0), read(2, 255, 99)] {
            assert_eq!(unknown, Err(Error::Encrypted));
        }
        for short in [&[][..], &[1], &[9]] {
            assert_eq!(Encryption::read(short), Err(Error::MalformedHeader));
        }
    }

    #[cfg(feature = "encode")]
    proptest::proptest! {
        #[test]
        fn what_is_written_is_read(cipher in 1..3u8, kind in 0..2u8, rest in proptest::collection::vec(0..=255u8, 88..120)) {
            let value = [&[cipher, kind][..], &rest].concat();
            assert_eq!(Encryption::read(&value).unwrap().to_bytes(), value);
        }
    }
}
