//! RISC-V code of 32 and 64 bits: jumps, branches, and addresses in pieces (`docs/format.md`, section 7.3).
//!
//! The RISC-V Instruction Set Manual, Volume I, chapters 2 (RV32I) and "C" (compressed):
//!
//! ```text
//! LUI      imm[31:12] rd 0110111                    JAL      imm[20|10:1|11|19:12] rd 1101111
//! AUIPC    imm[31:12] rd 0010111                    Bxx      imm[12|10:5] rs2 rs1 f3 imm[4:1|11] 1100011
//! ADDI     imm[11:0] rs1 000 rd 0010011             ADDIW    imm[11:0] rs1 000 rd 0011011
//! JALR     imm[11:0] rs1 000 rd 1100111             loads    imm[11:0] rs1 f3 rd 0000011, 0000111
//! stores   imm[11:5] rs2 rs1 f3 imm[4:0] 0100011, 0100111
//! C.J      101 imm[11|4|9:8|10|6|7|3:1|5] 01        C.BEQZ   110 imm[8|4:3] rs1' imm[7:6|2:1|5] 01
//!                                                   C.BNEZ   111 ... 01
//! ```

use super::bits::{signed, with_word, word};
use super::instruction::Instruction;
use crate::refs::{AddressSpace, Bytes, Class, Effect, Half, Halves, ReferenceOf, View};

/// Instructions of RISC-V code that refer to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JAL: an offset of 21 bits.
    Jump,
    /// LUI: the upper part of an address, rounded.
    Upper,
    /// AUIPC: the upper part of a distance, rounded.
    Relative,
    /// ADDI, ADDIW, JALR, a load: the lower part, signed.
    Lower,
    /// A store: the lower part in two pieces.
    Store,
    /// A conditional branch: 13 bits.
    Branch,
    /// C.J: 12 bits.
    ShortJump,
    /// C.BEQZ or C.BNEZ: 9 bits.
    ShortBranch,
}

impl Instruction for Form {
    #[inline]
    fn find(view: &View<'_>, _space: &AddressSpace, halves: &Halves) -> Option<ReferenceOf<Self>> {
        if view.inside || view.address & 1 != 0 {
            return None;
        }
        let bytes = view.first;
        let word = word(bytes);
        let form = form(word)?;
        let (extra, target) = match form {
            Form::Upper | Form::Relative => {
                let low = partner(view, register(word))?;
                (low, form.read(bytes, view.address, low))
            }
            Form::Lower | Form::Store => {
                let half = halves.find(base(word), view.address)?;
                (half.new, form.read(bytes, view.address, half.old))
            }
            _ => (0, form.read(bytes, view.address, 0)),
        };
        Some(ReferenceOf { form, length: length(word) as u8, extra, target })
    }

    /// The target of the instruction at `address`. `extra` is the lower part for an upper one, and what the register
    /// holds for a lower one.
    fn read(self, bytes: Bytes, address: u32, extra: u32) -> u32 {
        let word = word(bytes);
        let offset = match self {
            Form::Jump => jump_offset(word),
            Form::Branch => branch_offset(word),
            Form::ShortJump => short_jump_offset(word),
            Form::ShortBranch => short_branch_offset(word),
            Form::Relative => (word & UPPER).wrapping_add(extra),
            Form::Upper => return (word & UPPER).wrapping_add(extra),
            Form::Lower | Form::Store => return extra.wrapping_add(low(self, word)),
        };
        address.wrapping_add(offset)
    }

    fn write(self, bytes: Bytes, address: u32, extra: u32, target: u32) -> Option<Bytes> {
        let word = word(bytes);
        let offset = target.wrapping_sub(address);
        let written = match self {
            Form::Jump => with_jump_offset(word, distance(offset, 21)?),
            Form::Branch => with_branch_offset(word, distance(offset, 13)?),
            Form::ShortJump => with_short_jump_offset(word, distance(offset, 12)?),
            Form::ShortBranch => with_short_branch_offset(word, distance(offset, 9)?),
            Form::Relative => word & !UPPER | offset.wrapping_add(ROUND) & UPPER,
            Form::Upper => word & !UPPER | target.wrapping_add(ROUND) & UPPER,
            Form::Lower => word & 0x000F_FFFF | lower(target, extra)? << 20,
            Form::Store => {
                let low = lower(target, extra)?;
                word & 0x01FF_F07F | low >> 5 << 25 | (low & 31) << 7
            }
        };
        Some(with_word(bytes, written))
    }

