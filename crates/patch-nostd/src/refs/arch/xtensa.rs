//! Xtensa code: calls, jumps, branches and literal loads (`docs/format.md`, section 7.3).
//!
//! Xtensa Instruction Set Architecture Reference Manual, chapters 6 and 7, little-endian; the highest bit first:
//!
//! ```text
//! CALL0, CALL8     imm18 n0 0101                   BEQZ, BNEZ, BLTZ, BGEZ  imm12 s mm 01 0110
//! J                imm18 00 0110                   BEQI, BNEI, BLTI, BGEI  imm8 r s mm 10 0110
//! L32R             imm16 t 0001                    BLTUI, BGEUI            imm8 r s 1m 11 0110
//! BEQ, BBCI, ...   imm8 r s t 0111                 BF, BT                  imm8 000m s 01 11 0110
//! BEQZ.N, BNEZ.N   imm6[3:0] s 1m imm6[5:4] 1100   LOOP, LOOPNEZ, LOOPGTZ  imm8 10mm s 01 11 0110
//! ```

use super::bits::signed;
use super::instruction::Instruction;
use crate::refs::{AddressSpace, Bytes, Class, Halves, ReferenceOf, View};

/// Instructions of Xtensa code that refer to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// CALL0 or CALL8: 18 bits, in words. Compilers do not use CALL4 and CALL12.
    Call,
    /// J: 18 bits.
    Jump,
    /// L32R: back, 16 bits, in words.
    Literal,
    /// BEQZ and its like: 12 bits.
    Zero,
    /// Other branches: 8 bits.
    Branch,
    /// The end of a loop: forward, 8 bits.
    Loop,
    /// BEQZ.N, BNEZ.N: forward, 6 bits.
    Narrow,
}

impl Instruction for Form {
    /// A call leaves the image only by chance.
    #[inline]
    fn find(view: &View<'_>, space: &AddressSpace, _halves: &Halves) -> Option<ReferenceOf<Self>> {
        if view.inside {
            return None;
        }
        let bytes = view.first;
        let form = form(word(bytes))?;
        let length = if form == Form::Narrow { 2 } else { 3 };
        let target = form.read(bytes, view.address, 0);
        let sound = form != Form::Call || space.contains(target);
        sound.then_some(ReferenceOf { form, length, extra: 0, target })
    }

    fn read(self, bytes: Bytes, address: u32, _extra: u32) -> u32 {
        let word = word(bytes);
        let offset = match self {
            Form::Call => signed(word >> 6, 18) << 2,
            Form::Jump => signed(word >> 6, 18),
            Form::Literal => (word >> 8 | 0xFFFF_0000) << 2,
            Form::Zero => signed(word >> 12, 12),
            Form::Branch => signed(word >> 16, 8),
            Form::Loop => word >> 16,
            Form::Narrow => word >> 12 & 15 | word & 0x30,
        };
        origin(self, address).wrapping_add(offset)
    }

    fn write(self, bytes: Bytes, address: u32, _extra: u32, target: u32) -> Option<Bytes> {
        let word = word(bytes);
        let offset = target.wrapping_sub(origin(self, address));
        let written = match self {
            Form::Call if offset & 3 != 0 => return None,
            Form::Call => word & 0x3F | distance(offset, 20)? << 4,
            Form::Jump => word & 0x3F | distance(offset, 18)? << 6,
            Form::Literal if offset & 3 != 0 || offset < 0xFFFC_0000 => return None,
            Form::Literal => word & 0xFF | (offset >> 2 & 0xFFFF) << 8,
            Form::Zero => word & 0xFFF | distance(offset, 12)? << 12,
            Form::Branch => word & 0xFFFF | distance(offset, 8)? << 16,
            Form::Loop if offset > 0xFF => return None,
            Form::Loop => word & 0xFFFF | offset << 16,
            Form::Narrow if offset > 0x3F => return None,
            Form::Narrow => word & 0xFF_0FCF | (offset & 15) << 12 | offset & 0x30,
        };
        Some(with_word(bytes, written))
    }

    /// Keeps the opcode of calls; other references stay as they are, they mostly do not change.
    fn mask(self, bytes: Bytes) -> Bytes {
        let word = word(bytes);
        let masked = match self {
            Form::Call => word & 0x3F,
            _ => word,
        };
        with_word(bytes, masked)
    }

    fn class(self) -> Class {
        match self {
            Form::Call => Class::Branch,
            // Pools of literals move otherwise than the code that loads them.
            Form::Literal => Class::Low,
            _ => Class::Near,
        }
    }

    fn length(byte: u8, _next: u8) -> Option<u32> {
        Some(if byte & 8 != 0 { 2 } else { 3 })
    }
}

const fn word(bytes: Bytes) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0])
}

const fn with_word(bytes: Bytes, word: u32) -> Bytes {
    let [a, b, c, _] = word.to_le_bytes();
    let mut bytes = bytes;
    (bytes[0], bytes[1], bytes[2]) = (a, b, c);
    bytes
}

#[inline]
const fn form(word: u32) -> Option<Form> {
    let r = word >> 12 & 15;
    match word & 15 {
        0x1 => Some(Form::Literal),
        0x5 if word & 0x10 == 0 => Some(Form::Call),
        0x7 => Some(Form::Branch),
        0xC if word & 0x80 != 0 => Some(Form::Narrow),
        0x6 => match word >> 4 & 15 {
            0b0000 | 0b0100 | 0b1000 | 0b1100 => Some(Form::Jump),
            0b0001 | 0b0101 | 0b1001 | 0b1101 => Some(Form::Zero),
            0b0111 if r < 2 => Some(Form::Branch),
            0b0111 if 8 <= r && r < 11 => Some(Form::Loop),
            // ENTRY
            0b0011 | 0b0111 => None,
            _ => Some(Form::Branch),
        },
        _ => None,
    }
}

