//! Digests, and how they are written: in headers, and as lowercase hexadecimal digits.

use std::fmt::Write;

#[cfg(feature = "release")]
use md5::Md5;
use sha2::{Digest, Sha256};

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The digest of a base in a header: the start of its SHA-256; an empty image has none.
pub(crate) fn base_digest(base: &[u8]) -> [u8; 16] {
    let mut short = [0; 16];
    if !base.is_empty() {
        short.copy_from_slice(&sha256(base)[..16]);
    }
    short
}

/// Their SHA-256 as 64 digits.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&sha256(bytes))
}

/// Their MD5 as 32 digits.
#[cfg(feature = "release")]
pub(crate) fn md5_hex(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// Whether `text` is a digest of `bytes` bytes.
#[cfg(feature = "release")]
pub(crate) fn is_hex(text: &str, bytes: usize) -> bool {
    text.len() == 2 * bytes && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(all(test, feature = "release"))]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standards() {
        assert_eq!(md5_hex(b"abc"), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(is_hex(&md5_hex(b""), 16) && !is_hex(&md5_hex(b""), 32));
        assert!(!is_hex("AB", 1) && !is_hex("a", 1) && !is_hex("ag", 1));
    }
}
