//! Keys that encrypt and decrypt packages (`docs/format.md`, section 15), in PEM: shared keys and those of X25519.

use pkcs8::PrivateKeyInfoRef;
use pkcs8::der::Decode;
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::spki::SubjectPublicKeyInfoRef;
use smidgen_patch::SoftwareSha256;
use smidgen_patch::secrecy::{KeyName, key_name, x25519_public_key};
use zeroize::Zeroizing;

use crate::digest::hex;
use crate::release::sign::KeyError;
use crate::release::sign::key_file::{self, HKDF_SHA256, Secret, X25519};

/// The key of a product line, which encrypts and decrypts. It is wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedSecret(Secret);

/// The secret X25519 key of a device, or of a group of them. It is wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceSecret(Secret);

/// A public X25519 key, to which packages are sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DevicePublic(pub [u8; 32]);

/// A key that decrypts packages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecryptionKey {
    /// Of a product line.
    Shared(SharedSecret),
    /// Of a device.
    Device(DeviceSecret),
}

/// What all secret keys of 32 bytes have.
macro_rules! secret {
    ($type:ident, $algorithm:expr) => {
        impl $type {
            /// A new key from the operating system's random numbers.
            ///
            /// # Errors
            /// [`KeyError::Random`].
            pub fn generate() -> Result<Self, KeyError> {
                key_file::random().map(Self)
            }

            /// The key of these bytes.
            #[must_use]
            pub fn from_bytes(bytes: &[u8; 32]) -> Self {
                Self(Secret::new(Zeroizing::new(*bytes)))
            }

            /// Its bytes, which devices have.
            #[must_use]
            pub fn bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// Writes the key, encrypted: PKCS#8 of version 1 (RFC 8410, RFC 8619).
            ///
            /// # Errors
            /// [`KeyError::EmptyPassphrase`], [`KeyError::Random`].
            pub fn to_pem(&self, passphrase: &str) -> Result<String, KeyError> {
                key_file::to_pem($algorithm, &self.0, passphrase)
            }
        }

        /// Without the secret bytes.
        impl core::fmt::Debug for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!(stringify!($type), "({})"), hex(&self.key_name()))
            }
        }
    };
}

secret!(SharedSecret, HKDF_SHA256);
secret!(DeviceSecret, X25519);

impl SharedSecret {
    /// The key's name in packages.
    #[must_use]
    pub fn key_name(&self) -> KeyName {
        key_name::<SoftwareSha256>(&self.0)
    }
}

impl DeviceSecret {
    /// The public key that goes with it.
    #[must_use]
    pub fn public(&self) -> DevicePublic {
        DevicePublic(x25519_public_key(&self.0))
    }

    /// The public key's name in packages.
    #[must_use]
    pub fn key_name(&self) -> KeyName {
        self.public().key_name()
    }
}

impl DevicePublic {
    /// Reads PEM, as `smidgen keygen` and OpenSSL write it.
    ///
    /// # Errors
    /// [`KeyError::NotForSealing`].
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let refused = || KeyError::NotForSealing;
        let (label, document) = pkcs8::der::Document::from_pem(pem).map_err(|_| refused())?;
        let key = SubjectPublicKeyInfoRef::from_der(document.as_bytes()).map_err(|_| refused())?;
        let right =
            label == "PUBLIC KEY" && key.algorithm.oid == X25519 && key.algorithm.parameters.is_none();
        let bytes = key.subject_public_key.as_bytes().and_then(|bytes| bytes.try_into().ok());
        bytes.filter(|_| right).map(Self).filter(|key| !key.is_of_low_order()).ok_or_else(refused)
    }

    /// Whether anybody could open what is sealed to this point: with it, all secrets share the same key, zero, which
    /// RFC 9180 (section 7.1.4) refuses.
    fn is_of_low_order(&self) -> bool {
        x25519_dalek::x25519([1; 32], self.0) == [0; 32]
    }

    /// Writes PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        key_file::public_pem(X25519, &self.0)
    }

    /// The key's name in packages.
    #[must_use]
    pub fn key_name(&self) -> KeyName {
        self.0.first_chunk().copied().unwrap_or_default()
    }
}

