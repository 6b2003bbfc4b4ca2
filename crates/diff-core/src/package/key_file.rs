//! Secret keys in files: PKCS#8 (RFC 5958), encrypted with PBES2 (RFC 8018), in PEM.

use pkcs8::der::SecretDocument;
use pkcs8::{EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef};

use super::keys::KeyError;

const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";

/// Encrypts a key that is given as a PKCS#8 document.
pub(super) fn encrypted(key: &SecretDocument, passphrase: &str) -> Result<String, KeyError> {
    if passphrase.is_empty() {
        return Err(KeyError::EmptyPassphrase);
    }
    let key = PrivateKeyInfoRef::try_from(key.as_bytes()).map_err(|_| KeyError::Secret)?;
    let document = key.encrypt(passphrase).map_err(|error| KeyError::Random(error.to_string()))?;
    let pem = document.to_pem(ENCRYPTED, LineEnding::LF).map_err(|_| KeyError::Secret)?;
    Ok(pem.to_string())
}

/// Decrypts a key; the PKCS#8 document, of whatever algorithm.
pub(super) fn decrypted(pem: &str, passphrase: &str) -> Result<SecretDocument, KeyError> {
    let (label, document) = SecretDocument::from_pem(pem).map_err(|_| KeyError::Secret)?;
    if label != ENCRYPTED {
        return Err(KeyError::Secret);
    }
    let key = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|_| KeyError::Secret)?;
    let decrypted = key.decrypt(passphrase).map_err(|_| KeyError::Passphrase)?;
    match PrivateKeyInfoRef::try_from(decrypted.as_bytes()) {
        Ok(_) => Ok(decrypted),
        Err(_) => Err(KeyError::Passphrase),
    }
}
