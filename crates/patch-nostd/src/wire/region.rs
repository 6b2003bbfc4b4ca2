//! Region kinds: how references are looked for in a page of the target (`docs/format.md`, section 3.4).

use super::Fields;
use crate::Error;

/// How many kinds of regions a header may list.
pub const MAX_KINDS: usize = 8;
/// Base-2 logarithm of the bytes of target that have one kind: a page.
pub const PAGE_LOG: u32 = 12;

/// How references are sought in the base bytes that the covers of a page copy.
// With a number of its own, the first kind is zero, and telling kinds apart takes one look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum RegionKind {
    /// No references: every byte stands for itself.
    #[default]
    Bytes,
    /// Data: words of one form.
    Words(WordForm),
    /// Thumb-2 code, and pointers between.
    Thumb,
    /// AArch64 code.
    Aarch64,
    /// A32 code (ARM state), and pointers between.
    Arm,
    /// RISC-V code of 32 or 64 bits, with or without compressed instructions, and pointers between.
    Riscv,
    /// Xtensa code, and pointers between.
    Xtensa,
    /// x86-64 code.
    X86,
}

/// What a word of data counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// It is an address.
    Absolute,
    /// It is the distance from its own address.
    Itself,
    /// It is an offset in the image.
    Image,
}

/// The form of words of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WordForm {
    /// 64 bits rather than 32.
    pub wide: bool,
    /// What the value counts from.
    pub origin: Origin,
    /// The first byte is the highest.
    pub big_endian: bool,
}

impl WordForm {
    /// A little-endian address of 32 bits.
    pub const POINTER: Self = Self { wide: false, origin: Origin::Absolute, big_endian: false };
    /// An offset in the image: 32 bits, little-endian.
    pub const OFFSET: Self = Self { origin: Origin::Image, ..Self::POINTER };
    /// A little-endian address of 64 bits.
    pub const WIDE_POINTER: Self = Self { wide: true, ..Self::POINTER };

    /// Bytes of such a word.
    #[must_use]
    pub const fn length(self) -> usize {
        if self.wide { 8 } else { 4 }
    }
}

/// Kinds of words have numbers from this one on: one bit says wide, two the origin, one big-endian.
const WORDS: u8 = 16;

impl RegionKind {
    /// Little-endian pointers of 32 bits.
    pub const POINTERS: Self = Self::Words(WordForm::POINTER);

    /// The number in a header.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Bytes => 0,
            Self::Thumb => 1,
            Self::Aarch64 => 2,
            Self::Arm => 3,
            Self::Riscv => 4,
            Self::Xtensa => 5,
            Self::X86 => 6,
            Self::Words(form) => {
                WORDS | form.wide as u8 | (form.origin as u8) << 1 | (form.big_endian as u8) << 3
            }
        }
    }

    /// The kind of a number, or [`Error::UnsupportedRegion`] where it is unknown or not built in.
    pub const fn from_number(number: u8) -> Result<Self, Error> {
        Ok(match number {
            0 => Self::Bytes,
            #[cfg(feature = "thumb")]
            1 => Self::Thumb,
            #[cfg(feature = "aarch64")]
            2 => Self::Aarch64,
            #[cfg(feature = "arm")]
            3 => Self::Arm,
            #[cfg(feature = "riscv")]
            4 => Self::Riscv,
            #[cfg(feature = "xtensa")]
            5 => Self::Xtensa,
            #[cfg(feature = "x86")]
            6 => Self::X86,
            16 => Self::POINTERS,
            #[cfg(feature = "words")]
            WORDS..32 => {
                let origin = match number >> 1 & 3 {
                    0 => Origin::Absolute,
                    1 => Origin::Itself,
                    2 => Origin::Image,
                    _ => return Err(Error::UnsupportedRegion),
                };
                Self::Words(WordForm { wide: number & 1 != 0, origin, big_endian: number & 8 != 0 })
            }
            _ => return Err(Error::UnsupportedRegion),
        })
    }

    /// Whether instructions have different lengths, so that it matters where they begin.
    #[must_use]
    pub const fn has_steps(self) -> bool {
        cfg!(feature = "thumb") && matches!(self, Self::Thumb)
            || cfg!(feature = "riscv") && matches!(self, Self::Riscv)
            || cfg!(feature = "xtensa") && matches!(self, Self::Xtensa)
    }

    /// References begin at multiples of this many bytes.
    #[must_use]
    pub const fn alignment(self) -> u32 {
        match self {
            Self::Words(form) => form.length() as u32,
            #[cfg(any(feature = "thumb", feature = "riscv"))]
            Self::Thumb | Self::Riscv => 2,
            #[cfg(any(feature = "aarch64", feature = "arm"))]
            Self::Aarch64 | Self::Arm => 4,
            _ => 1,
        }
    }
}