impl DecryptionKey {
    /// Reads an encrypted key of either kind.
    ///
    /// # Errors
    /// Files that are no encrypted key; wrong passphrases; [`KeyError::NotForDecryption`] for keys of other algorithms.
    pub fn from_pem(pem: &str, passphrase: &str) -> Result<Self, KeyError> {
        let document = key_file::decrypted(pem, passphrase)?;
        let key = PrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|_| KeyError::Passphrase)?;
        let bytes = key.private_key.as_bytes();
        let read = |bytes: &[u8]| -> Option<Secret> {
            bytes.try_into().ok().map(|bytes: [u8; 32]| Box::new(Zeroizing::new(bytes)))
        };
        let read = match key.algorithm.oid {
            HKDF_SHA256 => read(bytes).map(SharedSecret).map(Self::Shared),
            X25519 => {
                let inner = <&OctetStringRef>::from_der(bytes).ok();
                inner.and_then(|key| read(key.as_bytes())).map(DeviceSecret).map(Self::Device)
            }
            _ => None,
        };
        read.ok_or(KeyError::NotForDecryption)
    }

    /// The key's name in packages, in hexadecimal digits.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Shared(key) => hex(&key.key_name()),
            Self::Device(key) => hex(&key.key_name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::SecretKey;

    /// Made by OpenSSL 3.0: `openssl genpkey -algorithm X25519`, then `openssl pkcs8 -topk8 -scrypt -passout pass:phrase`
    /// and `openssl pkey -pubout`.
    const OPENSSL: [&str; 2] = [
        "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGTME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAiZ2zbE3zueSgICQAAC
AQgCAQEwHQYJYIZIAWUDBAEqBBD8mZAuIFFm2le/h7J8DkndBECiSc6ZfdkYvLId
9hnYrkhdTK1jvOqetXdSQeW8ZmzX7U2TEQ9gpYUi9XmfdUst9kTexJ92hZVWd6yg
0zDyu7sy
-----END ENCRYPTED PRIVATE KEY-----
",
        "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VuAyEAlAudMo8IbSrwyu5a6o4gTp1IPGVfz5CGdKNA3pQzMgs=
-----END PUBLIC KEY-----
",
    ];

    #[test]
    fn keys_come_back_with_their_passphrase_only() {
        let (shared, device) = (SharedSecret::generate().unwrap(), DeviceSecret::generate().unwrap());
        for (key, pem) in [
            (DecryptionKey::Shared(shared.clone()), shared.to_pem("phrase").unwrap()),
            (DecryptionKey::Device(device.clone()), device.to_pem("phrase").unwrap()),
        ] {
            assert_eq!(DecryptionKey::from_pem(&pem, "phrase"), Ok(key));
            assert_eq!(DecryptionKey::from_pem(&pem, "phrases"), Err(KeyError::Passphrase));
        }
        assert_eq!(DevicePublic::from_pem(&device.public().to_pem()), Ok(device.public()));
        assert_eq!(shared.to_pem(""), Err(KeyError::EmptyPassphrase));
        assert_ne!(SharedSecret::generate().unwrap(), shared);
    }

    #[test]
    fn keys_of_openssl_are_read() {
        let Ok(DecryptionKey::Device(secret)) = DecryptionKey::from_pem(OPENSSL[0], "phrase") else {
            panic!()
        };
        assert_eq!(DevicePublic::from_pem(OPENSSL[1]), Ok(secret.public()));
        assert_eq!(secret.public().to_pem(), OPENSSL[1]);
    }

    #[test]
    fn keys_that_sign_do_not_encrypt() {
        let key = SecretKey::from_bytes(&[1; 32]);
        let (secret, public) = (key.to_pem("phrase").unwrap(), key.public_pem());
        assert_eq!(DecryptionKey::from_pem(&secret, "phrase"), Err(KeyError::NotForDecryption));
        assert_eq!(DevicePublic::from_pem(&public), Err(KeyError::NotForSealing));
        assert_eq!(DevicePublic::from_pem(&secret), Err(KeyError::NotForSealing));
        assert_eq!(DevicePublic::from_pem("no key"), Err(KeyError::NotForSealing));
    }

    #[test]
    fn points_that_anybody_could_open_are_no_keys() {
        let mut one = [0; 32];
        one[0] = 1;
        let order_8: [u8; 32] = [
            0xE0, 0xEB, 0x7A, 0x7C, 0x3B, 0x41, 0xB8, 0xAE, 0x16, 0x56, 0xE3, 0xFA, 0xF1, 0x9F, 0xC4, 0x6A,
            0xDA, 0x09, 0x8D, 0xEB, 0x9C, 0x32, 0xB1, 0xFD, 0x86, 0x62, 0x05, 0x16, 0x5F, 0x49, 0xB8, 0x00,
        ];
        for point in [[0; 32], one, order_8] {
            let pem = DevicePublic(point).to_pem();
            assert_eq!(DevicePublic::from_pem(&pem), Err(KeyError::NotForSealing));
        }
    }
}
