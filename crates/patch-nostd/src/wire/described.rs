//! Forms of references that a header describes: those of processors without a file of their own (`docs/format.md`,
//! section 3.6).

#[cfg(feature = "described")]
use super::PageKind;
use super::{Fields, PageKinds};

/// How many forms a header may describe.
pub const MAX_FORMS: usize = 4;
/// In how many parts of an instruction an operand may be.
pub const MAX_PARTS: usize = 4;

/// In which order the bytes of an instruction make its word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ByteOrder {
    /// The first byte is the lowest.
    #[default]
    Little,
    /// The first byte is the highest.
    Big,
    /// Two halfwords, the first one the higher, each with its first byte the lower.
    Halves,
}

/// What an operand refers to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// Data, which must lie in the address space.
    Pointer,
    /// Code, anywhere.
    #[default]
    Far,
    /// What rarely lies outside of the cover.
    Near,
}

/// Bits of an instruction that follow each other: a part of its operand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    /// The lowest of them, 0 to 31.
    pub low: u8,
    /// How many there are, 1 to 32; none where an operand has fewer parts.
    pub bits: u8,
}

/// An instruction that refers to an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Description {
    /// Its bytes, 2 to 4.
    pub length: u8,
    /// How they make a word.
    pub order: ByteOrder,
    /// It begins at multiples of this: 1, 2 or 4.
    pub alignment: u8,
    /// What it refers to.
    pub reach: Reach,
    /// Whether the operand counts from the instruction.
    pub relative: bool,
    /// How many zeros are behind the operand's bits, 0 to 3.
    pub scale: u8,
    /// The operand counts from this many bytes behind the instruction's address, 0 to 15.
    pub ahead: u8,
    /// The bits that tell the instruction from others.
    pub mask: u32,
    /// What they are.
    pub value: u32,
    /// The parts of the operand, the highest first.
    pub parts: [Part; MAX_PARTS],
}

/// The forms that a header describes, in the order in which they are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forms {
    #[cfg(feature = "described")]
    list: [Description; MAX_FORMS],
    #[cfg(feature = "described")]
    count: usize,
}

impl Description {
    /// Bits of the operand with the zeros behind it: 1 to 32 of a description that was read.
    #[cfg(feature = "described")]
    #[cfg_attr(not(feature = "std"), inline(never))]
    pub(crate) fn bits(&self) -> u32 {
        self.parts.iter().map(|part| u32::from(part.bits)).fold(self.scale.into(), u32::wrapping_add)
    }
}

/// For people: what is told by which bits, and where the operand is.
impl core::fmt::Display for Description {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let order = match self.order {
            ByteOrder::Little => "little-endian",
            ByteOrder::Big => "big-endian",
            ByteOrder::Halves => "little-endian halfwords, the higher first",
        };
        let reach = match self.reach {
            Reach::Pointer => "data",
            Reach::Far => "code",
            Reach::Near => "code nearby",
        };
        let digits = usize::from(self.length) * 2;
        write!(f, "{:#0w$x} under {:#0w$x}", self.value, self.mask, w = digits + 2)?;
        write!(f, " ({} bytes, {order}, at multiples of {}): {reach}", self.length, self.alignment)?;
        for (index, part) in self.parts.iter().filter(|part| part.bits > 0).enumerate() {
            let last = u32::from(part.low) + u32::from(part.bits).saturating_sub(1);
            write!(f, "{} {last} to {}", if index == 0 { " at bits" } else { "," }, part.low)?;
        }
        if self.scale > 0 {
            write!(f, ", times {}", 1 << (self.scale & 3))?;
        }
        if self.relative {
            write!(f, ", counted from {} bytes behind its address", self.ahead)?;
        }
        Ok(())
    }
}