/// The kinds that the pages of a target have, in an order that their numbers in the body refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegionKinds {
    kinds: [RegionKind; MAX_KINDS],
    count: usize,
}

impl Default for RegionKinds {
    /// Bytes everywhere.
    fn default() -> Self {
        Self { kinds: [RegionKind::Bytes; MAX_KINDS], count: 1 }
    }
}

impl RegionKinds {
    /// No kinds: no header has that.
    pub(super) const NONE: Self = Self { kinds: [RegionKind::Bytes; MAX_KINDS], count: 0 };

    /// Reads a list: a count, 1 to [`MAX_KINDS`], then a byte each, none twice.
    pub(super) fn read(&mut self, fields: &mut Fields<'_>) {
        self.count = usize::from(fields.byte());
        fields.expect(self.count > 0 && self.count <= MAX_KINDS);
        let mut seen = 0u32;
        for place in self.kinds.iter_mut().take(self.count) {
            let number = fields.byte();
            match RegionKind::from_number(number) {
                Ok(kind) => *place = kind,
                Err(error) => fields.check(false, error),
            }
            // Numbers that are known are below 32.
            let bit = 1 << (number & 31);
            fields.expect(seen & bit == 0);
            seen |= bit;
        }
    }

    /// The kinds, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[RegionKind] {
        self.kinds.get(..self.count).unwrap_or(&[])
    }

    /// The kind of this index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<RegionKind> {
        self.as_slice().get(index).copied()
    }
}

#[cfg(feature = "encode")]
impl RegionKinds {
    /// A list of these kinds, which must differ and be at least one and at most [`MAX_KINDS`].
    #[must_use]
    pub fn new(kinds: &[RegionKind]) -> Option<Self> {
        let mut list = Self { kinds: [RegionKind::Bytes; MAX_KINDS], count: kinds.len() };
        list.kinds.get_mut(..kinds.len())?.copy_from_slice(kinds);
        (!kinds.is_empty()).then_some(list)
    }

    /// Writes what `RegionKinds::read` reads.
    pub fn write(&self, writer: &mut super::Writer) {
        writer.byte(self.count as u8);
        self.as_slice().iter().for_each(|kind| writer.byte(kind.number()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_name_kinds_and_kinds_numbers() {
        let mut known = 0;
        for number in 0..=255 {
            let Ok(kind) = RegionKind::from_number(number) else { continue };
            assert_eq!(kind.number(), number);
            known += 1;
        }
        let built_in = [
            cfg!(feature = "thumb"),
            cfg!(feature = "aarch64"),
            cfg!(feature = "arm"),
            cfg!(feature = "riscv"),
            cfg!(feature = "xtensa"),
            cfg!(feature = "x86"),
        ];
        // Bytes, and words of two lengths, three origins and two byte orders.
        let words = if cfg!(feature = "words") { 12 } else { 1 };
        assert_eq!(known, 1 + words + built_in.iter().filter(|&&known| known).count());
        for (number, known) in (1..).zip(built_in) {
            assert_eq!(RegionKind::from_number(number).is_ok(), known, "kind {number}");
        }
        for number in [7, 15, 22, 23, 30, 31, 32, 255] {
            assert_eq!(RegionKind::from_number(number), Err(Error::UnsupportedRegion), "kind {number}");
        }
    }

    #[cfg(feature = "words")]
    fn read(bytes: &[u8]) -> Result<RegionKinds, Error> {
        let mut kinds = RegionKinds::NONE;
        let mut fields = Fields::new(bytes);
        kinds.read(&mut fields);
        fields.finish().map(|()| kinds)
    }

    #[cfg(feature = "words")]
    #[test]
    fn a_list_has_one_to_eight_kinds_and_none_twice() {
        let eight = [0, 16, 17, 18, 19, 20, 21, 24, 25];
        for count in 1..=8u8 {
            let kinds = read(&[&[count], &eight[..count.into()]].concat()).unwrap();
            let numbers: std::vec::Vec<u8> = kinds.as_slice().iter().map(|kind| kind.number()).collect();
            assert_eq!(numbers, eight[..count.into()]);
            assert_eq!(kinds.get(count.into()), None);
        }
        assert_eq!(read(&[1, 0]), Ok(RegionKinds::default()));
        assert_eq!(read(&[0]), Err(Error::MalformedHeader));
        assert_eq!(read(&[&[9], &eight[..]].concat()), Err(Error::MalformedHeader));
        assert_eq!(read(&[2, 16, 16]), Err(Error::MalformedHeader));
        assert_eq!(read(&[2, 0, 0]), Err(Error::MalformedHeader));
        assert_eq!(read(&[3, 0, 16]), Err(Error::MalformedHeader), "a byte is missing");
        assert_eq!(read(&[2, 16, 7]), Err(Error::UnsupportedRegion));
    }
}
