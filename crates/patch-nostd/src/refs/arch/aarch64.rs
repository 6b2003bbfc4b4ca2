//! AArch64 code: branches, literal loads, and addresses in pieces (`docs/format.md`, section 7.3).
//!
//! Arm Architecture Reference Manual for A-profile (DDI 0487), chapter C6:
//!
//! ```text
//! B, BL            x 00101 imm26                     ADR    0 immlo 10000 immhi19 Rd
//! B.cond           0101010 0 imm19 0 cond            ADRP   1 immlo 10000 immhi19 Rd
//! CBZ, CBNZ        x 011010 x imm19 Rt               ADD    x 00100010 0 imm12 Rn Rd
//! TBZ, TBNZ        x 011011 x xxxxx imm14 Rt         LDR, STR  size 111 V 01 opc imm12 Rn Rt
//! LDR (literal)    opc 011 V 00 imm19 Rt
//! ```

use super::bits::{signed, with_word, word};
use super::instruction::{Instruction, Pointers};
use crate::refs::{AddressSpace, Bytes, Class, Effect, Half, Halves, ReferenceOf, View};

/// Instructions of AArch64 code that refer to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// B or BL.
    Branch,
    /// B.cond, CBZ, CBNZ, or a load of a literal: 19 bits.
    Near,
    /// TBZ or TBNZ: 14 bits.
    Test,
    /// ADR.
    Address,
    /// ADRP: the page of an address.
    Page,
    /// ADD, LDR or STR: the place in a page, in units of 2^n bytes.
    Place(u8),
}

impl Instruction for Form {
    const POINTERS: Pointers = Pointers::None;

    #[inline]
    fn find(view: &View<'_>, _space: &AddressSpace, halves: &Halves) -> Option<ReferenceOf<Self>> {
        if view.address & 3 != 0 {
            return None;
        }
        let bytes = view.first;
        let word = word(bytes);
        let form = form(word)?;
        let (extra, target) = match form {
            Form::Page => {
                let place = partner(view, register(word)).unwrap_or(0);
                (place, form.read(bytes, view.address, place))
            }
            Form::Place(_) => {
                let half = halves.find(base(word), view.address)?;
                (half.new, form.read(bytes, view.address, half.old))
            }
            _ => (0, form.read(bytes, view.address, 0)),
        };
        Some(ReferenceOf { form, length: 4, extra, target })
    }

    /// The target of the instruction at `address`. `extra` is the place in the page for an ADRP, and the page for what
    /// follows it.
    fn read(self, bytes: Bytes, address: u32, extra: u32) -> u32 {
        let word = word(bytes);
        match self {
            Form::Branch => address.wrapping_add(signed(word & 0x3FF_FFFF, 26) << 2),
            Form::Near => address.wrapping_add(signed(word >> 5 & 0x7_FFFF, 19) << 2),
            Form::Test => address.wrapping_add(signed(word >> 5 & 0x3FFF, 14) << 2),
            Form::Address => address.wrapping_add(signed(split(word), 21)),
            Form::Page => (address & !0xFFF).wrapping_add(split(word) << 12).wrapping_add(extra),
            Form::Place(unit) => extra.wrapping_add((word >> 10 & 0xFFF) << (unit & 7)),
        }
    }

    fn write(self, bytes: Bytes, address: u32, extra: u32, target: u32) -> Option<Bytes> {
        let word = word(bytes);
        let offset = target.wrapping_sub(address);
        let written = match self {
            Form::Branch => word & 0xFC00_0000 | words(offset, 28)?,
            Form::Near => word & 0xFF00_001F | words(offset, 21)? << 5,
            Form::Test => word & 0xFFF8_001F | words(offset, 16)? << 5,
            Form::Address if signed(offset & 0x1F_FFFF, 21) != offset => return None,
            Form::Address => with_split(word, offset),
            Form::Page => {
                let pages = (target & !0xFFF).wrapping_sub(address & !0xFFF);
                // The upper bits of a distance of more than 2 GiB are lost; those of the sign are not.
                with_split(word, ((pages as i32) >> 12) as u32)
            }
            Form::Place(unit) => {
                let place = target.wrapping_sub(extra);
                let unit = u32::from(unit & 7);
                if place >= 0x1000 || place & ((1 << unit) - 1) != 0 {
                    return None;
                }
                word & 0xFFC0_03FF | (place >> unit) << 10
            }
        };
        Some(with_word(bytes, written))
    }

