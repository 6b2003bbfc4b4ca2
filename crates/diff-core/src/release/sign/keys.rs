//! Keys that sign packages and check signatures (`docs/format.md`, section 2.7), in PEM.

use ed25519_dalek::SigningKey;
use p256::pkcs8::DecodePublicKey;
use pkcs8::{DecodePrivateKey, ObjectIdentifier, PrivateKeyInfoRef};
use smidgen_patch::internals::wire::{KeyId, SIGNATURE_LENGTH};
use smidgen_patch::verify::{Ed25519Key, P256Key, Verifier};

use super::error::KeyError;
use super::key_file::{self, ED25519};
use crate::digest::hex;

/// A public key, of which devices have a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
    /// [`KeyError::Public`], [`KeyError::SecretForPublic`].
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        if pem.contains("PRIVATE KEY-----") {
            return Err(KeyError::SecretForPublic);
        }
        if let Ok(key) = ed25519_dalek::VerifyingKey::from_public_key_pem(pem) {
            return Ok(Self::Ed25519(Ed25519Key(key.to_bytes())));
        }
        let key = p256::ecdsa::VerifyingKey::from_public_key_pem(pem).map_err(|_| KeyError::Public)?;
        let point = key.to_sec1_point(false);
        let coordinates = point.as_bytes().get(1..).and_then(|bytes| bytes.first_chunk());
        coordinates.map(|bytes| Self::P256(P256Key(*bytes))).ok_or(KeyError::Public)
    }

    /// Reads a signature as tools print it: 64 bytes, ECDSA in DER, or hexadecimal digits of either.
    #[must_use]
    pub fn signature_from(printed: &[u8]) -> Option<[u8; SIGNATURE_LENGTH]> {
        let digits = from_hex(printed);
        let bytes = digits.as_deref().unwrap_or(printed);
        let der = || p256::ecdsa::Signature::from_der(bytes).map(|signature| signature.to_bytes().into());
        bytes.try_into().ok().or_else(|| der().ok())
    }

    /// The bytes that devices have: 32 of Ed25519, 64 of P-256.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Ed25519(key) => &key.0,
            Self::P256(key) => &key.0,
        }
    }

    /// The key's name in packages, in hexadecimal digits.
    #[must_use]
    pub fn name(&self) -> String {
        hex(&self.key_id())
    }

    /// The key as a Rust constant for the device's program.
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

/// A secret key of Ed25519, wiped from memory when dropped.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// A new key from the operating system's random numbers.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn generate() -> Result<Self, KeyError> {
        key_file::random().map(|seed| Self::from_bytes(&seed))
    }

    /// The key of these 32 secret bytes (RFC 8032).
    #[must_use]
    pub fn from_bytes(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Reads an encrypted key (PKCS#8 of version 1 or 2, with PBES2).
    ///
    /// # Errors
    /// Files that are no encrypted key of Ed25519; wrong passphrases.
    pub fn from_pem(pem: &str, passphrase: &str) -> Result<Self, KeyError> {
        let document = key_file::decrypted(pem, passphrase)?;
        let key = PrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|_| KeyError::Passphrase)?;
        if key.algorithm.oid != ED25519 {
            return Err(KeyError::Algorithm(algorithm_name(&key.algorithm.oid)));
        }
        SigningKey::from_pkcs8_der(document.as_bytes()).map(Self).map_err(|_| KeyError::Secret)
    }

    /// Writes the key, encrypted: PKCS#8 of version 1, scrypt and AES-256 in PBES2.
    ///
    /// # Errors
    /// [`KeyError::EmptyPassphrase`], [`KeyError::Random`].
    pub fn to_pem(&self, passphrase: &str) -> Result<String, KeyError> {
        key_file::to_pem(ED25519, self.0.as_bytes(), passphrase)
    }

    /// The public key that goes with it.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey::Ed25519(Ed25519Key(self.0.verifying_key().to_bytes()))
    }

    /// The public key in PEM.
    #[must_use]
    pub fn public_pem(&self) -> String {
        key_file::public_pem(ED25519, self.0.verifying_key().as_bytes())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LENGTH] {
        use ed25519_dalek::Signer;
        self.0.sign(message).to_bytes()
    }
}

/// The bytes of hexadecimal digits, with blanks around them.
pub(crate) fn from_hex(printed: &[u8]) -> Option<Vec<u8>> {
    let (pairs, []) = printed.trim_ascii().as_chunks::<2>() else { return None };
    let digit = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
    pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}

/// The name of an algorithm in messages.
fn algorithm_name(algorithm: &ObjectIdentifier) -> String {
    let text = algorithm.to_string();
    let name = match text.as_str() {
        "1.2.840.10045.2.1" => "ECDSA",
        "1.2.840.113549.1.1.1" => "RSA",
        "1.3.101.110" => "X25519, which decrypts packages",
        "1.2.840.113549.1.9.16.3.28" => "a product line, which encrypts packages",
        "1.3.101.113" => "Ed448",
        _ => return format!("the algorithm {text}"),
    };
    name.to_owned()
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
    fn public_keys_are_read_from_pem() {
        let key = SecretKey::from_bytes(&[1; 32]);
        assert_eq!(PublicKey::from_pem(&key.public_pem()), Ok(key.public_key()));
        let p256 = PublicKey::from_pem(P256).unwrap();
        assert_eq!((p256.name().as_str(), p256.bytes().len()), ("60fed4ba255a9d31", 64));
        assert!(p256.rust_constant().starts_with("const KEY: P256Key = P256Key([0x60, 0xfe, "));
        assert_eq!(PublicKey::from_pem("no key"), Err(KeyError::Public));
        let secret = key.to_pem("phrase").unwrap();
        assert_eq!(PublicKey::from_pem(&secret), Err(KeyError::SecretForPublic));
    }
}
