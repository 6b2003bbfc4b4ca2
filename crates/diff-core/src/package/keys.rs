//! Keys that sign packages and check signatures: files in PEM, as other tools read and write them.

use ed25519_dalek::SigningKey;
use p256::pkcs8::DecodePublicKey;
use patch_nostd::verify::{Ed25519Key, P256Key, Verifier};
use patch_nostd::wire::{KeyId, SIGNATURE_LENGTH};
use pkcs8::spki::EncodePublicKey;
use pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use thiserror::Error;

use super::digest::hex;

/// Why a key could not be made, read or written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is no public key.
    #[error("is not a public key of Ed25519 or P-256 in PEM (\"BEGIN PUBLIC KEY\")")]
    Public,
    /// The text is no secret key.
    #[error("is not an encrypted secret key of Ed25519 in PEM (\"BEGIN ENCRYPTED PRIVATE KEY\")")]
    Secret,
    /// The key is none that packages are decrypted with.
    #[error(
        "is not a key that decrypts packages: of a product line or of X25519, from smidgen keygen --shared or --x25519"
    )]
    NotForDecryption,
    /// The key is none that packages are sealed to.
    #[error("is not a public key of X25519 in PEM (\"BEGIN PUBLIC KEY\")")]
    NotForSealing,
    /// The passphrase is another.
    #[error("cannot be decrypted: the passphrase is wrong, or the file is damaged")]
    Passphrase,
    /// A passphrase without a character protects nothing.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The operating system has no random numbers.
    #[error("there are no random numbers: {0}")]
    Random(String),
}

/// A public key, of which devices have a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// Of Ed25519.
    Ed25519(Ed25519Key),
    /// Of ECDSA over P-256 with SHA-256.
    P256(P256Key),
}

impl PublicKey {
    /// Reads PEM, as `smidgen keygen` and OpenSSL write it.
    ///
    /// # Errors
    /// [`KeyError::Public`].
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        if let Ok(key) = ed25519_dalek::VerifyingKey::from_public_key_pem(pem) {
            return Ok(Self::Ed25519(Ed25519Key(key.to_bytes())));
        }
        let key = p256::ecdsa::VerifyingKey::from_public_key_pem(pem).map_err(|_| KeyError::Public)?;
        let point = key.to_sec1_point(false);
        let coordinates = point.as_bytes().get(1..).and_then(|bytes| bytes.first_chunk());
        coordinates.map(|bytes| Self::P256(P256Key(*bytes))).ok_or(KeyError::Public)
    }

    /// A signature as tools print it: 64 bytes, ECDSA's in DER, or hexadecimal digits of either.
    #[must_use]
    pub fn signature_from(printed: &[u8]) -> Option<[u8; SIGNATURE_LENGTH]> {
        if let Ok(bytes) = printed.try_into() {
            return Some(bytes);
        }
        if let Ok(signature) = p256::ecdsa::Signature::from_der(printed) {
            return Some(signature.to_bytes().into());
        }
        let digits = std::str::from_utf8(printed).ok()?.trim();
        let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
        let bytes: Option<Vec<u8>> = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect();
        bytes
            .filter(|bytes| bytes.len() != printed.len() && !bytes.is_empty())
            .and_then(|bytes| Self::signature_from(&bytes))
    }

    /// The bytes that devices have: 32 of Ed25519, 64 of P-256.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Ed25519(key) => &key.0,
            Self::P256(key) => &key.0,
        }
    }

    /// The name by which packages call it, in hexadecimal digits.
    #[must_use]
    pub fn name(&self) -> String {
        hex(&self.key_id())
    }

    /// The constant of a device's program.
    #[must_use]
    pub fn rust_constant(&self) -> String {
        let kind = match self {
            Self::Ed25519(_) => "Ed25519Key",
            Self::P256(_) => "P256Key",
        };
        let bytes: Vec<String> = self.bytes().iter().map(|byte| format!("0x{byte:02x}")).collect();
        format!("const KEY: {kind} = {kind}([{}]);", bytes.join(", "))
    }
}

