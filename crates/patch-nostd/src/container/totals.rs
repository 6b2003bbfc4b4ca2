//! Lengths and checksums of a stream, which its frame repeats (`docs/format.md`, section 14.4).

use crc32fast::Hasher;

/// Counts a stream as it passes.
#[derive(Clone, Debug)]
pub(super) struct Totals {
    crc: Hasher,
    adler: (u32, u32),
    /// Plain bytes.
    pub(super) plain: u32,
    /// Bytes of stream.
    pub(super) packed: u32,
}

impl Totals {
    pub(super) fn new() -> Self {
        Self { crc: Hasher::new(), adler: (1, 0), plain: 0, packed: 0 }
    }

    /// Takes plain bytes.
    pub(super) fn add(&mut self, plain: &[u8]) {
        self.crc.update(plain);
        self.adler = plain.chunks(ADLER_CHUNK).fold(self.adler, adler);
        self.plain = self.plain.wrapping_add(plain.len() as u32);
    }

    /// The CRC-32 of the plain bytes.
    pub(super) fn crc(&self) -> u32 {
        self.crc.clone().finalize()
    }

    /// Their Adler-32.
    pub(super) const fn adler(&self) -> u32 {
        self.adler.1 << 16 | self.adler.0
    }
}

const ADLER_MODULUS: u32 = 65521;
/// The most bytes after which sums of 32 bits have not wrapped.
const ADLER_CHUNK: usize = 5552;

fn adler((mut low, mut high): (u32, u32), bytes: &[u8]) -> (u32, u32) {
    for &byte in bytes {
        low += u32::from(byte);
        high += low;
    }
    (low % ADLER_MODULUS, high % ADLER_MODULUS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_those_of_the_standards() {
        let mut totals = Totals::new();
        totals.add(b"Wiki");
        totals.add(b"pedia");
        assert_eq!(totals.adler(), 0x11E6_0398);
        let mut totals = Totals::new();
        totals.add(b"123456789");
        assert_eq!((totals.crc(), totals.plain), (0xCBF4_3926, 9));
        let mut totals = Totals::new();
        totals.add(&[255; 20_000]);
        let low = (1 + 20_000 * 255) % 65521;
        assert_eq!(totals.adler() & 0xFFFF, low);
    }
}
