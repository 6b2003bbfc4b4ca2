//! Products, modules and versions: the texts of a header and which bytes they may have (`docs/format.md`, section 2.6).

/// The longest product, module or version, in bytes.
pub const TEXT_LIMIT: usize = 64;

/// A text of a header: its bytes are UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'h>(&'h [u8]);

impl<'h> Text<'h> {
    /// The text of a record, which has been checked.
    pub(super) const fn new(bytes: &'h [u8]) -> Self {
        Self(bytes)
    }

    /// As text.
    #[must_use]
    pub fn as_str(self) -> &'h str {
        core::str::from_utf8(self.0).unwrap_or_default()
    }

    /// As bytes: devices compare them, and need not know what they mean.
    #[must_use]
    pub const fn as_bytes(self) -> &'h [u8] {
        self.0
    }
}

impl<'h> From<&'h str> for Text<'h> {
    fn from(text: &'h str) -> Self {
        Self(text.as_bytes())
    }
}

/// Whether a text may be written as a product: 1 to [`TEXT_LIMIT`] bytes of UTF-8 without control characters.
///
/// Devices do not look for those: they compare the product with their own.
#[must_use]
pub fn is_product(text: &str) -> bool {
    may_be(true, text.as_bytes()) && !text.contains(char::is_control)
}

/// Whether a text may be a module or a version: 1 to [`TEXT_LIMIT`] letters and digits of ASCII, `.`, `_`, `-` and `+`.
#[must_use]
pub fn is_name(text: &str) -> bool {
    may_be(false, text.as_bytes())
}

/// Whether a product, or else a module or version, may have these bytes.
pub(super) fn may_be(product: bool, bytes: &[u8]) -> bool {
    let allowed = |&byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+');
    let right = if product { is_utf8(bytes) } else { bytes.iter().all(allowed) };
    right && !bytes.is_empty() && bytes.len() <= TEXT_LIMIT
}

/// Whether bytes are UTF-8 (RFC 3629). A third of the code of the standard library's answer, which is made for speed.
fn is_utf8(bytes: &[u8]) -> bool {
    // Bytes that must follow, and the range of the next one of them.
    let (mut more, mut least, mut most) = (0, 0x80, 0xBF);
    for &byte in bytes {
        if more > 0 {
            if byte < least || byte > most {
                return false;
            }
            more -= 1;
            (least, most) = (0x80, 0xBF);
            continue;
        }
        match byte {
            0..0x80 => continue,
            0xC2..0xF5 => {}
            _ => return false,
        }
        // Nothing that is shorter otherwise, no surrogates, nothing beyond 0x10FFFF.
        match byte {
            0xE0 => least = 0xA0,
            0xED => most = 0x9F,
            0xF0 => least = 0x90,
            0xF4 => most = 0x8F,
            _ => {}
        }
        more = 1 + u32::from(byte >= 0xE0) + u32::from(byte >= 0xF0);
    }
    more == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn utf8_is_what_the_standard_library_says(
            mut text in "\\PC{0,16}",
            place: usize,
            byte: u8,
            few in proptest::collection::vec(0x70..=0xFFu8, 0..5),
        ) {
            assert!(is_utf8(text.as_bytes()));
            assert_eq!(is_utf8(&few), core::str::from_utf8(&few).is_ok());
            text.push('x');
            let mut bytes = text.into_bytes();
            let place = place % bytes.len();
            bytes[place] = byte;
            assert_eq!(is_utf8(&bytes), core::str::from_utf8(&bytes).is_ok());
        }
    }

    #[test]
    fn every_pair_and_the_bounds_of_longer_ones_are_utf8_or_not() {
        for first in 0..=255 {
            for second in 0..=255 {
                for rest in [&[][..], &[0x80], &[0xBF, 0x80], &[0x7F]] {
                    let bytes = [&[first, second], rest].concat();
                    assert_eq!(is_utf8(&bytes), core::str::from_utf8(&bytes).is_ok(), "{bytes:?}");
                }
            }
        }
    }
}
