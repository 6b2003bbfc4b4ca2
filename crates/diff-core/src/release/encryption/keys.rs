//! Keys that encrypt and decrypt packages, and their files: shared ones and those of X25519, in PEM.

use patch_nostd::SoftwareSha256;
use patch_nostd::secrecy::{KeyName, key_name, x25519_public_key};
use pkcs8::der::asn1::{BitStringRef, OctetStringRef};
use pkcs8::der::{Decode, Encode, EncodePem, SecretDocument};
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use pkcs8::{LineEnding, ObjectIdentifier, PrivateKeyInfoRef};
use zeroize::Zeroizing;

use crate::digest::hex;
use crate::release::sign::{KeyError, key_file};

/// X25519 (RFC 8410).
const X25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.110");
/// HKDF with SHA-256 (RFC 8619), which shared keys are used with.
const HKDF_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.3.28");

/// Bytes that are wiped when dropped. In the heap, where moves leave no copies behind; and since rustc 1.95 takes two keys
/// of the same constant bytes for one (value numbering, MIR pass GVN), although the first was moved and wiped by then: a test
/// that was built without incremental compilation encrypted with a key of zeros.
pub(crate) type Secret = Box<Zeroizing<[u8; 32]>>;

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
pub enum DecryptionKey {
    /// Of a product line.
    Shared(SharedSecret),
    /// Of a device.
    Device(DeviceSecret),
}

impl SharedSecret {
    /// A new key from the operating system's random numbers.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn generate() -> Result<Self, KeyError> {
        random().map(Self)
    }

    /// The key of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Secret::new(Zeroizing::new(*bytes)))
    }

    /// Its bytes, of which devices have a copy.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Writes the key, encrypted: PKCS#8 with the algorithm HKDF of RFC 8619.
    ///
    /// # Errors
    /// [`KeyError::EmptyPassphrase`], [`KeyError::Random`].
    pub fn to_pem(&self, passphrase: &str) -> Result<String, KeyError> {
        to_pem(HKDF_SHA256, self.0.as_slice(), passphrase)
    }

    /// The name by which packages call it.
    #[must_use]
    pub fn key_name(&self) -> KeyName {
        key_name::<SoftwareSha256>(&self.0)
    }
}

impl DeviceSecret {
    /// A new key from the operating system's random numbers.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn generate() -> Result<Self, KeyError> {
        random().map(Self)
    }

    /// The key of these bytes (RFC 7748).
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Secret::new(Zeroizing::new(*bytes)))
    }

    /// Its bytes, which the device has.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The public key that goes with it.
    #[must_use]
    pub fn public(&self) -> DevicePublic {
        DevicePublic(x25519_public_key(&self.0))
    }

    /// Writes the key, encrypted: PKCS#8 of version 1 (RFC 8410).
    ///
    /// # Errors
    /// [`KeyError::EmptyPassphrase`], [`KeyError::Random`].
    pub fn to_pem(&self, passphrase: &str) -> Result<String, KeyError> {
        // CurvePrivateKey is an octet string in the octet string.
        let key = OctetStringRef::new(self.0.as_slice()).and_then(|key| key.to_der());
        let key = Zeroizing::new(key.map_err(|_| KeyError::Secret)?);
        to_pem(X25519, &key, passphrase)
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

    /// Whether what is sealed to this point could be opened by anybody: all secrets give the same shared one with it,
    /// zero, which RFC 9180 (section 7.1.4) wants refused.
    fn is_of_low_order(&self) -> bool {
        x25519_dalek::x25519([1; 32], self.0) == [0; 32]
    }

    /// Writes PEM.
    ///
    /// # Errors
    /// [`KeyError::NotForSealing`]; there is no key that cannot be written.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        let algorithm = AlgorithmIdentifierRef { oid: X25519, parameters: None };
        let key = BitStringRef::from_bytes(&self.0);
        let written = key.and_then(|subject_public_key| {
            SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_pem(LineEnding::LF)
        });
        written.map_err(|_| KeyError::NotForSealing)
    }

    /// The name by which packages call it.
    #[must_use]
    pub fn key_name(&self) -> KeyName {
        self.0.first_chunk().copied().unwrap_or_default()
    }
}

impl DecryptionKey {
    /// Reads an encrypted key of either kind.
    ///
    /// # Errors
    /// What is wrong with file or passphrase; [`KeyError::NotForDecryption`] for keys of other algorithms.
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

    /// The name by which packages call it.
    #[must_use]
    pub fn key_name(&self) -> KeyName {
        match self {
            Self::Shared(key) => key.key_name(),
            Self::Device(key) => key.public().key_name(),
        }
    }

    /// That in hexadecimal digits.
    #[must_use]
    pub fn name(&self) -> String {
        hex(&self.key_name())
    }
}

fn random() -> Result<Secret, KeyError> {
    let mut bytes = Secret::default();
    getrandom::fill(bytes.as_mut_slice()).map_err(|error| KeyError::Random(error.to_string()))?;
    Ok(bytes)
}

fn to_pem(oid: ObjectIdentifier, key: &[u8], passphrase: &str) -> Result<String, KeyError> {
    let algorithm = AlgorithmIdentifierRef { oid, parameters: None };
    let key = OctetStringRef::new(key).map_err(|_| KeyError::Secret)?;
    let document = SecretDocument::encode_msg(&PrivateKeyInfoRef::new(algorithm, key));
    key_file::encrypted(&document.map_err(|_| KeyError::Secret)?, passphrase)
}

/// Not their bytes.
impl core::fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SharedSecret({})", hex(&self.key_name()))
    }
}

/// Not its bytes.
impl core::fmt::Debug for DeviceSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "DeviceSecret({})", hex(&self.public().key_name()))
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
        assert_eq!(DevicePublic::from_pem(&device.public().to_pem().unwrap()), Ok(device.public()));
        assert_eq!(shared.to_pem(""), Err(KeyError::EmptyPassphrase));
        assert_ne!(SharedSecret::generate().unwrap(), shared);
    }

    #[test]
    fn keys_of_openssl_are_read() {
        let Ok(DecryptionKey::Device(secret)) = DecryptionKey::from_pem(OPENSSL[0], "phrase") else {
            panic!()
        };
        assert_eq!(DevicePublic::from_pem(OPENSSL[1]), Ok(secret.public()));
        assert_eq!(secret.public().to_pem().unwrap(), OPENSSL[1]);
    }

    #[test]
    fn keys_that_sign_do_not_encrypt() {
        let key = SecretKey::from_bytes(&[1; 32]);
        let (secret, public) = (key.to_pem("phrase").unwrap(), key.public_pem().unwrap());
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
            let pem = DevicePublic(point).to_pem().unwrap();
            assert_eq!(DevicePublic::from_pem(&pem), Err(KeyError::NotForSealing));
        }
    }
}
