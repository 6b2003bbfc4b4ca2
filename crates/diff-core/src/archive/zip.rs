//! The headers of zip, as far as streams are concerned (APPNOTE.TXT, sections 4.3.7 to 4.3.16).

pub(crate) const LOCAL: [u8; 4] = *b"PK\x03\x04";
pub(crate) const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";
/// Bytes of headers without names and other fields of their own length.
const LOCAL_SIZE: usize = 30;
const CENTRAL_SIZE: usize = 46;
const END_SIZE: usize = 22;
const DEFLATE: usize = 8;
/// Flags: encrypted, and lengths in a descriptor.
const ENCRYPTED: usize = 1;
const DESCRIBED: usize = 8;

pub(crate) struct Local {
    /// Its bytes, name and extra field included.
    pub(crate) size: usize,
    /// Whether a deflate stream follows.
    pub(crate) deflated: bool,
    /// Whether a descriptor follows that.
    pub(crate) described: bool,
}

impl Local {
    /// The local header that these bytes begin with.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let header = bytes.get(..LOCAL_SIZE).filter(|header| header.starts_with(&LOCAL))?;
        let flags = short(header, 6);
        let size = LOCAL_SIZE + short(header, 26) + short(header, 28);
        (bytes.len() >= size).then_some(Self {
            size,
            deflated: short(header, 8) == DEFLATE && flags & ENCRYPTED == 0,
            described: flags & DESCRIBED != 0,
        })
    }
}

/// Records and bytes of the directory that these bytes begin with, its end included; if that is not there, the bytes that
/// were passed over. A directory of zip64 has another end.
pub(crate) fn directory(bytes: &[u8]) -> Result<(u32, usize), usize> {
    let (mut count, mut size) = (0, 0);
    while let Some(record) =
        bytes.get(size..size + CENTRAL_SIZE).filter(|record| record.starts_with(&CENTRAL))
    {
        count += 1;
        size += CENTRAL_SIZE + short(record, 28) + short(record, 30) + short(record, 32);
    }
    let is_end = bytes.get(size..size + END_SIZE).is_some_and(|end| end.starts_with(&END));
    if count > 0 && is_end { Ok((count, size + END_SIZE)) } else { Err(size) }
}

/// Whether these bytes are a descriptor with its signature and lengths of 32 bits.
pub(crate) fn is_descriptor(bytes: &[u8], packed: usize, plain: usize) -> bool {
    let is =
        |offset: usize, value: usize| bytes.get(offset..offset + 4) == Some(&(value as u32).to_le_bytes());
    bytes.starts_with(&DESCRIPTOR) && is(8, packed) && is(12, plain)
}

/// Two bytes, little-endian.
pub(crate) fn short(bytes: &[u8], offset: usize) -> usize {
    usize::from(bytes[offset]) | usize::from(bytes[offset + 1]) << 8
}
