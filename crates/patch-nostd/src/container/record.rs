//! The header's record of a container: what is expanded to which size (`docs/format.md`, section 14.1).

use crate::Error;
use crate::wire::{IMAGE_LIMIT, Reader};

/// The value of the extension with tag 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Exact size of the expanded base in bytes.
    pub base_size: u32,
    /// Exact size of the expanded target in bytes.
    pub target_size: u32,
    /// Bytes of recipe at the start of the body.
    pub recipe_size: u32,
    /// What they inflate to; the same number means that they are not deflated.
    pub recipe_length: u32,
    /// Plain bytes of the largest piece that is made again at once.
    pub piece: u32,
}

impl Record {
    /// Reads the value.
    pub fn read(value: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(value);
        let record = Self {
            base_size: bounded(&mut reader)?,
            target_size: bounded(&mut reader)?,
            recipe_size: bounded(&mut reader)?,
            recipe_length: bounded(&mut reader)?,
            piece: bounded(&mut reader)?,
        };
        if reader.remaining() == 0 { Ok(record) } else { Err(Error::MalformedHeader) }
    }

    /// The bytes that [`Record::read`] reads.
    #[cfg(feature = "encode")]
    #[must_use]
    pub fn to_bytes(&self) -> std::vec::Vec<u8> {
        let mut writer = crate::wire::Writer::default();
        let fields = [self.base_size, self.target_size, self.recipe_size, self.recipe_length, self.piece];
        fields.into_iter().for_each(|field| writer.varint(field));
        writer.bytes
    }
}

/// What restoring takes from the heap at most besides the header's RAM and the scratch, in bytes.
///
/// For each plain byte of the largest piece: the byte itself twice (gathered, and in the window of preflate), a token of
/// four bytes if nothing in it repeats, and up to two bytes of buffer for the stream, which grows by doubling. Usual
/// contents have tokens of three bytes and more and take four to five. Fixed: tables of preflate, of two inflaters,
/// and buffers. Recipes are there as bytes and as what they say.
#[must_use]
pub fn memory(record: &Record) -> u64 {
    (2 << 20) + PER_PLAIN_BYTE * u64::from(record.piece) + 2 * u64::from(record.recipe_length)
}

const PER_PLAIN_BYTE: u64 = 8;

fn bounded(reader: &mut Reader<'_>) -> Result<u32, Error> {
    let value = reader.varint()?;
    if value <= IMAGE_LIMIT { Ok(value) } else { Err(Error::MalformedHeader) }
}