    /// Keeps the opcode and the registers; near references stay as they are, they mostly do not change.
    fn mask(self, bytes: Bytes) -> Bytes {
        let word = word(bytes);
        let masked = match self {
            Form::Jump | Form::Upper | Form::Relative => word & 0xFFF,
            Form::Lower => word & 0x000F_FFFF,
            Form::Store => word & 0x01FF_F07F,
            _ => word,
        };
        with_word(bytes, masked)
    }

    fn class(self) -> Class {
        match self {
            Form::Jump => Class::Branch,
            Form::Upper | Form::Relative => Class::High,
            Form::Lower | Form::Store => Class::Low,
            Form::Branch | Form::ShortJump | Form::ShortBranch => Class::Near,
        }
    }

    /// What a first half put into its register; what an instruction overwrites is no upper part any more.
    fn effect(self, old: (Bytes, u32), new: (Bytes, u32), _target: u32) -> Option<Effect> {
        let before = word(old.0);
        match self {
            Form::Upper | Form::Relative => Some(Effect::Set(Half {
                register: register(before),
                address: old.1,
                old: self.read(old.0, old.1, 0),
                new: self.read(new.0, new.1, 0),
            })),
            Form::Lower if register(before) == base(before) && before & 0x7F != 0x07 => {
                Some(Effect::Overwritten(base(before)))
            }
            _ => None,
        }
    }

    fn length(byte: u8, _next: u8) -> Option<u32> {
        Some(length(byte.into()))
    }
}

/// The registers that JAL writes: none, or one of the two that hold return addresses.
const LINKS: [u32; 3] = [0, 1, 5];

/// Bytes of an instruction.
const fn length(word: u32) -> u32 {
    if word & 3 == 3 { 4 } else { 2 }
}

#[inline]
fn form(word: u32) -> Option<Form> {
    let function = word >> 12 & 7;
    match word & 0x7F {
        0x6F if LINKS.contains(&register(word)) => Some(Form::Jump),
        0x37 if register(word) != 0 => Some(Form::Upper),
        0x17 if register(word) != 0 => Some(Form::Relative),
        0x13 | 0x1B | 0x67 if function == 0 => Some(Form::Lower),
        0x03 if function != 7 => Some(Form::Lower),
        0x07 if function == 2 || function == 3 => Some(Form::Lower),
        0x23 if function < 4 => Some(Form::Store),
        0x27 if function == 2 || function == 3 => Some(Form::Store),
        0x63 if function >> 1 != 1 => Some(Form::Branch),
        _ => match word & 0xE003 {
            // C.JAL is left out: RV64 has C.ADDIW in its place.
            0xA001 => Some(Form::ShortJump),
            0xC001 | 0xE001 => Some(Form::ShortBranch),
            _ => None,
        },
    }
}

/// The lower part that an instruction in view adds to the upper part in register `target`.
fn partner(view: &View<'_>, target: u32) -> Option<u32> {
    let mut at = 4;
    while at < view.bytes.len() {
        let word = view.word(at);
        match form(word) {
            Some(form @ (Form::Lower | Form::Store)) if base(word) == target => return Some(low(form, word)),
            Some(Form::Upper | Form::Relative) if register(word) == target => return None,
            _ => at += length(word) as usize,
        }
    }
    None
}

/// The register that is written.
const fn register(word: u32) -> u32 {
    word >> 7 & 31
}

/// The register that the lower part is added to.
const fn base(word: u32) -> u32 {
    word >> 15 & 31
}

/// The lower part of an address.
const fn low(form: Form, word: u32) -> u32 {
    match form {
        Form::Store => signed(word >> 25 << 5 | word >> 7 & 31, 12),
        _ => signed(word >> 20, 12),
    }
}

/// The bits of the upper part.
const UPPER: u32 = 0xFFFF_F000;
/// The lower part is signed, so the upper one is rounded.
const ROUND: u32 = 0x800;

/// An even offset that `bits` bits can hold.
fn distance(offset: u32, bits: u32) -> Option<u32> {
    (signed(offset, bits) == offset && offset & 1 == 0).then_some(offset)
}

/// The twelve bits that lead from `register` to `target`.
fn lower(target: u32, register: u32) -> Option<u32> {
    let low = target.wrapping_sub(register);
    (signed(low, 12) == low).then_some(low & 0xFFF)
}

