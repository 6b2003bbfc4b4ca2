//! The header of a member: a block of fields at fixed places.

use super::super::members::text;
use super::until_zero;

pub(super) const BLOCK: usize = 512;

#[derive(Clone, Copy)]
pub(super) struct Header<'f>(pub(super) &'f [u8; BLOCK]);

impl Header<'_> {
    /// Whether the sum of the bytes is what it says: some old programs took the bytes as signed.
    pub(super) fn is_right(&self) -> bool {
        // No header has a sum of zero, which an empty field says, but other files may.
        let stated = number(&self.0[148..156]).filter(|&stated| stated > 0);
        let Some(stated) = stated.filter(|_| self.0[0] != 0 && self.0[148] & 0x80 == 0) else {
            return false;
        };
        let sum = |value: fn(u8) -> i64| {
            let bytes = self.0.iter().enumerate();
            bytes.map(|(at, &byte)| value(if (148..156).contains(&at) { b' ' } else { byte })).sum::<i64>()
        };
        let stated = i64::try_from(stated).unwrap_or(-1);
        stated == sum(i64::from) || stated == sum(|byte| i64::from(byte as i8))
    }

    /// The type of the member.
    pub(super) const fn kind(&self) -> u8 {
        self.0[156]
    }

    /// Bytes of what is stored of the member.
    pub(super) fn size(&self) -> Option<usize> {
        usize::try_from(number(&self.0[124..136])?).ok()
    }

    pub(super) fn name(&self) -> String {
        let name = text(until_zero(&self.0[..100]));
        // GNU's archives have other fields in place of the prefix.
        let is_posix = self.0[257..263] == *b"ustar\0";
        match text(until_zero(&self.0[345..500])) {
            prefix if is_posix && !prefix.is_empty() => prefix + "/" + &name,
            _ => name,
        }
    }

    pub(super) fn link(&self) -> String {
        text(until_zero(&self.0[157..257]))
    }
}

/// A number in octal digits with blanks around it, or in binary, which the first bit marks. Nothing is zero.
pub(super) fn number(field: &[u8]) -> Option<u64> {
    if let [first, rest @ ..] = field
        && first & 0x80 != 0
    {
        // The next bit is the sign.
        let start = (first & 0x40 == 0).then_some(u128::from(first & 0x3F))?;
        let value =
            rest.iter().try_fold(start, |value, &byte| Some(value.checked_mul(256)? + u128::from(byte)));
        return u64::try_from(value?).ok();
    }
    let digits = str::from_utf8(until_zero(field)).ok()?.trim_matches(' ');
    match digits {
        "" => Some(0),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => u64::from_str_radix(digits, 8).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_binary() {
        assert_eq!(number(b"00000001750\0"), Some(1000));
        assert_eq!(number(b"   1750 \0"), Some(1000));
        assert_eq!(number(b"000000001750"), Some(1000));
        assert_eq!(number(b"\0\0\0\0"), Some(0));
        assert_eq!(number(b"\x80\0\0\0\0\0\0\0\0\0\x03\xE8"), Some(1000));
        assert_eq!(number(b"\x80\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), Some(u64::MAX));
        assert_eq!(number(b"\x80\0\0\x01\0\0\0\0\0\0\0\0"), None);
        assert_eq!(number(b"\xBF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), None);
        assert_eq!(number(b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), None);
        for wrong in [&b"18"[..], b"-1", b"+1", b"1x", b"7777777777777777777777777"] {
            assert_eq!(number(wrong), None, "{wrong:?}");
        }
    }
}
