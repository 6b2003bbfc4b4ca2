//! How sizes, addresses and numbers of threads are written on the command line.

use diff_core::Ram;

/// The most threads that can be asked for: far beyond any use, and no danger.
pub(crate) const THREAD_LIMIT: i64 = 1024;

/// "auto" or a size.
pub(crate) fn parse_ram(text: &str) -> Result<Ram, String> {
    if text == "auto" { Ok(Ram::Auto) } else { parse_size(text).map(Ram::Bytes) }
}

/// A number of bytes, with a unit or without.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let wrong = || "expected \"auto\" or a size such as 16384, 16K, 256KiB or 8M".to_owned();
    let shift = unit_shift(unit).ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(1 << shift).ok_or_else(|| "no machine has that much memory".to_owned())
}

/// A size of flash.
pub(super) fn parse_area(text: &str) -> Result<u32, String> {
    let size = parse_size(text).map_err(|_| "expected a size such as 4096, 4K or 256KiB".to_owned())?;
    u32::try_from(size).map_err(|_| "no slot has that many bytes".to_owned())
}

/// The power of two that a unit stands for. "KB" is not one: some mean 1000 by it, some 1024.
fn unit_shift(unit: &str) -> Option<u32> {
    match unit.to_ascii_lowercase().as_str() {
        "" => Some(0),
        "k" | "ki" | "kib" => Some(10),
        "m" | "mi" | "mib" => Some(20),
        "g" | "gi" | "gib" => Some(30),
        _ => None,
    }
}

/// A number, decimal or hexadecimal.
pub(crate) fn parse_address(text: &str) -> Result<u32, String> {
    let parsed = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| "expected a 32-bit address such as 0x08000000 or 134217728".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        let sizes = [("0", 0), ("512", 512), ("16K", 16 << 10), ("256KiB", 256 << 10), ("8m", 8 << 20)];
        for (text, bytes) in sizes {
            assert_eq!(parse_ram(text), Ok(Ram::Bytes(bytes)), "{text}");
        }
        assert_eq!(parse_ram("auto"), Ok(Ram::Auto));
    }

    #[test]
    fn nonsense_is_no_size() {
        for text in ["", "K", "-1", "+1", "1.5M", "16KB", "16 K", "18446744073709551615K", "automatic"] {
            assert!(parse_ram(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_are_hexadecimal_or_decimal() {
        assert_eq!(parse_address("0x08000000"), Ok(0x0800_0000));
        assert_eq!(parse_address("134217728"), Ok(0x0800_0000));
        for text in ["", "0x", "08000000h", "0x100000000", "-1"] {
            assert!(parse_address(text).is_err(), "{text}");
        }
    }
}