/// Bits `from`.. of `value`, `count` of them, moved to `to`.
const fn bits(value: u32, from: u32, count: u32, to: u32) -> u32 {
    (value >> from & ((1 << count) - 1)) << to
}

const fn jump_offset(word: u32) -> u32 {
    let offset =
        bits(word, 31, 1, 20) | bits(word, 12, 8, 12) | bits(word, 20, 1, 11) | bits(word, 21, 10, 1);
    signed(offset, 21)
}

const fn with_jump_offset(word: u32, offset: u32) -> u32 {
    let high = bits(offset, 20, 1, 31) | bits(offset, 1, 10, 21);
    word & 0xFFF | high | bits(offset, 11, 1, 20) | bits(offset, 12, 8, 12)
}

const fn branch_offset(word: u32) -> u32 {
    let offset = bits(word, 31, 1, 12) | bits(word, 7, 1, 11) | bits(word, 25, 6, 5) | bits(word, 8, 4, 1);
    signed(offset, 13)
}

const fn with_branch_offset(word: u32, offset: u32) -> u32 {
    let high = bits(offset, 12, 1, 31) | bits(offset, 5, 6, 25);
    word & 0x01FF_F07F | high | bits(offset, 1, 4, 8) | bits(offset, 11, 1, 7)
}

const fn short_jump_offset(word: u32) -> u32 {
    let high = bits(word, 12, 1, 11) | bits(word, 11, 1, 4) | bits(word, 9, 2, 8) | bits(word, 8, 1, 10);
    let offset = high | bits(word, 7, 1, 6) | bits(word, 6, 1, 7) | bits(word, 3, 3, 1) | bits(word, 2, 1, 5);
    signed(offset, 12)
}

const fn with_short_jump_offset(word: u32, offset: u32) -> u32 {
    let high =
        bits(offset, 11, 1, 12) | bits(offset, 4, 1, 11) | bits(offset, 8, 2, 9) | bits(offset, 10, 1, 8);
    let low = bits(offset, 6, 1, 7) | bits(offset, 7, 1, 6) | bits(offset, 1, 3, 3) | bits(offset, 5, 1, 2);
    word & 0xFFFF_E003 | high | low
}

const fn short_branch_offset(word: u32) -> u32 {
    let high = bits(word, 12, 1, 8) | bits(word, 10, 2, 3) | bits(word, 5, 2, 6);
    signed(high | bits(word, 3, 2, 1) | bits(word, 2, 1, 5), 9)
}