/// Where offsets count from.
const fn origin(form: Form, address: u32) -> u32 {
    match form {
        Form::Call => (address & !3).wrapping_add(4),
        Form::Literal => address.wrapping_add(3) & !3,
        _ => address.wrapping_add(4),
    }
}

/// An offset that `bits` bits can hold, without the others.
fn distance(offset: u32, bits: u32) -> Option<u32> {
    (signed(offset, bits) == offset).then_some(offset & ((1 << bits) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SPACE: AddressSpace = AddressSpace {
        base_address: 0x400D_0000,
        address_high: 0,
        image_size: 0x10_0000,
        windows: [crate::wire::Window { start: 0, length: 0 }; crate::wire::MAX_WINDOWS],
        forms: crate::wire::Forms::NONE,
    };

    fn found(word: u32, address: u32) -> Option<(Form, u32)> {
        let reference =
            Form::find(&View::new(&word.to_le_bytes()[..3], address, false), &SPACE, &Halves::default())?;
        Some((reference.form, reference.target))
    }

    #[test]
    fn worked_examples() {
        // From the formulas of the manual: there is no assembler at hand.
        let at = 0x400D_1002;
        assert_eq!(found(0x00_0025, at), Some((Form::Call, 0x400D_1004))); // call8 .+2
        assert_eq!(found(0xFF_FFE5, at), Some((Form::Call, 0x400D_1000))); // call8 .-2
        assert_eq!(found(0x7F_FFE5, 0x401C_F002), None); // call8 out of the image
        assert_eq!(found(0x00_0106, at), Some((Form::Jump, 0x400D_100A))); // j .+8
        assert_eq!(found(0xFF_FEC6, at), Some((Form::Jump, 0x400D_1001))); // j .-1
        assert_eq!(found(0xFF_FF81, at), Some((Form::Literal, 0x400D_1000))); // l32r a8, .-2
        assert_eq!(found(0x00_0081, at), Some((Form::Literal, 0x4009_1004))); // l32r a8, the farthest
        assert_eq!(found(0x00_4A16, at), Some((Form::Zero, 0x400D_100A))); // beqz a10, .+8
        assert_eq!(found(0xFF_CA56, at), Some((Form::Zero, 0x400D_1002))); // bnez a10, .
        assert_eq!(found(0x04_1A26, at), Some((Form::Branch, 0x400D_100A))); // beqi a10, 1, .+8
        assert_eq!(found(0xFC_BA97, at), Some((Form::Branch, 0x400D_1002))); // bgeu a10, a9, .
        assert_eq!(found(0xFC_8A76, at), Some((Form::Loop, 0x400D_1102))); // loop a10, .+0x100
        assert_eq!(found(0x00_4A8C, at), Some((Form::Narrow, 0x400D_100A))); // beqz.n a10, .+8
        assert_eq!(found(0x00_F9FC, at), Some((Form::Narrow, 0x400D_1045))); // bnez.n a9, .+0x43
        assert_eq!(found(0x00_4136, at), None); // entry a1, 32
        assert_eq!(found(0x00_090C, at), None); // movi.n a9, 0
    }

    fn reaches(form: Form, instruction: &[u8], address: u32, target: u32) -> bool {
        form.write(View::new(instruction, address, false).first, address, 0, target).is_some()
    }

    #[test]
    fn out_of_reach_is_refused() {
        assert!(!reaches(Form::Call, &[0x25, 0, 0], 0, 4 + (1 << 19)));
        assert!(!reaches(Form::Call, &[0x25, 0, 0], 0, 6));
        assert!(!reaches(Form::Literal, &[0x81, 0, 0], 0x1000, 0x1000));
        assert!(reaches(Form::Literal, &[0x81, 0, 0], 0x1000, 0x0FFC));
        assert!(!reaches(Form::Narrow, &[0x8C, 0, 0], 0, 4 + 64));
        assert!(!reaches(Form::Loop, &[0x76, 0x8A, 0], 0, 3));
    }

    const FORMS: [Form; 7] =
        [Form::Call, Form::Jump, Form::Literal, Form::Zero, Form::Branch, Form::Loop, Form::Narrow];

    proptest! {
        #[test]
        fn writing_what_was_read_changes_nothing(bytes: Bytes, address: u32) {
            if let Some(form) = form(word(bytes)) {
                let target = form.read(bytes, address, 0);
                prop_assert_eq!(form.write(bytes, address, 0, target), Some(bytes));
            }
        }

        #[test]
        fn what_is_written_is_read(bytes: Bytes, address: u32, offset: u32, which in 0..7usize) {
            let form = FORMS[which];
            let offset = match form {
                Form::Call => signed(offset, 18) << 2,
                Form::Jump => signed(offset, 18),
                Form::Literal => (offset | 0xFFFF_0000) << 2,
                Form::Zero => signed(offset, 12),
                Form::Branch => signed(offset, 8),
                Form::Loop => offset & 0xFF,
                Form::Narrow => offset & 0x3F,
            };
            let target = origin(form, address).wrapping_add(offset);
            let written = form.write(bytes, address, 0, target);
            prop_assert_eq!(written.map(|bytes| form.read(bytes, address, 0)), Some(target));
        }
    }
}
