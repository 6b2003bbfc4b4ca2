//! The header's checksum: CRC-32/ISO-HDLC (`docs/format.md`, section 2.4).

/// CRC-32 as in zip and Ethernet: reflected polynomial 0xEDB88320, initial value and final xor all ones.
///
/// Four bits at a time: a table of 16 words is a fair price on a microcontroller for about 100 header bytes.
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    crc32_on(0, bytes)
}

/// The same of bytes that follow others, whose value is `before`.
pub(crate) fn crc32_on(before: u32, bytes: &[u8]) -> u32 {
    let mut crc = !before;
    for &byte in bytes {
        crc ^= u32::from(byte);
        crc = (crc >> 4) ^ NIBBLES[(crc & 15) as usize];
        crc = (crc >> 4) ^ NIBBLES[(crc & 15) as usize];
    }
    !crc
}

const NIBBLES: [u32; 16] = {
    let mut table = [0; 16];
    let mut index = 0;
    while index < 16 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 4 {
            value = (value >> 1) ^ (0xEDB8_8320 * (value & 1));
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::crc32;

    #[test]
    fn check_value_of_the_catalogue() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
        assert_eq!(super::crc32_on(crc32(b"1234"), b"56789"), 0xCBF4_3926);
    }
}
