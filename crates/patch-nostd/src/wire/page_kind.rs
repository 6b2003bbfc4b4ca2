//! Kinds of pages: which references a page of the target has (`docs/format.md`, section 3.4).

use super::Fields;
use crate::Error;

/// How many kinds of pages a header may list.
pub const MAX_KINDS: usize = 8;
/// Base-2 logarithm of the bytes of target that have one kind: a page.
pub const PAGE_LOG: u32 = 12;

/// The kinds of code, a row each: number in a header, name (also of the Cargo feature), kind, file in `refs/arch`, and the
/// multiple of bytes at which references begin. What one more needs is a row here and that file.
macro_rules! architectures {
    ($make:ident) => {
        $make! {
            /// Thumb-2 code, and pointers between.
            1 "thumb" Thumb thumb align 2;
            /// AArch64 code.
            2 "aarch64" Aarch64 aarch64 align 4;
            /// A32 code (ARM state), and pointers between.
            3 "arm" Arm arm align 4;
            /// RISC-V code of 32 or 64 bits, with or without compressed instructions, and pointers between.
            4 "riscv" Riscv riscv align 2;
            /// Xtensa code, and pointers between.
            5 "xtensa" Xtensa xtensa align 1;
            /// x86-64 code, and pointers of 64 bits between.
            6 "x86" X86 x86 align 1;
        }
    };
}
pub(crate) use architectures;

/// Makes the kinds of pages, and everything about them that the table says.
macro_rules! kinds {
    ($($(#[$doc:meta])* $number:literal $name:literal $kind:ident $file:ident align $alignment:literal;)*) => {
        /// How references are sought in the base bytes that the covers of a page copy.
        // With a number of its own, the first kind is zero, and telling kinds apart takes one look.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[repr(u8)]
        #[cfg_attr(not(feature = "encode"), non_exhaustive)]
        pub enum PageKind {
            /// No references: every byte stands for itself.
            #[default]
            Bytes,
            /// Data: words of one form.
            Words(WordForm),
            $($(#[$doc])* $kind,)*
            /// Code whose forms the header describes.
            Described,
        }

        impl PageKind {
            /// All kinds of code with a file of their own, whether built in or not.
            pub const CODE: &'static [Self] = &[$(Self::$kind),*];

            /// The number in a header.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self {
                    Self::Bytes => 0,
                    Self::Words(form) => {
                        WORDS | form.wide as u8 | (form.origin as u8) << 1 | (form.big_endian as u8) << 3
                    }
                    $(Self::$kind => $number,)*
                    Self::Described => DESCRIBED,
                }
            }

            /// The kind of a number.
            ///
            /// # Errors
            /// [`Error::UnsupportedPageKind`] where it is unknown or not built in.
            pub const fn from_number(number: u8) -> Result<Self, Error> {
                Ok(match number {
                    0 => Self::Bytes,
                    16 => Self::POINTERS,
                    #[cfg(feature = "described")]
                    DESCRIBED => Self::Described,
                    #[cfg(feature = "words")]
                    WORDS..32 => match WordForm::from_bits(number) {
                        Some(form) => Self::Words(form),
                        None => return Err(Error::UnsupportedPageKind),
                    },
                    $(#[cfg(feature = $name)] $number => Self::$kind,)*
                    _ => return Err(Error::UnsupportedPageKind),
                })
            }

            /// What it is called: of code, that is also the name of the feature that it needs.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    Self::Bytes => "bytes",
                    Self::Described => "described",
                    Self::Words(form) => form.name(),
                    $(Self::$kind => $name,)*
                }
            }

            /// Whether this decoder has it.
            #[must_use]
            pub const fn is_built_in(self) -> bool {
                match self {
                    Self::Bytes | Self::POINTERS => true,
                    Self::Words(_) => cfg!(feature = "words"),
                    Self::Described => cfg!(feature = "described"),
                    $(Self::$kind => cfg!(feature = $name),)*
                }
            }

            /// References begin at multiples of this many bytes.
            #[must_use]
            pub const fn alignment(self) -> u32 {
                match self {
                    Self::Words(form) => form.length() as u32,
                    $(#[cfg(feature = $name)] Self::$kind => $alignment,)*
                    _ => 1,
                }
            }
        }
    };
}
architectures!(kinds);

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

    /// The form that the lower four bits of a kind's number mean, if they mean one.
    const fn from_bits(bits: u8) -> Option<Self> {
        let origin = match bits >> 1 & 3 {
            0 => Origin::Absolute,
            1 => Origin::Itself,
            2 => Origin::Image,
            _ => return None,
        };
        Some(Self { wide: bits & 1 != 0, origin, big_endian: bits & 8 != 0 })
    }

    const fn name(self) -> &'static str {
        match (self.wide, self.origin, self.big_endian) {
            (false, Origin::Absolute, false) => "words32",
            (false, Origin::Absolute, true) => "words32-big-endian",
            (false, Origin::Itself, false) => "words32-relative",
            (false, Origin::Itself, true) => "words32-relative-big-endian",
            (false, Origin::Image, false) => "words32-offset",
            (false, Origin::Image, true) => "words32-offset-big-endian",
            (true, Origin::Absolute, false) => "words64",
            (true, Origin::Absolute, true) => "words64-big-endian",
            (true, Origin::Itself, false) => "words64-relative",
            (true, Origin::Itself, true) => "words64-relative-big-endian",
            (true, Origin::Image, false) => "words64-offset",
            (true, Origin::Image, true) => "words64-offset-big-endian",
        }
    }
}

