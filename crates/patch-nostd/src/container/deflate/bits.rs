//! Bits of a deflate stream, the lowest of a byte first (RFC 1951, section 3.1.1).

use std::vec::Vec;

/// Writes bits.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    pending: u64,
    count: u32,
}

impl BitWriter {
    /// Appends the lowest `count` bits of `value`, at most 32, the lowest first.
    pub(super) fn put(&mut self, value: u32, count: u32) {
        self.pending |= (u64::from(value) & ((1 << count) - 1)) << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.pending as u8);
            self.pending >>= 8;
            self.count -= 8;
        }
    }

    /// Bits that are missing to the end of a byte.
    pub(super) const fn missing(&self) -> u32 {
        self.count.wrapping_neg() & 7
    }

    /// The whole bytes so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets the whole bytes so far.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }
}

/// Reads bits.
#[derive(Clone, Debug)]
pub(super) struct BitReader<'b> {
    bytes: &'b [u8],
    at: usize,
    pending: u64,
    count: u32,
}

impl<'b> BitReader<'b> {
    pub(super) const fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0, pending: 0, count: 0 }
    }

    /// The next bits, at least 32 of them; zeros follow the end.
    pub(super) fn peek(&mut self) -> u32 {
        while self.count <= 32 {
            let byte = self.bytes.get(self.at).copied().unwrap_or(0);
            self.pending |= u64::from(byte) << self.count;
            self.at += 1;
            self.count += 8;
        }
        self.pending as u32
    }

    /// Moves on by at most 32 bits that were seen.
    pub(super) const fn skip(&mut self, count: u32) {
        self.pending >>= count;
        self.count -= count;
    }

    /// The next `count` bits, at most 31; `None` beyond the end.
    pub(super) fn take(&mut self, count: u32) -> Option<u32> {
        let value = self.peek() & ((1 << count) - 1);
        self.skip(count);
        self.is_within().then_some(value)
    }

    /// Whether no more was read than there is.
    pub(super) fn is_within(&self) -> bool {
        self.position() <= self.bytes.len()
    }

    /// Bytes of which a bit has been read.
    pub(super) const fn position(&self) -> usize {
        self.at - (self.count / 8) as usize
    }

    /// Bits that are left of the byte that was read last.
    pub(super) const fn left(&self) -> u32 {
        self.count & 7
    }

    /// Moves on by whole bytes; at the end of a byte only.
    pub(super) fn bytes(&mut self, count: usize) -> Option<&'b [u8]> {
        let start = self.position();
        let bytes = self.bytes.get(start..start.checked_add(count)?)?;
        *self = Self { bytes: self.bytes, at: start + count, pending: 0, count: 0 };
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_back() {
        let mut writer = BitWriter::default();
        let values = [(1, 1), (0x1234, 13), (u32::MAX, 31), (5, 3), (0, 0), (77, 7), (1, 9)];
        values.iter().for_each(|&(value, count)| writer.put(value, count));
        let missing = writer.missing();
        writer.put(0, missing);
        let mut reader = BitReader::new(writer.bytes());
        for (value, count) in values {
            assert_eq!(reader.take(count), Some(value & ((1u64 << count) - 1) as u32));
        }
        assert_eq!((reader.left(), reader.position()), (missing, writer.bytes().len()));
        assert_eq!((reader.take(missing), reader.take(1)), (Some(0), None));
    }
}
