//! Hexadecimal digits, which two formats of text consist of, and errors that name their line.

use super::{Format, InputError};

/// The bytes that pairs of digits stand for, into a buffer that is used again and again.
pub(super) fn decode(digits: &[u8], bytes: &mut Vec<u8>) -> Result<(), String> {
    bytes.clear();
    if !digits.len().is_multiple_of(2) {
        return Err(format!("there are {} hexadecimal digits, an odd number", digits.len()));
    }
    for pair in digits.chunks_exact(2) {
        let (high, low) = (value(pair[0])?, value(pair[1])?);
        bytes.push(high << 4 | low);
    }
    Ok(())
}

fn value(digit: u8) -> Result<u8, String> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        other => Err(format!("{:?} is not a hexadecimal digit", char::from(other))),
    }
}

/// Makes errors about a line.
pub(super) fn at_line(format: Format, line: usize) -> impl Fn(String) -> InputError {
    move |reason| InputError::Line { format, line, reason }
}

/// A number, the first byte being the highest.
pub(super) fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_of_either_case() {
        let mut bytes = vec![1];
        decode(b"0aFf", &mut bytes).unwrap();
        assert_eq!(bytes, [0x0A, 0xFF]);
        assert!(decode(b"0", &mut bytes).unwrap_err().contains("odd"));
        assert!(decode(b"0g", &mut bytes).unwrap_err().contains("'g'"));
        assert_eq!(big_endian(&[1, 2, 3]), 0x01_02_03);
    }
}