/// The number of code that the header describes.
const DESCRIBED: u8 = 7;
/// Kinds of words have numbers from this one on: one bit says wide, two the origin, one big-endian.
const WORDS: u8 = 16;

impl PageKind {
    /// Whether it is code: neither bytes nor words.
    #[must_use]
    pub const fn is_code(self) -> bool {
        !matches!(self, Self::Bytes | Self::Words(_))
    }

    /// What copies of the target itself look for in a page of this kind: of code what they look for there, but no words,
    /// which come out the same.
    pub(crate) const fn of_repeats(self) -> Self {
        if self.is_code() { self } else { Self::Bytes }
    }

    /// Little-endian pointers of 32 bits.
    pub const POINTERS: Self = Self::Words(WordForm::POINTER);

    /// The kind of this name, built in or not.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let words = (WORDS..32).filter_map(WordForm::from_bits).map(Self::Words);
        let mut all = Self::CODE.iter().copied().chain([Self::Bytes, Self::Described]).chain(words);
        all.find(|kind| kind.name() == name)
    }
}

/// The kinds that the pages of a target have, in an order that their numbers in the body refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageKinds {
    kinds: [PageKind; MAX_KINDS],
    count: usize,
}

impl Default for PageKinds {
    /// Bytes everywhere.
    fn default() -> Self {
        Self { kinds: [PageKind::Bytes; MAX_KINDS], count: 1 }
    }
}

impl PageKinds {
    /// No kinds: no header has that.
    pub(super) const NONE: Self = Self { kinds: [PageKind::Bytes; MAX_KINDS], count: 0 };

    /// Reads a list: a count, 1 to [`MAX_KINDS`], then a byte each, none twice.
    pub(super) fn read(&mut self, fields: &mut Fields<'_>) {
        self.count = usize::from(fields.byte());
        fields.expect(self.count > 0 && self.count <= MAX_KINDS);
        let mut seen = 0u32;
        for place in self.kinds.iter_mut().take(self.count) {
            let number = fields.byte();
            match PageKind::from_number(number) {
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
    pub fn as_slice(&self) -> &[PageKind] {
        self.kinds.get(..self.count).unwrap_or(&[])
    }

    /// The kind of this index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<PageKind> {
        self.as_slice().get(index).copied()
    }
}

#[cfg(feature = "encode")]
impl PageKinds {
    /// A list of these kinds, which must differ and be at least one and at most [`MAX_KINDS`].
    #[must_use]
    pub fn new(kinds: &[PageKind]) -> Option<Self> {
        let mut list = Self { kinds: [PageKind::Bytes; MAX_KINDS], count: kinds.len() };
        list.kinds.get_mut(..kinds.len())?.copy_from_slice(kinds);
        (!kinds.is_empty()).then_some(list)
    }

    /// Writes what `PageKinds::read` reads.
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
            let Ok(kind) = PageKind::from_number(number) else { continue };
            assert_eq!(kind.number(), number);
            known += 1;
        }
        // Bytes, and words of two lengths, three origins and two byte orders.
        let words = if cfg!(feature = "words") { 12 } else { 1 };
        let code = PageKind::CODE.iter().filter(|kind| kind.is_built_in()).count();
        assert_eq!(known, 1 + words + code + usize::from(cfg!(feature = "described")));
        for (number, &kind) in (1..).zip(PageKind::CODE) {
            let found = PageKind::from_number(number);
            assert_eq!(found, if kind.is_built_in() { Ok(kind) } else { Err(Error::UnsupportedPageKind) });
        }
        for number in [8, 15, 22, 23, 30, 31, 32, 255] {
            assert_eq!(PageKind::from_number(number), Err(Error::UnsupportedPageKind), "kind {number}");
        }
    }

    #[test]
    fn each_kind_has_a_name_and_code_the_one_of_its_feature() {
        const MANIFEST: &str = include_str!("../../Cargo.toml");
        let words = (WORDS..32).filter_map(WordForm::from_bits).map(PageKind::Words);
        for kind in PageKind::CODE.iter().copied().chain([PageKind::Bytes, PageKind::Described]).chain(words)
        {
            assert_eq!(PageKind::from_name(kind.name()), Some(kind));
        }
        for kind in PageKind::CODE {
            assert!(MANIFEST.contains(&std::format!("\n{} = [", kind.name())), "{kind:?}");
        }
        assert_eq!(PageKind::from_name("words"), None);
    }

    #[cfg(feature = "words")]
    fn read(bytes: &[u8]) -> Result<PageKinds, Error> {
        let mut kinds = PageKinds::NONE;
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
        assert_eq!(read(&[1, 0]), Ok(PageKinds::default()));
        assert_eq!(read(&[0]), Err(Error::MalformedHeader));
        assert_eq!(read(&[&[9], &eight[..]].concat()), Err(Error::MalformedHeader));
        assert_eq!(read(&[2, 16, 16]), Err(Error::MalformedHeader));
        assert_eq!(read(&[2, 0, 0]), Err(Error::MalformedHeader));
        assert_eq!(read(&[3, 0, 16]), Err(Error::MalformedHeader), "a byte is missing");
        assert_eq!(read(&[2, 16, 8]), Err(Error::UnsupportedPageKind));
    }
}