const fn with_short_branch_offset(word: u32, offset: u32) -> u32 {
    let high = bits(offset, 8, 1, 12) | bits(offset, 3, 2, 10) | bits(offset, 6, 2, 5);
    word & 0xFFFF_E383 | high | bits(offset, 1, 2, 3) | bits(offset, 5, 1, 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn found(bytes: &[u8], address: u32) -> Option<(Form, u32)> {
        let reference =
            Form::find(&View::new(bytes, address, false), &AddressSpace::default(), &Halves::default())?;
        Some((reference.form, reference.target))
    }

    #[test]
    fn worked_examples() {
        // Assembled with `riscv64-unknown-elf-as -march=rv32imac`.
        let found = |word: u32| found(&word.to_le_bytes(), 0x1000);
        assert_eq!(found(0x0080_00EF), Some((Form::Jump, 0x1008))); // jal ra, .+8
        assert_eq!(found(0xFFDF_F06F), Some((Form::Jump, 0x0FFC))); // jal zero, .-4
        assert_eq!(found(0x0100_00EF | 0x0010_0000), Some((Form::Jump, 0x1810))); // jal ra, .+0x810
        assert_eq!(found(0x0081_00EF), Some((Form::Jump, 0x1_1008))); // jal ra, .+0x10008
        assert_eq!(found(0x00B5_0463), Some((Form::Branch, 0x1008))); // beq a0, a1, .+8
        assert_eq!(found(0xFEB5_1EE3), Some((Form::Branch, 0x0FFC))); // bne a0, a1, .-4
        assert_eq!(found(0xA021), Some((Form::ShortJump, 0x1008))); // c.j .+8
        assert_eq!(found(0xBFF5), Some((Form::ShortJump, 0x0FFC))); // c.j .-4
        assert_eq!(found(0xC501), Some((Form::ShortBranch, 0x1008))); // c.beqz a0, .+8
        assert_eq!(found(0xFD75), Some((Form::ShortBranch, 0x0FFC))); // c.bnez a0, .-4
        assert_eq!(found(0x0005_0513), None); // addi a0, a0, 0, with no upper part before
        assert_eq!(found(0x8082), None); // c.jr ra
    }

    /// Finds a pair, moves it by `delta`, and returns both instructions.
    fn moved(pair: [u32; 2], address: u32, delta: u32) -> (u32, [u32; 2]) {
        let code: Vec<u8> = pair.iter().flat_map(|word| word.to_le_bytes()).collect();
        let first = View::new(&code, address, false);
        let upper = Form::find(&first, &AddressSpace::default(), &Halves::default()).unwrap();
        let new =
            upper.form.write(first.first, address, upper.extra, upper.target.wrapping_add(delta)).unwrap();
        let mut halves = Halves::default();
        halves.take(upper.form.effect((first.first, address), (new, address), upper.target).unwrap());
        let second = View::new(&code[4..], address + 4, false);
        let lower = Form::find(&second, &AddressSpace::default(), &halves).unwrap();
        assert_eq!(lower.target, upper.target);
        let target = lower.target.wrapping_add(delta);
        let last = lower.form.write(second.first, address + 4, lower.extra, target).unwrap();
        (upper.target, [word(new), word(last)])
    }

    #[test]
    fn an_upper_and_a_lower_part_are_one_address() {
        // lui a3, 0x100bc; addi a3, a3, -580
        let addi = moved([0x100B_C6B7, 0xDBC6_8693], 0, 0x1000);
        assert_eq!(addi, (0x100B_BDBC, [0x100B_D6B7, 0xDBC6_8693]));
        // Where the lower part's sign changes, the upper part is one more.
        let addi = moved([0x100B_C6B7, 0x7FC6_8693], 0, 4);
        assert_eq!(addi, (0x100B_C7FC, [0x100B_D6B7, 0x8006_8693]));
        // auipc ra, 0x2; jalr ra, -256(ra)
        let call = moved([0x0000_2097, 0xF000_80E7], 0x8000_0000, 0x10);
        assert_eq!(call, (0x8000_1F00, [0x0000_2097, 0xF100_80E7]));
        // lui a5, 0x20000; sw a0, 20(a5)
        let store = moved([0x2000_07B7, 0x00A7_AA23], 0, 0x20);
        assert_eq!(store, (0x2000_0014, [0x2000_07B7, 0x02A7_AA23]));
    }

    #[test]
    fn out_of_reach_is_refused() {
        let jump = with_word(Bytes::default(), 0x0080_00EF);
        assert!(Form::Jump.write(jump, 0, 0, 1 << 20).is_none());
        assert!(Form::Jump.write(jump, 0, 0, (1 << 20) - 2).is_some());
        assert!(Form::Jump.write(jump, 0, 0, 9).is_none());
        assert!(Form::Lower.write(with_word(Bytes::default(), 0x0005_0513), 0, 0x1000, 0x1800).is_none());
    }

    const FORMS: [Form; 8] = [
        Form::Jump,
        Form::Upper,
        Form::Relative,
        Form::Lower,
        Form::Store,
        Form::Branch,
        Form::ShortJump,
        Form::ShortBranch,
    ];

    proptest! {
        #[test]
        fn writing_what_was_read_changes_nothing(bytes: Bytes, address: u32, low in 0..0x1000u32) {
            if let Some(form) = form(word(bytes)) {
                let low = signed(low, 12);
                let target = form.read(bytes, address & !1, low);
                prop_assert_eq!(form.write(bytes, address & !1, low, target), Some(bytes));
            }
        }

        #[test]
        fn what_is_written_is_read(bytes: Bytes, address: u32, low in 0..0x1000u32, near in 0..0x200u32, which in 0..8usize) {
            let form = FORMS[which];
            let low = signed(low, 12);
            let target = match form {
                Form::Upper => near << 12,
                Form::Relative => (address & !1).wrapping_add(near << 12),
                Form::Lower | Form::Store => low.wrapping_add(signed(near, 9)),
                _ => (address & !1).wrapping_add(signed(near & !1, 9)),
            };
            let target = if matches!(form, Form::Upper | Form::Relative) { target.wrapping_add(low) } else { target };
            let written = form.write(bytes, address & !1, low, target);
            prop_assert_eq!(written.map(|bytes| form.read(bytes, address & !1, low)), Some(target));
        }
    }
}