    /// Keeps the opcode; near references stay as they are, they mostly do not change.
    fn mask(self, bytes: Bytes) -> Bytes {
        let word = word(bytes);
        let masked = match self {
            Form::Branch => word & 0xFC00_0000,
            Form::Page => word & 0x9F00_001F,
            Form::Place(_) => word & 0xFFC0_03FF,
            _ => word,
        };
        with_word(bytes, masked)
    }

    fn class(self) -> Class {
        match self {
            Form::Branch => Class::Branch,
            Form::Near | Form::Test | Form::Address => Class::Near,
            Form::Page => Class::High,
            Form::Place(_) => Class::Low,
        }
    }

    /// What an ADRP put into its register; what an instruction overwrites is no page any more.
    fn effect(self, old: (Bytes, u32), new: (Bytes, u32), _target: u32) -> Option<Effect> {
        let (before, after) = (word(old.0), word(new.0));
        match self {
            Form::Page => Some(Effect::Set(Half {
                register: register(before),
                address: old.1,
                old: self.read(old.0, old.1, 0),
                new: self.read(new.0, new.1, 0),
            })),
            Form::Place(_) if register(before) == base(before) && overwrites(after) => {
                Some(Effect::Overwritten(base(before)))
            }
            _ => None,
        }
    }
}

#[inline]
const fn form(word: u32) -> Option<Form> {
    match word >> 24 & 0x1F {
        0x14..=0x17 if word & 0x6000_0000 == 0 => Some(Form::Branch),
        0x14 if word >> 29 == 0b010 => Some(Form::Near),
        0x14 | 0x15 if word >> 29 & 3 == 0b01 => Some(Form::Near),
        0x16 | 0x17 if word >> 29 & 3 == 0b01 => Some(Form::Test),
        0x18 | 0x1C if word & 0x2000_0000 == 0 => Some(Form::Near),
        0x10 if word >> 31 == 0 => Some(Form::Address),
        0x10 => Some(Form::Page),
        _ => place(word),
    }
}

/// An ADD, LDR or STR whose immediate may be the place in a page.
#[inline]
const fn place(word: u32) -> Option<Form> {
    if word & 0x7FC0_0000 == 0x1100_0000 {
        return Some(Form::Place(0));
    }
    if word & 0x3B00_0000 != 0x3900_0000 {
        return None;
    }
    let vector = word & 0x0480_0000 == 0x0480_0000;
    Some(Form::Place(if vector { 4 } else { (word >> 30) as u8 }))
}

/// The place in its page of what an instruction in view makes of the page in register `target`.
fn partner(view: &View<'_>, target: u32) -> Option<u32> {
    for at in (4..view.bytes.len()).step_by(4) {
        let word = view.word(at);
        match form(word) {
            Some(Form::Place(unit)) if base(word) == target => return Some((word >> 10 & 0xFFF) << unit),
            Some(Form::Page) if register(word) == target => return None,
            _ => {}
        }
    }
    None
}

/// The register that is written.
const fn register(word: u32) -> u32 {
    word & 31
}

/// The register that an ADD, LDR or STR starts from.
const fn base(word: u32) -> u32 {
    word >> 5 & 31
}

/// A distance of `bits` bits as a number of words.
fn words(offset: u32, bits: u32) -> Option<u32> {
    let fits = signed(offset & ((1 << bits) - 1), bits) == offset && offset & 3 == 0;
    fits.then_some(offset >> 2 & ((1 << (bits - 2)) - 1))
}

