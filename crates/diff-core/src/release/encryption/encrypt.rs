//! Encrypts packages (`docs/format.md`, sections 15.1 to 15.4).

use serde::{Deserialize, Serialize};
use smidgen_patch::header::HEADER_LIMIT;
use smidgen_patch::internals::secrecy::{BODY_POSITION, salt};
use smidgen_patch::secrecy::{
    AES_256_CTR, CHACHA20, Cipher, DecryptionKey, Encryption as Record, KeyMaterial, KeyName, Keyed,
    SharedKey, SoftwareCipher, content_key,
};
use smidgen_patch::verify::Sha256;
use smidgen_patch::{Error, Extensions, Header, SoftwareSha256};
use thiserror::Error;
use zeroize::Zeroizing;

use super::decrypt::decrypt;
use super::keys::SharedSecret;
use super::seal::{Sealed, Sealer};
use crate::digest::{hex, sha256};
use crate::proof::prove_with;
use crate::release::sign::key_file::{self, Secret};
use crate::release::sign::{KeyError, body};
use crate::settings::by_name;

/// The ciphers that the format has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum CipherChoice {
    /// ChaCha20: small and fast in software.
    #[default]
    #[serde(rename = "chacha20")]
    ChaCha20,
    /// AES-256 in counter mode: for chips with an engine.
    #[serde(rename = "aes-256-ctr")]
    Aes256Ctr,
}

/// How packages are encrypted.
pub struct Encryption {
    /// Who can decrypt them.
    pub recipient: Recipient,
    /// The cipher.
    pub cipher: CipherChoice,
}

/// Who can decrypt a package.
#[non_exhaustive]
pub enum Recipient {
    /// All devices of a product line: each run makes the same package.
    Shared(SharedSecret),
    /// The device with the key that this seals to: each run makes another package.
    Sealed(Box<dyn Sealer>),
}

/// An encrypted package.
#[non_exhaustive]
pub struct Encrypted {
    /// The package.
    pub bytes: Vec<u8>,
    /// The key that decrypts it, for a proof. Do not keep it.
    pub content_key: ContentKey,
}

/// The key of one package. It is wiped from memory when dropped.
#[derive(Clone)]
pub struct ContentKey(Secret);

/// Why a package could not be encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncryptError {
    /// It is not a package, or it is damaged.
    #[error("{0}")]
    Package(Error),
    /// It is already encrypted.
    #[error("the package is already encrypted")]
    Already,
    /// It is signed.
    #[error(
        "the package is signed, and encryption would invalidate its signatures: encrypt first, then sign"
    )]
    Signed,
    /// The content key could not be sealed.
    #[error("the content key could not be sealed: {0}")]
    Sealer(String),
    /// There is no content key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The encrypted package does not restore the target.
    #[error("internal error, please report it: the encrypted package could not be proved ({0})")]
    NotProved(Error),
    /// The key is 32 zeros: it was wiped, or never made.
    #[error("the encryption key is zero: make one with smidgen keygen")]
    NoKey,
    /// The header is full.
    #[error("the header is full: with encryption, it would have more than 512 bytes")]
    NoRoom,
}

impl Encryption {
    /// A text that differs for other keys and ciphers: packages of another one are made anew.
    pub(crate) fn recipe(&self) -> String {
        let recipient = match &self.recipient {
            Recipient::Shared(key) => format!("shared key {}", hex(&key.key_name())),
            Recipient::Sealed(sealer) => format!("sealed by {}", sealer.name()),
        };
        format!("{recipient}, {}", self.cipher.name())
    }

    /// Whether a package with this record is encrypted like this. Only a sealing service knows the key that it seals to.
    pub(crate) fn is_of(&self, record: &Record<'_>) -> bool {
        let recipient = match (&self.recipient, &record.material) {
            (Recipient::Shared(key), KeyMaterial::Shared(_)) => key.key_name() == record.key_name,
            (Recipient::Sealed(_), KeyMaterial::Sealed { .. }) => true,
            _ => false,
        };
        recipient && CipherChoice::from_number(record.cipher) == Some(self.cipher)
    }
}

by_name!(CipherChoice { ChaCha20 = "chacha20", Aes256Ctr = "aes-256-ctr" });

impl CipherChoice {
    /// The cipher of a number of the format.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            CHACHA20 => Some(Self::ChaCha20),
            AES_256_CTR => Some(Self::Aes256Ctr),
            _ => None,
        }
    }

    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::ChaCha20 => CHACHA20,
            Self::Aes256Ctr => AES_256_CTR,
        }
    }
}

impl ContentKey {
    fn new(bytes: [u8; 32]) -> Self {
        Self(Secret::new(Zeroizing::new(bytes)))
    }
}

impl DecryptionKey for ContentKey {
    type Cipher = SoftwareCipher;

    fn open<D: Sha256>(&self, encryption: &Record<'_>) -> Result<SoftwareCipher, Error> {
        SoftwareCipher::new(encryption.cipher, &self.0)
    }
}

