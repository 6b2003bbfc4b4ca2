//! Signs headers (`docs/format.md`, section 2.7).

use std::vec::Vec;

use super::prefix::{FLAG_SIGNED, FLAGS, HEADER_LIMIT, LENGTH};
use super::signatures::{CHECKSUM, ENTRY, KeyId, MOST_SIGNATURES, SIGNATURE_LENGTH, Signatures};
use super::{Header, crc32};
use crate::Error;

/// A header that is being signed.
#[derive(Clone, Debug)]
pub struct Signing {
    /// What is signed.
    message: Vec<u8>,
    entries: Vec<(KeyId, [u8; SIGNATURE_LENGTH])>,
}

impl Signing {
    /// Takes the bytes of a whole, valid header, signed or not; it must state the digest of the body.
    ///
    /// # Errors
    /// [`Error::MalformedHeader`] without a digest of the body, and what [`Header::parse`] says.
    pub fn new(header: &[u8]) -> Result<Self, Error> {
        let (parsed, length) = Header::parse(header)?;
        if parsed.body_digest.is_none() {
            return Err(Error::MalformedHeader);
        }
        let header = header.get(..length).ok_or(Error::Truncated)?;
        let (message, signatures) = Signatures::split(header)?;
        let entries = signatures.iter().flat_map(Signatures::iter).map(|(key, signature)| (*key, *signature));
        let entries = entries.collect();
        let mut message = message.to_vec();
        message[FLAGS] |= FLAG_SIGNED;
        let length = message.len() as u16;
        message[LENGTH].copy_from_slice(&length.to_le_bytes());
        Ok(Self { message, entries })
    }

    /// The bytes to sign.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// Adds a signature of the message, or replaces the one by the same key.
    pub fn add(&mut self, key: KeyId, signature: [u8; SIGNATURE_LENGTH]) {
        self.entries.retain(|(other, _)| *other != key);
        self.entries.push((key, signature));
        self.entries.sort_unstable();
    }

    /// The signed header.
    ///
    /// # Errors
    /// [`Error::MalformedHeader`] with no signature, too many, or no room for them.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let length = self.message.len() + self.entries.len() * ENTRY + 1 + CHECKSUM;
        if !(1..=MOST_SIGNATURES).contains(&self.entries.len()) || length > HEADER_LIMIT {
            return Err(Error::MalformedHeader);
        }
        let mut bytes = self.message.clone();
        bytes[LENGTH].copy_from_slice(&(length as u16).to_le_bytes());
        for (key, signature) in &self.entries {
            bytes.extend_from_slice(key);
            bytes.extend_from_slice(signature);
        }
        bytes.push(self.entries.len() as u8);
        let checksum = crc32(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        Ok(bytes)
    }
}
