//! From a checked header to the cipher of its body (`docs/format.md`, section 15.5).

use zerocopy::IntoBytes;

use super::{Cipher, DecryptionKey, Encryption};
use crate::Error;
use crate::verify::Sha256;
use crate::wire::{Extensions, Header};

/// Where the body begins in the key stream; what is before it is for private records.
pub const BODY_POSITION: u64 = 512;

/// The cipher of a package, if it is encrypted, whose private records are then among the extensions: for those who read
/// packages by other means than a decoder. Signatures must have been checked.
///
/// Private records are decrypted into `room`; [`crate::wire::HEADER_LIMIT`] bytes are always enough. The body begins at
/// [`BODY_POSITION`] of the key stream.
///
/// # Errors
/// [`Error::Encrypted`], [`Error::DecryptionKey`], and [`Error::MalformedHeader`] for records.
#[inline]
pub fn unlock<'h, D: Sha256, K: DecryptionKey>(
    key: &K,
    header: &Header,
    extensions: &mut Extensions<'h>,
    room: &'h mut [u8],
) -> Result<Option<K::Cipher>, Error> {
    let Some(value) = extensions.encryption else { return Ok(None) };
    if K::DECRYPTS {
        open::<D, K>(value, key, header, extensions, room).map(Some)
    } else {
        Err(Error::Encrypted)
    }
}

#[cfg_attr(not(feature = "std"), inline(never))]
fn open<'h, D: Sha256, K: DecryptionKey>(
    value: &[u8],
    key: &K,
    header: &Header,
    extensions: &mut Extensions<'h>,
    room: &'h mut [u8],
) -> Result<K::Cipher, Error> {
    let encryption = Encryption::read(value)?;
    if header.body_digest.is_none() {
        return Err(Error::MalformedHeader);
    }
    let mut cipher = key.open::<D>(&encryption)?;
    let private = encryption.private;
    let records = room.get_mut(..private.len()).ok_or(Error::WorkspaceTooSmall)?;
    private.write_to(records).map_err(|_| Error::WorkspaceTooSmall)?;
    cipher.apply(0, records);
    extensions.read_private(records)?;
    Ok(cipher)
}

/// Decrypts bytes of the body from `offset` on.
#[inline]
pub(crate) fn decrypt_body<C: Cipher>(cipher: &mut Option<C>, offset: u32, bytes: &mut [u8]) {
    if let Some(cipher) = cipher {
        cipher.apply(BODY_POSITION + u64::from(offset), bytes);
    }
}
