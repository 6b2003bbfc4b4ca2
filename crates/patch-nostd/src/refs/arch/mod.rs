//! References in code: a file for each architecture, behind one enum of their forms (`docs/format.md`, section 7.3).

#[cfg(feature = "aarch64")]
mod aarch64;
#[cfg(feature = "arm")]
mod arm;
#[cfg_attr(not(feature = "all-architectures"), allow(dead_code))]
mod bits;
#[cfg(feature = "described")]
mod described;
mod instruction;
#[cfg(feature = "riscv")]
mod riscv;
#[cfg(feature = "thumb")]
mod thumb;
#[cfg(feature = "x86")]
mod x86;
#[cfg(feature = "xtensa")]
mod xtensa;

#[cfg(feature = "encode")]
pub use described::operand;
use instruction::{Instruction, Pointers};

use super::{AddressSpace, Bytes, Class, Effect, Halves, ReferenceOf, Steps, View, word};
use crate::wire::{PageKind, WordForm, architectures};

/// A reference of any form.
pub type Reference = ReferenceOf<Form>;

/// Makes the forms of all architectures, and everything that asks which one it is.
macro_rules! forms {
    ($($(#[$doc:meta])* $number:literal $name:literal $kind:ident $file:ident align $alignment:literal;)*) => {
        /// The forms of references, all architectures together.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Form {
            /// A word of data.
            Word(WordForm),
            /// One that the header describes.
            #[cfg(feature = "described")]
            Described(described::Form),
            $($(#[$doc])* #[cfg(feature = $name)] $kind($file::Form),)*
        }

        $(#[cfg(feature = $name)]
        impl From<$file::Form> for Form {
            #[inline]
            fn from(form: $file::Form) -> Self {
                Self::$kind(form)
            }
        })*

        // Some architectures need less than others.
        #[cfg_attr(not(feature = "all-architectures"), allow(unused_variables))]
        impl Reference {
            /// Finds the reference that `view` begins with, if any, as a page of kind `kind` holds it.
            #[must_use]
            #[inline]
            pub fn find(kind: PageKind, view: &View<'_>, space: &AddressSpace, halves: &Halves) -> Option<Self> {
                let word = |form| word::find(form, view.first, view.address, space).map(ReferenceOf::of_any);
                match kind {
                    PageKind::Bytes => None,
                    PageKind::Words(form) => word(form),
                    #[cfg(feature = "described")]
                    PageKind::Described => described::find(view, space).map(ReferenceOf::of_any),
                    $(#[cfg(feature = $name)] PageKind::$kind => find_in_code::<$file::Form>(view, space, halves, word),)*
                    // Kinds that are not built in; headers that name them are refused.
                    #[cfg(not(feature = "all-architectures"))]
                    _ => None,
                }
            }

            /// Where `bytes`, in place of the reference's own, would point in the target at `address`.
            #[must_use]
            pub fn read(&self, bytes: Bytes, address: u32, space: &AddressSpace) -> u32 {
                match self.form {
                    Form::Word(form) => word::target(form, bytes, address, space).unwrap_or(0),
                    #[cfg(feature = "described")]
                    Form::Described(form) => form.read(bytes, address, space),
                    $(#[cfg(feature = $name)] Form::$kind(form) => form.read(bytes, address, self.extra),)*
                }
            }

            /// `bytes` pointed at `target` from `address`, or `None` if the instruction cannot do that.
            #[must_use]
            pub fn write(&self, bytes: Bytes, address: u32, space: &AddressSpace, target: u32) -> Option<Bytes> {
                match self.form {
                    Form::Word(form) => Some(word::write(form, address, space, target)),
                    #[cfg(feature = "described")]
                    Form::Described(form) => form.write(bytes, address, space, target),
                    $(#[cfg(feature = $name)] Form::$kind(form) => form.write(bytes, address, self.extra, target),)*
                }
            }

            /// `bytes` without its operand: what stays the same when only the target moves.
            #[must_use]
            pub fn mask(&self, bytes: Bytes, space: &AddressSpace) -> Bytes {
                match self.form {
                    Form::Word(form) => word::mask(form, bytes),
                    #[cfg(feature = "described")]
                    Form::Described(form) => form.mask(bytes, space),
                    $(#[cfg(feature = $name)] Form::$kind(form) => form.mask(bytes),)*
                }
            }

            /// What it is like.
            #[must_use]
            pub fn class(&self) -> Class {
                match self.form {
                    Form::Word(_) => Class::Pointer,
                    #[cfg(feature = "described")]
                    Form::Described(form) => form.class,
                    $(#[cfg(feature = $name)] Form::$kind(form) => form.class(),)*
                }
            }

            /// What it does to a register: a first half sets one, a second may overwrite it. `old` are its bytes and
            /// address in the base, `new` those of its copy in the target.
            #[must_use]
            pub fn effect(&self, old: (Bytes, u32), new: (Bytes, u32)) -> Option<Effect> {
                match self.form {
                    Form::Word(_) => None,
                    #[cfg(feature = "described")]
                    Form::Described(_) => None,
                    $(#[cfg(feature = $name)] Form::$kind(form) => form.effect(old, new, self.target),)*
                }
            }
        }

        impl Steps {
            /// Goes on by one byte, whose address is given, and which is followed by `next`.
            #[inline]
            #[cfg_attr(not(feature = "all-architectures"), allow(unused_variables))]
            pub fn byte(&mut self, kind: PageKind, address: u32, byte: u8, next: u8) {
                let length: Option<u32> = match kind {
                    $(#[cfg(feature = $name)] PageKind::$kind => $file::Form::length(byte, next),)*
                    _ => None,
                };
                let Some(length) = length else { return };
                if !self.inside(address) && address & (kind.alignment() - 1) == 0 {
                    self.begin(address.wrapping_add(length));
                }
            }
        }

        /// Goes past what is no reference at a glance, of the first `count` of `bytes`, as a copy does that looks at all
        /// of them. Returns how many bytes that are, and has kept step with them.
        #[inline]
        #[cfg_attr(not(feature = "all-architectures"), allow(unused_variables))]
        pub(crate) fn skip(
            kind: PageKind,
            (bytes, count): (&[u8], usize),
            address: u32,
            space: &AddressSpace,
            steps: &mut Steps,
        ) -> usize {
            match kind {
                $(#[cfg(feature = $name)] PageKind::$kind => $file::Form::skip(bytes, count, address, space, steps),)*
                _ => 0,
            }
        }
    };
}
architectures!(forms);

impl From<WordForm> for Form {
    #[inline]
    fn from(form: WordForm) -> Self {
        Self::Word(form)
    }
}

#[cfg(feature = "described")]
impl From<described::Form> for Form {
    #[inline]
    fn from(form: described::Form) -> Self {
        Self::Described(form)
    }
}

impl Default for Form {
    fn default() -> Self {
        Self::Word(WordForm::POINTER)
    }
}

#[inline]
#[cfg_attr(not(feature = "all-architectures"), allow(dead_code))]
fn find_in_code<I: Instruction>(
    view: &View<'_>,
    space: &AddressSpace,
    halves: &Halves,
    word: impl Fn(WordForm) -> Option<Reference>,
) -> Option<Reference>
where
    Form: From<I>,
{
    let instruction = || I::find(view, space, halves).map(ReferenceOf::of_any);
    match I::POINTERS {
        Pointers::None => instruction(),
        Pointers::Before(form) => word(form).or_else(instruction),
        Pointers::After(form) => instruction().or_else(|| word(form)),
    }
}