/// Encrypts a package, which must not be signed yet, and all records of its header that may be private.
///
/// # Errors
/// [`EncryptError`].
pub fn encrypt(package: &[u8], encryption: &Encryption) -> Result<Encrypted, EncryptError> {
    let plain = Plain::new(package)?;
    let cipher = encryption.cipher;
    match &encryption.recipient {
        Recipient::Shared(key) => {
            if *key.bytes() == [0; 32] {
                return Err(EncryptError::NoKey);
            }
            let salt =
                salt::<SoftwareSha256>(key.bytes(), cipher.number(), &plain.clear_header(), &plain.private);
            let content_key = ContentKey::new(content_key::<SoftwareSha256>(key.bytes(), &salt));
            plain.encrypt(cipher, key.key_name(), KeyMaterial::Shared(&salt), content_key)
        }
        Recipient::Sealed(sealer) => {
            let content_key = ContentKey(key_file::random()?);
            let sealed = sealer.seal(&content_key.0).map_err(EncryptError::Sealer)?;
            plain.encrypt(cipher, sealed.key_name, sealed.material(), content_key)
        }
    }
}

/// Encrypts a package from `base` to `target`, and proves it as a device does, with the shared key or the content key.
///
/// # Errors
/// [`EncryptError`].
pub fn encrypt_and_prove(
    base: &[u8],
    target: &[u8],
    package: &[u8],
    encryption: &Encryption,
) -> Result<Vec<u8>, EncryptError> {
    let encrypted = encrypt(package, encryption)?;
    let proved = match &encryption.recipient {
        Recipient::Shared(key) => {
            encrypted.prove(base, target, package, &SharedKey::<SoftwareCipher>::new(*key.bytes()))
        }
        Recipient::Sealed(_) => encrypted.prove(base, target, package, &encrypted.content_key),
    };
    proved.map_err(EncryptError::NotProved)?;
    Ok(encrypted.bytes)
}

impl Encrypted {
    /// Checks that decryption gives the plain package, and that the device's decoder restores the image.
    fn prove<K>(&self, base: &[u8], target: &[u8], plain: &[u8], key: &K) -> Result<(), Error>
    where
        K: DecryptionKey + Sync,
    {
        let decrypted = decrypt(&self.bytes, key)?;
        let (header, extensions, length) = Header::parse_extended(&decrypted)?;
        let (expected, expected_extensions, start) = Header::parse_extended(plain)?;
        let same = header == Header { body_digest: header.body_digest, ..expected }
            && extensions == expected_extensions
            && decrypted.get(length..) == plain.get(start..);
        if !same {
            return Err(Error::Corrupt);
        }
        // A package of compressed files was proved before it was encrypted.
        if extensions.container.is_some() { Ok(()) } else { prove_with(base, target, &self.bytes, key) }
    }
}

/// Encrypts a package with a content key that is sealed already. Never use one for two packages.
///
/// # Errors
/// [`EncryptError`].
pub fn encrypt_sealed(
    package: &[u8],
    cipher: CipherChoice,
    content_key: &[u8; 32],
    sealed: &Sealed,
) -> Result<Encrypted, EncryptError> {
    let content_key = ContentKey::new(*content_key);
    Plain::new(package)?.encrypt(cipher, sealed.key_name, sealed.material(), content_key)
}

/// A package to encrypt, taken apart.
struct Plain<'p> {
    /// With the digest of the body.
    header: Header,
    /// The records that stay in the clear.
    clear: Extensions<'p>,
    private: Vec<u8>,
    body: &'p [u8],
}

impl<'p> Plain<'p> {
    fn new(package: &'p [u8]) -> Result<Self, EncryptError> {
        let (header, extensions, length) = Header::parse_extended(package).map_err(EncryptError::Package)?;
        if extensions.encryption.is_some() {
            return Err(EncryptError::Already);
        }
        if Header::signatures(package).is_ok_and(|signatures| signatures.is_some()) {
            return Err(EncryptError::Signed);
        }
        let body = body(package, &header, length).map_err(EncryptError::Package)?;
        let digest = sha256(body);
        if header.body_digest.is_some_and(|stated| stated != digest) {
            return Err(EncryptError::Package(Error::BodyDigest));
        }
        let header = Header { body_digest: Some(digest), ..header };
        let (clear, private) = (extensions.without_private_records(), extensions.to_private_records());
        Ok(Self { header, clear, private, body })
    }

    /// The header that the package would have if nothing were private or encrypted.
    fn clear_header(&self) -> Vec<u8> {
        self.header.to_bytes_with(&self.clear)
    }

    fn encrypt(
        self,
        cipher: CipherChoice,
        key_name: KeyName,
        material: KeyMaterial<'_>,
        content_key: ContentKey,
    ) -> Result<Encrypted, EncryptError> {
        if **content_key.0 == [0; 32] {
            return Err(EncryptError::NoKey);
        }
        let stream = SoftwareCipher::new(cipher.number(), &content_key.0);
        let mut stream = stream.map_err(EncryptError::Package)?;
        let (mut private, mut body) = (self.private, self.body.to_vec());
        stream.apply(0, &mut private);
        stream.apply(BODY_POSITION, &mut body);
        let record = Record { cipher: cipher.number(), key_name, material, private: &private }.to_bytes();
        let header = Header { body_digest: Some(sha256(&body)), ..self.header };
        let mut bytes = header.to_bytes_with(&Extensions { encryption: Some(&record), ..self.clear });
        if bytes.len() > HEADER_LIMIT {
            return Err(EncryptError::NoRoom);
        }
        bytes.append(&mut body);
        Ok(Encrypted { bytes, content_key })
    }
}