impl Forms {
    /// No forms.
    pub const NONE: Self = Self {
        #[cfg(feature = "described")]
        list: [Description {
            length: 0,
            order: ByteOrder::Little,
            alignment: 0,
            reach: Reach::Pointer,
            relative: false,
            scale: 0,
            ahead: 0,
            mask: 0,
            value: 0,
            parts: [Part { low: 0, bits: 0 }; MAX_PARTS],
        }; MAX_FORMS],
        #[cfg(feature = "described")]
        count: 0,
    };

    /// The forms, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Description] {
        #[cfg(feature = "described")]
        return self.list.get(..self.count).unwrap_or(&[]);
        #[cfg(not(feature = "described"))]
        &[]
    }

    /// Reads the forms of a header whose pages may have references of them.
    #[cfg(feature = "described")]
    pub(super) fn read(&mut self, kinds: &PageKinds, fields: &mut Fields<'_>) {
        if !kinds.as_slice().contains(&PageKind::Described) {
            return;
        }
        self.count = usize::from(fields.byte());
        fields.expect(self.count > 0 && self.count <= MAX_FORMS);
        self.list.iter_mut().take(self.count).for_each(|form| form.read(fields));
    }

    /// The same where no kind has such forms.
    #[cfg(not(feature = "described"))]
    pub(super) fn read(&mut self, _kinds: &PageKinds, _fields: &mut Fields<'_>) {}
}

#[cfg(feature = "described")]
impl Description {
    fn read(&mut self, fields: &mut Fields<'_>) {
        let (shape, origin) = (fields.byte(), fields.byte());
        self.length = (shape & 3) + 1;
        self.order = match shape >> 2 & 3 {
            0 => ByteOrder::Little,
            1 => ByteOrder::Big,
            _ => ByteOrder::Halves,
        };
        self.reach = match shape >> 4 & 3 {
            0 => Reach::Pointer,
            1 => Reach::Far,
            _ => Reach::Near,
        };
        self.alignment = 1 << (shape >> 6);
        self.ahead = origin & 15;
        self.scale = origin >> 4 & 3;
        self.relative = origin & 0x40 != 0;
        let whole = self.order != ByteOrder::Halves || self.length == 4;
        let known = shape >> 2 & 3 != 3 && shape >> 4 & 3 != 3 && shape >> 6 != 3 && origin & 0x80 == 0;
        fields.expect(self.length > 1 && whole && known);
        (self.mask, self.value) = (word(self.length, fields), word(self.length, fields));
        let count = usize::from(fields.byte());
        fields.expect(count > 0 && count <= MAX_PARTS);
        for part in self.parts.iter_mut().take(count) {
            *part = Part { low: fields.byte(), bits: fields.byte() };
            let end = u32::from(part.low) + u32::from(part.bits);
            fields.expect(part.bits > 0 && end <= u32::from(self.length) * 8);
        }
        fields.expect(self.bits() <= 32);
    }
}

/// A number of `length` bytes, the lowest first.
#[cfg(feature = "described")]
fn word(length: u8, fields: &mut Fields<'_>) -> u32 {
    let mut bytes = [0; 4];
    fields.bytes(bytes.get_mut(..length.into()).unwrap_or_default());
    u32::from_le_bytes(bytes)
}

#[cfg(feature = "encode")]
impl Forms {
    /// A list of these forms, of which there are at most [`MAX_FORMS`].
    #[must_use]
    pub fn new(forms: &[Description]) -> Option<Self> {
        let mut list = Self::NONE;
        list.list.get_mut(..forms.len())?.copy_from_slice(forms);
        list.count = forms.len();
        Some(list)
    }

    /// Writes what `Forms::read` reads.
    pub(super) fn write(&self, kinds: &PageKinds, writer: &mut super::Writer) {
        if kinds.as_slice().contains(&PageKind::Described) {
            writer.byte(self.count as u8);
            self.as_slice().iter().for_each(|form| form.write(writer));
        }
    }
}

