//! Little-endian base-128 integers and the cursors that read and write them (`docs/format.md`, section 2.1).

use crate::Error;

/// Reads fields from a byte slice; every read past the end is [`Error::MalformedHeader`].
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

#[allow(clippy::missing_errors_doc, reason = "the type states the one error")]
impl<'a> Reader<'a> {
    /// A cursor at the start of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Bytes not yet read.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, Error> {
        let (&first, rest) = self.rest.split_first().ok_or(Error::MalformedHeader)?;
        self.rest = rest;
        Ok(first)
    }

    /// A fixed number of bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (first, rest) = self.rest.split_first_chunk::<N>().ok_or(Error::MalformedHeader)?;
        self.rest = rest;
        Ok(*first)
    }

    /// The next `count` bytes.
    pub fn bytes(&mut self, count: u32) -> Result<&'a [u8], Error> {
        let (first, rest) = self.rest.split_at_checked(count as usize).ok_or(Error::MalformedHeader)?;
        self.rest = rest;
        Ok(first)
    }

    /// A base-128 integer of at most 32 bits: seven bits a byte, least significant first, the top bit says
    /// "more follows". Only the shortest form is accepted, so that a value has one encoding.
    pub fn varint(&mut self) -> Result<u32, Error> {
        let mut value = 0u32;
        let mut shift = 0u32;
        loop {
            let byte = self.byte()?;
            let bits = u32::from(byte & 0x7F);
            if shift > 28 || (shift == 28 && bits > 0x0F) || (shift > 0 && byte == 0) {
                return Err(Error::MalformedHeader);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
            shift += 7;
        }
    }
}

/// Appends fields to a byte vector: the inverse of [`Reader`].
#[cfg(feature = "encode")]
#[derive(Debug, Default)]
pub struct Writer {
    /// What has been written so far.
    pub bytes: std::vec::Vec<u8>,
}

#[cfg(feature = "encode")]
impl Writer {
    /// One byte.
    pub fn byte(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The shortest base-128 form of `value`.
    pub fn varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shortest_form_is_read() {
        assert_eq!(Reader::new(&[0x00]).varint(), Ok(0));
        assert_eq!(Reader::new(&[0xFF, 0x01]).varint(), Ok(255));
        assert_eq!(Reader::new(&[0xFF, 0xFF, 0xFF, 0xFF, 0x0F]).varint(), Ok(u32::MAX));
        for bad in [&[0x80u8, 0x00][..], &[0xFF, 0xFF, 0xFF, 0xFF, 0x1F], &[0x80], &[]] {
            assert_eq!(Reader::new(bad).varint(), Err(Error::MalformedHeader));
        }
    }

    #[cfg(feature = "encode")]
    proptest::proptest! {
        #[test]
        fn what_is_written_is_read(value: u32) {
            let mut writer = Writer::default();
            writer.varint(value);
            let mut reader = Reader::new(&writer.bytes);
            assert_eq!(reader.varint(), Ok(value));
            assert_eq!(reader.remaining(), 0);
        }
    }
}
