//! From an encrypted package to a plain one, with whatever keys there are.

use std::borrow::Cow;

use patch_nostd::internals::secrecy::{BODY_POSITION, unlock};
use patch_nostd::internals::wire::HEADER_LIMIT;
use patch_nostd::secrecy::{
    Cipher, DecryptionKey as Opens, DeviceKey, Encryption as Record, KeyMaterial, SharedKey, SoftwareCipher,
};
use patch_nostd::verify::Sha256;
use patch_nostd::{Error, Extensions, Header, SoftwareSha256};

use super::keys::DecryptionKey;
use crate::digest::sha256;

/// Keys, of which the one is taken that a package names.
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

/// How a package is encrypted; nothing if it is not.
///
/// # Errors
/// What is wrong with its header.
pub fn encryption_of(package: &[u8]) -> Result<Option<Record<'_>>, Error> {
    let (_, extensions, _) = Header::parse_extended(package)?;
    extensions.encryption.map(Record::read).transpose()
}

/// The plain package of an encrypted one, with the digest of its plain body and without signatures; a package that is not
/// encrypted is as it was. Whoever wants signatures checked does that before.
///
/// # Errors
/// [`Error::Encrypted`], [`Error::DecryptionKey`], and what is wrong with the package.
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
