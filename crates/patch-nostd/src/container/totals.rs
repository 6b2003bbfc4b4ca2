//! Lengths and checksums of a stream, which its frame repeats (`docs/format.md`, section 14.4).

use crc32fast::Hasher;

use super::compressor::{CRC64_CHECK, Compressor};

/// Counts a stream as it passes.
#[derive(Clone, Debug)]
pub(super) struct Totals {
    crc: Hasher,
    adler: (u32, u32),
    /// Only where a frame repeats it.
    crc64: Option<u64>,
    /// Plain bytes.
    pub(super) plain: u32,
    /// Bytes of stream.
    pub(super) packed: u32,
}

impl Totals {
    pub(super) fn new() -> Self {
        Self { crc: Hasher::new(), adler: (1, 0), crc64: None, plain: 0, packed: 0 }
    }

    /// The same, with a CRC-64 if the compressor's frame has one.
    pub(super) fn of(compressor: &Compressor) -> Self {
        let has_crc64 = matches!(compressor, Compressor::Xz(xz) if xz.check == CRC64_CHECK);
        Self { crc64: has_crc64.then_some(!0), ..Self::new() }
    }

    /// Takes plain bytes.
    pub(super) fn add(&mut self, plain: &[u8]) {
        self.crc.update(plain);
        self.adler = plain.chunks(ADLER_CHUNK).fold(self.adler, adler);
        self.crc64 = self.crc64.map(|crc| plain.iter().fold(crc, crc64));
        self.plain = self.plain.wrapping_add(plain.len() as u32);
    }

    /// The CRC-32 of the plain bytes.
    pub(super) fn crc(&self) -> u32 {
        self.crc.clone().finalize()
    }

    /// Their CRC-64 (ECMA-182), if it is counted.
    pub(super) fn crc64(&self) -> u64 {
        self.crc64.map_or(0, |crc| !crc)
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

/// ECMA-182, reflected.
const CRC64: [u64; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        let (mut crc, mut bit) = (byte as u64, 0);
        while bit < 8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { 0xC96C_5795_D787_0F42 } else { 0 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

fn crc64(crc: u64, byte: &u8) -> u64 {
    let entry = CRC64.get(usize::from(crc as u8 ^ byte)).copied().unwrap_or(0);
    entry ^ crc >> 8
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
        let mut totals = Totals { crc64: Some(!0), ..Totals::new() };
        totals.add(b"123456789");
        assert_eq!((totals.crc(), totals.plain), (0xCBF4_3926, 9));
        assert_eq!(totals.crc64(), 0x995D_C9BB_DF19_39FA);
        let mut totals = Totals::new();
        totals.add(&[255; 20_000]);
        let low = (1 + 20_000 * 255) % 65521;
        assert_eq!(totals.adler() & 0xFFFF, low);
    }
}