#[cfg(feature = "encode")]
impl Description {
    fn write(&self, writer: &mut super::Writer) {
        let alignment = self.alignment.trailing_zeros() as u8;
        writer.byte((self.length - 1) | (self.order as u8) << 2 | (self.reach as u8) << 4 | alignment << 6);
        writer.byte(self.ahead | self.scale << 4 | u8::from(self.relative) << 6);
        for number in [self.mask, self.value] {
            writer.raw(&number.to_le_bytes()[..self.length.into()]);
        }
        let parts = || self.parts.iter().filter(|part| part.bits > 0);
        writer.byte(parts().count() as u8);
        parts().for_each(|part| writer.raw(&[part.low, part.bits]));
    }
}

#[cfg(all(test, feature = "encode"))]
mod tests {
    use super::*;
    use crate::Error;
    use std::vec::Vec;

    /// AVR's CALL.
    const CALL: Description = Description {
        length: 4,
        order: ByteOrder::Halves,
        alignment: 2,
        reach: Reach::Far,
        relative: false,
        scale: 1,
        ahead: 0,
        mask: 0xFE0E_0000,
        value: 0x940E_0000,
        parts: [
            Part { low: 20, bits: 5 },
            Part { low: 0, bits: 17 },
            Part { low: 0, bits: 0 },
            Part { low: 0, bits: 0 },
        ],
    };
    const BYTES: [u8; 16] = [1, 0x5B, 0x10, 0, 0, 0x0E, 0xFE, 0, 0, 0x0E, 0x94, 2, 20, 5, 0, 17];

    fn described() -> PageKinds {
        PageKinds::new(&[PageKind::Bytes, PageKind::Described]).unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Forms, Error> {
        let mut forms = Forms::NONE;
        let mut fields = Fields::new(bytes);
        forms.read(&described(), &mut fields);
        fields.expect(fields.is_empty());
        fields.finish().map(|()| forms)
    }

    #[test]
    fn what_is_written_is_read_and_only_if_a_kind_needs_it() {
        let forms = Forms::new(&[CALL]).unwrap();
        let mut writer = super::super::Writer::default();
        forms.write(&PageKinds::default(), &mut writer);
        assert!(writer.bytes.is_empty());
        forms.write(&described(), &mut writer);
        assert_eq!(writer.bytes, BYTES);
        assert_eq!(read(&BYTES), Ok(forms));
        assert_eq!(Forms::new(&[CALL; 5]), None);
    }

    #[test]
    fn people_read_what_a_form_is() {
        let text = "0x940e0000 under 0xfe0e0000 (4 bytes, little-endian halfwords, the higher first, at multiples of 2): \
                    code at bits 24 to 20, 16 to 0, times 2";
        assert_eq!(std::format!("{CALL}"), text);
        let near = Description {
            length: 2,
            relative: true,
            reach: Reach::Near,
            mask: 0xF000,
            value: 0xC000,
            ..CALL
        };
        assert!(std::format!("{near}").starts_with("0xc000 under 0xf000 (2 bytes"));
        assert!(std::format!("{near}").ends_with("times 2, counted from 0 bytes behind its address"));
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        let with = |place: usize, byte: u8| {
            let mut bytes = BYTES;
            bytes[place] = byte;
            read(&bytes)
        };
        let wrong = [
            (0, 0),
            (0, 5), // forms
            (1, 0x58),
            (1, 0x5A),
            (1, 0x5F),
            (1, 0x7B),
            (1, 0xDB), // length, order, reach, alignment
            (2, 0x90), // a bit that is reserved
            (11, 0),
            (11, 5),
            (12, 28),
            (13, 0),
            (13, 13),
            (15, 28), // parts
        ];
        for (place, byte) in wrong {
            assert_eq!(with(place, byte), Err(Error::MalformedHeader), "{byte:#x} at {place}");
        }
        for length in 0..BYTES.len() {
            assert_eq!(read(&BYTES[..length]), Err(Error::MalformedHeader));
        }
        let four: Vec<u8> = [&[4][..], &BYTES[1..].repeat(4)].concat();
        assert_eq!(read(&four).map(|forms| forms.as_slice().len()), Ok(4));
    }
}
