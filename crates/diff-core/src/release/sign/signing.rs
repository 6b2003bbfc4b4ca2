//! Signs packages, and checks who signed them (`docs/format.md`, section 2.7).

use patch_nostd::internals::wire::{SIGNATURE_LENGTH, Signing};
use patch_nostd::verify::{Anything, Policy, Signed, Verifier};
use patch_nostd::{Error, Header};
use thiserror::Error;

use super::keys::{PublicKey, SecretKey};
use crate::digest::{hex, sha256};

/// Something that signs with one key: the key itself, or a way to an HSM or a service that keeps it.
pub trait Signer: Send + Sync {
    /// The key that devices check with.
    fn public_key(&self) -> PublicKey;
    /// The signature of a message, of up to 512 bytes: R and S, or r and s.
    ///
    /// # Errors
    /// Why there is none, for people.
    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LENGTH], String>;
}

impl Signer for SecretKey {
    fn public_key(&self) -> PublicKey {
        Self::public_key(self)
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LENGTH], String> {
        Ok(Self::sign(self, message))
    }
}

impl Signer for Box<dyn Signer> {
    fn public_key(&self) -> PublicKey {
        (**self).public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LENGTH], String> {
        (**self).sign(message)
    }
}

/// Why a package could not be signed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignError {
    /// It is no package, or damaged.
    #[error("{0}")]
    Package(Error),
    /// The signer has none.
    #[error("the signer of key {key} failed: {reason}")]
    Signer {
        /// The key's name.
        key: String,
        /// What the signer said.
        reason: String,
    },
    /// The signer's signature is not by the key that it says.
    #[error("the signature that the signer made is not by the public key {key}")]
    OtherKey {
        /// The key's name.
        key: String,
    },
    /// The header is full.
    #[error("a package has room for at most 4 signatures, and its header for 512 bytes in all")]
    NoRoom,
}

/// Signs a package with all of these keys, besides signatures that it has already.
///
/// The package's header gets the digest of its body, if it has none. Each signature is checked before it is taken.
///
/// # Errors
/// [`SignError`].
pub fn sign(package: &[u8], signers: &[&dyn Signer]) -> Result<Vec<u8>, SignError> {
    let (header, extensions, length) = Header::parse_extended(package).map_err(SignError::Package)?;
    let body = body(package, &header, length).map_err(SignError::Package)?;
    let digest = sha256(body);
    let header = match header.body_digest {
        Some(stated) if stated != digest => return Err(SignError::Package(Error::BodyDigest)),
        Some(_) => package[..length].to_vec(),
        None => Header { body_digest: Some(digest), ..header }.to_bytes_with(&extensions),
    };
    let mut signing = Signing::new(&header).map_err(SignError::Package)?;
    for signer in signers {
        let key = signer.public_key();
        let failed = |reason| SignError::Signer { key: key.name(), reason };
        let signature = signer.sign(signing.message()).map_err(failed)?;
        if !key.verify(signing.message(), &signature) {
            return Err(SignError::OtherKey { key: key.name() });
        }
        signing.add(key.key_id(), signature);
    }
    let mut signed = signing.to_bytes().map_err(|_| SignError::NoRoom)?;
    signed.extend_from_slice(body);
    Ok(signed)
}

/// Checks that a package was signed by one of these keys, and that its body is the one that was signed.
///
/// # Errors
/// What a device with these keys would say.
pub fn check_signature(package: &[u8], keys: &[PublicKey]) -> Result<(), Error> {
    let (header, length) = Header::parse(package)?;
    let signatures = Header::signatures(package)?;
    if signatures.is_none() {
        return Err(Error::Unsigned);
    }
    let signing = Signing::new(&package[..length])?;
    Signed { keys, policy: Anything }.authenticate(signing.message(), signatures.as_ref())?;
    if header.body_digest == Some(sha256(body(package, &header, length)?)) {
        Ok(())
    } else {
        Err(Error::BodyDigest)
    }
}

/// The names of the keys that signed a package; whether they did is not checked.
///
/// # Errors
/// What is wrong with the header.
pub fn key_names(package: &[u8]) -> Result<Vec<String>, Error> {
    let signatures = Header::signatures(package)?;
    let keys = signatures.iter().flat_map(patch_nostd::internals::wire::Signatures::iter);
    Ok(keys.map(|(key, _)| hex(key)).collect())
}

/// The body, if it is as long as the header says.
pub(crate) fn body<'p>(package: &'p [u8], header: &Header, length: usize) -> Result<&'p [u8], Error> {
    let body = package.get(length..).ok_or(Error::Truncated)?;
    match body.len().cmp(&(header.body_length as usize)) {
        std::cmp::Ordering::Less => Err(Error::Truncated),
        std::cmp::Ordering::Equal => Ok(body),
        std::cmp::Ordering::Greater => Err(Error::TrailingData),
    }
}
