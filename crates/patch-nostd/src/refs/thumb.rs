//! Thumb-2 branches of 25 bits: BL, BLX and B.W, encodings T1, T2 and T4 (`docs/format.md`, section 7.3).
//!
//! Arm Architecture Reference Manual ARMv7-M (DDI 0403), A7.7.12 and A7.7.18; ARMv7-A (DDI 0406), A8.8.25:
//!
//! ```text
//! first halfword   1 1 1 1 0 S imm10        second halfword   1 L J1 X J2 imm11
//! BL: L=1 X=1   BLX: L=1 X=0   B.W: L=0 X=1
//! offset = sign_extend(S : I1 : I2 : imm10 : imm11 : 0),  I1 = not(J1 xor S),  I2 = not(J2 xor S)
//! ```

/// L and X: what tells BL, BLX and B.W apart.
const FORM: u16 = 0x5000;
const BLX: u16 = 0x4000;
/// Bits of the second halfword that do not depend on the target.
const FIXED: u16 = 0xD000;
/// The reach: offsets are signed and have 25 bits.
const REACH: i32 = 1 << 24;

const fn halves(bytes: [u8; 4]) -> (u16, u16) {
    (u16::from_le_bytes([bytes[0], bytes[1]]), u16::from_le_bytes([bytes[2], bytes[3]]))
}

/// Whether these bytes are one of the three branches.
#[inline]
pub(super) const fn is_branch(bytes: [u8; 4]) -> bool {
    let (first, second) = halves(bytes);
    // L and X both zero is a conditional branch; a BLX to an odd halfword does not exist.
    first & 0xF800 == 0xF000
        && second & 0x8000 != 0
        && second & FORM != 0
        && (second & FORM != BLX || second & 1 == 0)
}

/// Whether both are the same kind of branch.
pub(super) const fn same_form(left: [u8; 4], right: [u8; 4]) -> bool {
    is_branch(right) && halves(left).1 & FORM == halves(right).1 & FORM
}

/// The program counter that the offset is added to.
const fn origin(second: u16, address: u32) -> u32 {
    let counter = address.wrapping_add(4);
    if second & FORM == BLX { counter & !3 } else { counter }
}

/// The target of the branch at `address`.
pub(super) const fn read(bytes: [u8; 4], address: u32) -> u32 {
    let (first, second) = halves(bytes);
    let sign = first as u32 >> 10 & 1;
    let i1 = !((second as u32 >> 13) ^ sign) & 1;
    let i2 = !((second as u32 >> 11) ^ sign) & 1;
    let offset =
        sign << 24 | i1 << 23 | i2 << 22 | (first as u32 & 0x3FF) << 12 | (second as u32 & 0x7FF) << 1;
    let offset = ((offset << 7) as i32 >> 7) as u32;
    origin(second, address).wrapping_add(offset)
}

/// The same branch, at `address`, to `target`; `None` when it cannot be reached.
pub(super) const fn write(bytes: [u8; 4], address: u32, target: u32) -> Option<[u8; 4]> {
    let (_, second) = halves(bytes);
    let offset = target.wrapping_sub(origin(second, address)) as i32;
    let unit = if second & FORM == BLX { 3 } else { 1 };
    if offset & unit != 0 || offset < -REACH || offset >= REACH {
        return None;
    }
    let offset = offset as u32;
    let sign = offset >> 24 & 1;
    let j1 = !(offset >> 23 ^ sign) & 1;
    let j2 = !(offset >> 22 ^ sign) & 1;
    let first = 0xF000 | (sign << 10) as u16 | (offset >> 12 & 0x3FF) as u16;
    let second = (second & FIXED) | (j1 << 13 | j2 << 11) as u16 | (offset >> 1 & 0x7FF) as u16;
    let ([a, b], [c, d]) = (first.to_le_bytes(), second.to_le_bytes());
    Some([a, b, c, d])
}

/// Keeps the opcode.
pub(super) const fn mask(bytes: [u8; 4]) -> [u8; 4] {
    [0, 0xF0, 0, bytes[3] & 0xD0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_examples() {
        // Assembled with `arm-none-eabi-as`: f7ff fffe is `bl .`, f000 f800 is `bl .+4`.
        assert_eq!(read([0xFF, 0xF7, 0xFE, 0xFF], 0x0800_0100), 0x0800_0100);
        assert_eq!(read([0x00, 0xF0, 0x00, 0xF8], 0x0800_0100), 0x0800_0104);
        // f000 b800 is `b.w .+4`; f000 e800 is `blx` to the next word.
        assert_eq!(read([0x00, 0xF0, 0x00, 0xB8], 0x100), 0x104);
        assert_eq!(read([0x00, 0xF0, 0x00, 0xE8], 0x102), 0x104);
        assert!(!is_branch([0x00, 0xF0, 0x00, 0x80]));
    }

    #[test]
    fn out_of_reach_is_refused() {
        let branch = [0x00, 0xF0, 0x00, 0xF8];
        assert!(write(branch, 0, 4 + (1 << 24)).is_none());
        assert!(write(branch, 0, 2 + (1 << 24)).is_some());
        assert!(write(branch, 0, 7).is_none());
    }

    proptest::proptest! {
        #[test]
        fn writing_what_was_read_changes_nothing(bytes: [u8; 4], address: u32) {
            let bytes = [bytes[0], bytes[1] & 7 | 0xF0, bytes[2], bytes[3]];
            let address = address & !1;
            if is_branch(bytes) {
                let target = read(bytes, address);
                assert_eq!(write(bytes, address, target), Some(bytes));
            }
        }

        #[test]
        fn what_is_written_is_read(address: u32, offset in -REACH..REACH) {
            let (address, offset) = (address & !1, offset & !1);
            let target = address.wrapping_add(4).wrapping_add(offset as u32);
            let bytes = write([0, 0xF0, 0, 0xF8], address, target).unwrap();
            assert_eq!(read(bytes, address), target);
            assert!(same_form([0, 0xF0, 0, 0xF8], bytes));
        }
    }
}