/// immhi : immlo.
const fn split(word: u32) -> u32 {
    (word >> 5 & 0x7_FFFF) << 2 | word >> 29 & 3
}

const fn with_split(word: u32, value: u32) -> u32 {
    word & 0x9F00_001F | (value >> 2 & 0x7_FFFF) << 5 | (value & 3) << 29
}

/// Whether this ADD, LDR or STR writes a general register.
const fn overwrites(word: u32) -> bool {
    word & 0x3B00_0000 != 0x3900_0000 || word & 0x0400_0000 == 0 && word >> 22 & 3 != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn found(word: u32, address: u32) -> Option<(Form, u32)> {
        let reference = Form::find(
            &View::new(&word.to_le_bytes(), address, false),
            &AddressSpace::default(),
            &Halves::default(),
        )?;
        Some((reference.form, reference.target))
    }

    #[test]
    fn worked_examples() {
        assert_eq!(found(0x9400_0001, 0x1000), Some((Form::Branch, 0x1004))); // bl .+4
        assert_eq!(found(0x17FF_FFFF, 0x1000), Some((Form::Branch, 0xFFC))); // b .-4
        assert_eq!(found(0x5400_0040, 0x1000), Some((Form::Near, 0x1008))); // b.eq .+8
        assert_eq!(found(0xB400_0041, 0x1000), Some((Form::Near, 0x1008))); // cbz x1, .+8
        assert_eq!(found(0x3707_FFE2, 0x1000), Some((Form::Test, 0xFFC))); // tbnz w2, #0, .-4
        assert_eq!(found(0x5800_0040, 0x1000), Some((Form::Near, 0x1008))); // ldr x0, .+8
        assert_eq!(found(0x1000_0040, 0x1000), Some((Form::Address, 0x1008))); // adr x0, .+8
        assert_eq!(found(0xB000_0000, 0x1234), Some((Form::Page, 0x2000))); // adrp x0, .+0x1000
        assert_eq!(found(0x9100_0000, 0x1000), None); // add x0, x0, #0, with no page before
        assert_eq!(found(0xD65F_03C0, 0x1000), None); // ret
    }

    #[test]
    fn a_page_and_a_place_are_one_address() {
        // adrp x0, .+0x1000; nop; ldr x1, [x0, #0x18]
        let code: Vec<u8> =
            [0xB000_0000u32, 0xD503_201F, 0xF940_0C01].iter().flat_map(|word| word.to_le_bytes()).collect();
        let first = View::new(&code, 0x1010, false);
        let page = Form::find(&first, &AddressSpace::default(), &Halves::default()).unwrap();
        assert_eq!((page.target, page.extra), (0x2018, 0x18));
        let moved = Form::Page.write(first.first, 0x1010, page.extra, 0x5028).unwrap();
        let mut halves = Halves::default();
        halves.take(Form::Page.effect((first.first, 0x1010), (moved, 0x1010), page.target).unwrap());
        let second = View::new(&code[8..], 0x1018, false);
        let place = Form::find(&second, &AddressSpace::default(), &halves).unwrap();
        assert_eq!((place.target, place.extra), (0x2018, 0x5000));
        let moved = Form::Place(3).write(second.first, 0, place.extra, 0x5028).unwrap();
        assert_eq!(word(moved), 0xF940_1401);
        assert!(Form::Place(3).write(second.first, 0, place.extra, 0x6028).is_none());
        assert!(Form::Place(3).write(second.first, 0, place.extra, 0x5024).is_none());
    }

    proptest! {
        #[test]
        fn writing_what_was_read_changes_nothing(word: u32, address in 0..0x4000_0000u32) {
            let address = address & !3;
            if let Some((form, target)) = found(word, address) {
                let bytes = with_word(Bytes::default(), word);
                let far = form == Form::Page && !(0xFFF8_0000..=0xFFFF_FFFF).contains(&signed(split(word), 21)) && split(word) >= 0x8_0000;
                prop_assert!(far || form.write(bytes, address, target & 0xFFF, target) == Some(bytes));
            }
        }
    }
}
