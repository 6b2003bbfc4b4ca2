//! Signs packages, and checks signatures (`docs/format.md`, section 2.7).

use smidgen_patch::internals::wire::{SIGNATURE_LENGTH, Signing};
use smidgen_patch::verify::{Anything, Policy, Signed, Verifier};
use smidgen_patch::{Error, Header};
use thiserror::Error;

use super::keys::{PublicKey, SecretKey};
use crate::digest::{hex, sha256};

/// Signs with one key: the key itself, or an HSM or a service that keeps it.
pub trait Signer: Send + Sync {
    /// The key that devices check with.
    fn public_key(&self) -> PublicKey;
    /// Signs a message of at most 512 bytes; the signature is R and S, or r and s.
    ///
    /// # Errors
    /// A text for people.
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

/// Why a package could not be signed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignError {
    /// It is not a package, or it is damaged.
    #[error("{0}")]
    Package(Error),
    /// The signer failed.
    #[error("the signer of key {key} failed: {reason}")]
    Signer {
        /// The key's name.
        key: String,
        /// The signer's error.
        reason: String,
    },
    /// The signature does not match the signer's public key.
    #[error("the signer's signature does not match its public key {key}")]
    OtherKey {
        /// The key's name.
        key: String,
    },
    /// The header is full.
    #[error("the header is full: a package has at most 4 signatures, and a header at most 512 bytes")]
    NoRoom,
}

/// Signs a package with all of these keys, and keeps earlier signatures.
///
/// The header gets the digest of the body, if it has none. Each signature is checked before it is added.
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

/// Checks that one of these keys signed a package, header and body.
///
/// # Errors
/// The error of a device with these keys.
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

/// The names of the keys that a package states as its signers; signatures are not checked.
///
/// # Errors
/// Those of a damaged header.
pub fn key_names(package: &[u8]) -> Result<Vec<String>, Error> {
    let signatures = Header::signatures(package)?;
    let keys = signatures.iter().flat_map(smidgen_patch::internals::wire::Signatures::iter);
    Ok(keys.map(|(key, _)| hex(key)).collect())
}

/// The body, if it is as long as the header states.
pub(crate) fn body<'p>(package: &'p [u8], header: &Header, length: usize) -> Result<&'p [u8], Error> {
    let body = package.get(length..).ok_or(Error::Truncated)?;
    match body.len().cmp(&(header.body_length as usize)) {
        std::cmp::Ordering::Less => Err(Error::Truncated),
        std::cmp::Ordering::Equal => Ok(body),
        std::cmp::Ordering::Greater => Err(Error::TrailingData),
    }
}
