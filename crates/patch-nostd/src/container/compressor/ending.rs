//! What follows LZMA2 in a file of .xz, which its contents and its length foretell (`docs/format.md`, section 14.7).

use std::vec::Vec;

use super::fields::{CRC32_CHECK, CRC64_CHECK, End, Xz};
use crate::container::totals::Totals;

/// The bytes that follow a stream with these totals.
pub(in super::super) fn ending(xz: &Xz, totals: &Totals) -> Vec<u8> {
    let mut bytes = Vec::new();
    if xz.end == End::None {
        return bytes;
    }
    bytes.resize(totals.packed.wrapping_neg() as usize % 4, 0);
    let padded = bytes.len();
    match xz.check {
        CRC32_CHECK => bytes.extend(totals.crc().to_le_bytes()),
        CRC64_CHECK => bytes.extend(totals.crc64().to_le_bytes()),
        _ => {}
    }
    if xz.end == End::File {
        let check = (bytes.len() - padded) as u64;
        let unpadded = u64::from(xz.header) + u64::from(totals.packed) + check;
        let index = index(unpadded, totals.plain.into());
        bytes.extend(&index);
        bytes.extend(footer(index.len() as u32, xz.check));
    }
    bytes
}

/// The bytes that follow a stream of `packed` bytes with these contents.
#[cfg(feature = "encode")]
#[must_use]
pub fn ending_of(xz: &Xz, packed: u32, plain: &[u8]) -> Vec<u8> {
    let mut totals = Totals::of(&super::Compressor::Xz(*xz));
    totals.add(plain);
    totals.packed = packed;
    ending(xz, &totals)
}

/// An index with one record.
fn index(unpadded: u64, plain: u64) -> Vec<u8> {
    let mut bytes = [0, 1].to_vec();
    for mut number in [unpadded, plain] {
        while number > 0x7F {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
    }
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

fn footer(index: u32, check: u8) -> [u8; 12] {
    let size = (index / 4).wrapping_sub(1).to_le_bytes();
    let covered = [size[0], size[1], size[2], size[3], 0, check];
    let sum = crc32fast::hash(&covered).to_le_bytes();
    let [a, b, c, d, e, f] = covered;
    [sum[0], sum[1], sum[2], sum[3], a, b, c, d, e, f, b'Y', b'Z']
}