impl Verifier for PublicKey {
    fn key_id(&self) -> KeyId {
        match self {
            Self::Ed25519(key) => key.key_id(),
            Self::P256(key) => key.key_id(),
        }
    }

    fn verify(&self, message: &[u8], signature: &[u8; SIGNATURE_LENGTH]) -> bool {
        match self {
            Self::Ed25519(key) => key.verify(message, signature),
            Self::P256(key) => key.verify(message, signature),
        }
    }
}

/// A secret key of Ed25519. It is wiped from memory when dropped.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// A new key from the operating system's random numbers.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| KeyError::Random(error.to_string()))?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// The key of these 32 secret bytes (RFC 8032).
    #[must_use]
    pub fn from_bytes(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Reads an encrypted key (PKCS#8 with PBES2, RFC 8018).
    ///
    /// # Errors
    /// What is wrong with file or passphrase.
    pub fn from_pem(pem: &str, passphrase: &str) -> Result<Self, KeyError> {
        if !pem.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
            return Err(KeyError::Secret);
        }
        SigningKey::from_pkcs8_encrypted_pem(pem, passphrase).map(Self).map_err(|_| KeyError::Passphrase)
    }

    /// Writes the key, encrypted: scrypt and AES-256 in PBES2.
    ///
    /// # Errors
    /// [`KeyError::EmptyPassphrase`], [`KeyError::Random`].
    pub fn to_pem(&self, passphrase: &str) -> Result<String, KeyError> {
        if passphrase.is_empty() {
            return Err(KeyError::EmptyPassphrase);
        }
        let pem = self.0.to_pkcs8_encrypted_pem(passphrase, LineEnding::LF);
        pem.map(|pem| pem.to_string()).map_err(|error| KeyError::Random(error.to_string()))
    }

    /// The public key that goes with it.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey::Ed25519(Ed25519Key(self.0.verifying_key().to_bytes()))
    }

    /// The public key in PEM.
    ///
    /// # Errors
    /// [`KeyError::Public`]; there is no key that cannot be written.
    pub fn public_pem(&self) -> Result<String, KeyError> {
        self.0.verifying_key().to_public_key_pem(LineEnding::LF).map_err(|_| KeyError::Public)
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LENGTH] {
        use ed25519_dalek::Signer;
        self.0.sign(message).to_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by OpenSSL: `openssl ecparam -name prime256v1 -genkey | openssl ec -pubout`.
    const P256: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7
Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==
-----END PUBLIC KEY-----
";

    #[test]
    fn keys_come_back_with_their_passphrase_only() {
        let key = SecretKey::generate().unwrap();
        let pem = key.to_pem("correct horse").unwrap();
        let again = SecretKey::from_pem(&pem, "correct horse").unwrap();
        assert_eq!(again.public_key(), key.public_key());
        assert_eq!(SecretKey::from_pem(&pem, "wrong").err(), Some(KeyError::Passphrase));
        assert_eq!(SecretKey::from_pem(P256, "x").err(), Some(KeyError::Secret));
        assert_eq!(key.to_pem("").err(), Some(KeyError::EmptyPassphrase));
        assert_ne!(SecretKey::generate().unwrap().public_key(), key.public_key());
    }

    #[test]
    fn public_keys_are_read_from_pem() {
        let key = SecretKey::from_bytes(&[1; 32]);
        assert_eq!(PublicKey::from_pem(&key.public_pem().unwrap()), Ok(key.public_key()));
        let p256 = PublicKey::from_pem(P256).unwrap();
        assert_eq!((p256.name().as_str(), p256.bytes().len()), ("60fed4ba255a9d31", 64));
        assert!(p256.rust_constant().starts_with("const KEY: P256Key = P256Key([0x60, 0xfe, "));
        assert_eq!(PublicKey::from_pem("no key"), Err(KeyError::Public));
    }
}
