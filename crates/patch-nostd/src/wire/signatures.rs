//! The signatures of a package, at the end of its header (`docs/format.md`, section 2.7).

use super::prefix::{FLAG_SIGNED, FLAGS, LENGTH, PREFIX_LENGTH};
use crate::Error;

/// Bytes of a key's name: the first ones of the public key.
pub const KEY_ID_LENGTH: usize = 8;
/// Bytes of a signature, whatever the algorithm.
pub const SIGNATURE_LENGTH: usize = 64;
/// The most signatures of a package.
pub const MOST_SIGNATURES: usize = 4;

pub(super) const ENTRY: usize = KEY_ID_LENGTH + SIGNATURE_LENGTH;
pub(super) const CHECKSUM: usize = 4;

/// What a key is called: a hint which one to try, no proof of anything.
pub type KeyId = [u8; KEY_ID_LENGTH];

/// The signatures of a header, in ascending order of their keys' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signatures<'h> {
    entries: &'h [u8],
}

impl<'h> Signatures<'h> {
    /// Each signature, and the name of the key that made it.
    pub fn iter(&self) -> impl Iterator<Item = (&'h KeyId, &'h [u8; SIGNATURE_LENGTH])> {
        let entries = self.entries.chunks_exact(ENTRY);
        entries.filter_map(|entry| {
            let (key, signature) = entry.split_first_chunk::<KEY_ID_LENGTH>()?;
            Some((key, signature.first_chunk()?))
        })
    }

    /// Splits a whole header, without looking into any field but the flags: what is signed (without its length), and
    /// the signatures, if there are any.
    pub(crate) fn split(header: &'h [u8]) -> Result<(&'h [u8], Option<Self>), Error> {
        let fields = header.len().checked_sub(CHECKSUM).and_then(|length| header.get(..length));
        let fields = fields.ok_or(Error::MalformedHeader)?;
        if fields.get(FLAGS).is_none_or(|flags| flags & FLAG_SIGNED == 0) {
            return Ok((fields, None));
        }
        let (&count, rest) = fields.split_last().ok_or(Error::MalformedHeader)?;
        let length = usize::from(count) * ENTRY;
        let end = rest.len().checked_sub(length).ok_or(Error::MalformedHeader)?;
        let (signed, entries) = rest.split_at_checked(end).ok_or(Error::MalformedHeader)?;
        let counted = count > 0 && usize::from(count) <= MOST_SIGNATURES && end >= PREFIX_LENGTH;
        if counted && ascend(entries) {
            Ok((signed, Some(Self { entries })))
        } else {
            Err(Error::MalformedHeader)
        }
    }
}

/// Whether the names of keys ascend strictly.
fn ascend(entries: &[u8]) -> bool {
    let mut names = entries.chunks_exact(ENTRY).filter_map(|entry| entry.first_chunk());
    let mut last = None;
    names.all(|name| {
        last.replace(u64::from_be_bytes(*name)).is_none_or(|last| last < u64::from_be_bytes(*name))
    })
}

/// Calls `check` with the bytes that the signatures of a whole header are of, and the signatures; without any of them,
/// with none. The header is afterwards what it was.
pub(crate) fn with_message(
    header: &mut [u8],
    check: impl FnOnce(&[u8], Option<&Signatures<'_>>) -> Result<(), Error>,
) -> Result<(), Error> {
    let signed = Signatures::split(header)?.0.len();
    let length = length_field(header)?;
    set_length_field(header, (signed as u16).to_le_bytes())?;
    let checked =
        Signatures::split(header).and_then(|(message, signatures)| check(message, signatures.as_ref()));
    set_length_field(header, length)?;
    checked
}

fn length_field(header: &[u8]) -> Result<[u8; 2], Error> {
    let field = header.get(LENGTH).and_then(|field| field.first_chunk());
    field.copied().ok_or(Error::MalformedHeader)
}

fn set_length_field(header: &mut [u8], length: [u8; 2]) -> Result<(), Error> {
    let field = header.get_mut(LENGTH).and_then(|field| field.first_chunk_mut());
    *field.ok_or(Error::MalformedHeader)? = length;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A signed header with these keys.
    fn header(keys: &[u8]) -> std::vec::Vec<u8> {
        let mut header = std::vec![0; PREFIX_LENGTH + 3];
        header[FLAGS] = FLAG_SIGNED;
        for &key in keys {
            header.extend_from_slice(&[key; KEY_ID_LENGTH]);
            header.extend_from_slice(&[key + 100; SIGNATURE_LENGTH]);
        }
        header.push(keys.len() as u8);
        header.extend_from_slice(&[0xEE; CHECKSUM]);
        header
    }

    #[test]
    fn signatures_are_found_from_the_end() {
        let header = header(&[1, 2]);
        let (signed, signatures) = Signatures::split(&header).unwrap();
        assert_eq!(signed.len(), PREFIX_LENGTH + 3);
        let found: std::vec::Vec<_> =
            signatures.unwrap().iter().map(|(key, value)| (key[0], value[63])).collect();
        assert_eq!(found, [(1, 101), (2, 102)]);
    }

    #[test]
    fn what_is_signed_has_its_own_length_for_a_moment() {
        let mut header = header(&[1]);
        header[LENGTH].copy_from_slice(&[0x55, 0x01]);
        let before = header.clone();
        let check = |message: &[u8], signatures: Option<&Signatures<'_>>| {
            assert!(signatures.is_some());
            assert_eq!(message[LENGTH], [PREFIX_LENGTH as u8 + 3, 0]);
            Err(Error::Signature)
        };
        assert_eq!(with_message(&mut header, check), Err(Error::Signature));
        assert_eq!(header, before);
    }

    #[test]
    fn a_header_without_the_flag_has_none() {
        let mut header = header(&[1]);
        header[FLAGS] = 0;
        let (fields, signatures) = Signatures::split(&header).unwrap();
        assert_eq!((fields.len(), signatures), (header.len() - CHECKSUM, None));
    }

    #[test]
    fn malformed_blocks_are_refused() {
        for keys in [&[][..], &[2, 1], &[1, 1], &[1, 2, 3, 4, 5]] {
            assert_eq!(Signatures::split(&header(keys)), Err(Error::MalformedHeader), "{keys:?}");
        }
        let mut many = header(&[1]);
        let count = many.len() - CHECKSUM - 1;
        many[count] = 2;
        assert_eq!(Signatures::split(&many), Err(Error::MalformedHeader));
        assert_eq!(Signatures::split(&[]), Err(Error::MalformedHeader));
    }
}
