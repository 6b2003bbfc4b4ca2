//! Decrypts packages (`docs/format.md`, section 15).

use std::borrow::Cow;

use smidgen_patch::header::HEADER_LIMIT;
use smidgen_patch::internals::secrecy::{BODY_POSITION, unlock};
use smidgen_patch::secrecy::{
    Cipher, DecryptionKey as Opens, DeviceKey, Encryption as Record, KeyMaterial, SharedKey, SoftwareCipher,
};
use smidgen_patch::verify::Sha256;
use smidgen_patch::{Error, Extensions, Header, SoftwareSha256};

use super::keys::DecryptionKey;
use crate::digest::sha256;

/// Keys, of which a package names one.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'k>(pub &'k [DecryptionKey]);

impl Opens for Keys<'_> {
    type Cipher = SoftwareCipher;

    fn open<D: Sha256>(&self, encryption: &Record<'_>) -> Result<SoftwareCipher, Error> {
        let shared = matches!(encryption.material, KeyMaterial::Shared(_));
        let mut refusal = Error::Encrypted;
        for key in self.0 {
            let opened = match key {
                DecryptionKey::Shared(key) if shared => SharedKey::new(*key.bytes()).open::<D>(encryption),
                DecryptionKey::Device(key) if !shared => {
                    DeviceKey::new(*key.bytes(), key.public().0).open::<D>(encryption)
                }
                _ => continue,
            };
            match opened {
                Ok(cipher) => return Ok(cipher),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }
}

/// How a package is encrypted; `None` if it is not.
///
/// # Errors
/// Those of a damaged header.
pub fn encryption_of(package: &[u8]) -> Result<Option<Record<'_>>, Error> {
    let (_, extensions, _) = Header::parse_extended(package)?;
    extensions.encryption.map(Record::read).transpose()
}

/// Decrypts a package; the plain one has the digest of its plain body, and no signatures: check those before. A package
/// that is not encrypted stays as it is.
///
/// # Errors
/// [`Error::Encrypted`], [`Error::DecryptionKey`], and those of a damaged package.
pub fn decrypt<'p>(package: &'p [u8], key: &impl Opens) -> Result<Cow<'p, [u8]>, Error> {
    let (header, mut extensions, length) = Header::parse_extended(package)?;
    let mut room = [0; HEADER_LIMIT];
    let Some(mut cipher) = unlock::<SoftwareSha256, _>(key, &header, &mut extensions, &mut room)? else {
        return Ok(Cow::Borrowed(package));
    };
    let body = crate::release::sign::body(package, &header, length)?;
    if header.body_digest != Some(sha256(body)) {
        return Err(Error::BodyDigest);
    }
    let mut body = body.to_vec();
    cipher.apply(BODY_POSITION, &mut body);
    let header = Header { body_digest: Some(sha256(&body)), ..header };
    let mut plain = header.to_bytes_with(&Extensions { encryption: None, ..extensions });
    plain.append(&mut body);
    Ok(Cow::Owned(plain))
}
