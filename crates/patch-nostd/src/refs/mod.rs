//! References: finding them in the base, moving their targets, predicting where targets went
//! (`docs/format.md`, section 7).
//!
//! When a cover copies a call or a pointer, the copy need not be told the new value: the decoder reads the old
//! one, works out what it pointed at, and guesses where that went. One file per architecture reads and writes its
//! references side by side; `predict` lists the guesses.

#[cfg(feature = "aarch64")]
mod aarch64;
#[cfg(feature = "arm")]
mod arm;
#[cfg(any(feature = "thumb", feature = "aarch64", feature = "arm", feature = "riscv", feature = "xtensa"))]
mod bits;
mod halves;
mod landmarks;
mod learned;
mod nearby;
mod predict;
#[cfg(feature = "riscv")]
mod riscv;
#[cfg(feature = "thumb")]
mod thumb;
mod word;
#[cfg(feature = "x86")]
mod x86;
#[cfg(feature = "xtensa")]
mod xtensa;

pub use halves::{Effect, Half, Halves};
pub use landmarks::{Landmark, Landmarks};
pub use learned::{Learned, LearnedEntry};
pub use nearby::Nearby;
pub(crate) use predict::first;
pub use predict::{Candidates, Predictor, SOURCES, Site};

use crate::wire::{RegionKind, Window, WordForm};

/// Bytes that the longest reference has. Where all have four, they travel in a register: a seventh less code.
pub const REFERENCE_LENGTH: usize = if cfg!(feature = "words") { 8 } else { 4 };
/// The bytes of a reference, then zeros, or what follows it.
pub type Bytes = [u8; REFERENCE_LENGTH];
/// Bytes from its first one on that decide whether something is a reference, and to what.
pub const VIEW: usize = 40;

/// The addresses that words may point at.
#[derive(Clone, Copy, Debug, Default)]
pub struct AddressSpace {
    /// Address of the image's first byte: the lower 32 bits.
    pub base_address: u32,
    /// The upper 32 bits of all addresses.
    pub address_high: u32,
    /// Size of the base image in bytes.
    pub image_size: u32,
    /// Other ranges, RAM for instance. The first one without a length ends the list.
    pub windows: [Window; crate::wire::MAX_WINDOWS],
}

impl AddressSpace {
    /// Whether a word of this value is taken for a pointer.
    #[must_use]
    pub fn contains(&self, address: u32) -> bool {
        address.wrapping_sub(self.base_address) < self.image_size
            || (self.windows.iter().take_while(|window| window.length > 0))
                .any(|window| address.wrapping_sub(window.start) < window.length)
    }
}

/// Bytes of the base from some place on, up to [`VIEW`] of them, but none beyond the cover.
#[derive(Clone, Copy, Debug)]
// Every kind of code reads a part of it only.
#[cfg_attr(not(feature = "all-architectures"), allow(dead_code))]
pub struct View<'v> {
    /// What is there.
    bytes: &'v [u8],
    /// The first ones, as far as they exist, then zeros.
    pub(crate) first: Bytes,
    /// Address of the first byte.
    address: u32,
    /// Whether the first byte is not the first one of an instruction, as far as lengths tell.
    inside: bool,
}

impl<'v> View<'v> {
    /// What is there, the address of its first byte, and whether that is within an instruction.
    #[must_use]
    #[inline]
    pub fn new(bytes: &'v [u8], address: u32, inside: bool) -> Self {
        Self { bytes, first: bytes_at(bytes, 0), address, inside }
    }

    /// Bytes from `place` on, as far as they exist, then zeros.
    #[cfg(any(feature = "thumb", feature = "aarch64", feature = "arm", feature = "riscv"))]
    #[inline]
    fn bytes_at(&self, place: usize) -> Bytes {
        bytes_at(self.bytes, place)
    }

    /// The little-endian word at `place`; zero beyond the end.
    #[cfg(any(feature = "aarch64", feature = "arm", feature = "riscv"))]
    #[inline]
    fn word(&self, place: usize) -> u32 {
        let [a, b, c, d, ..] = self.bytes_at(place);
        u32::from_le_bytes([a, b, c, d])
    }
}

#[cfg_attr(feature = "encode", inline)]
#[cfg_attr(not(feature = "encode"), inline(never))]
fn bytes_at(bytes: &[u8], place: usize) -> Bytes {
    let rest = bytes.get(place..).unwrap_or(&[]);
    if let Some(bytes) = rest.first_chunk() {
        return *bytes;
    }
    let mut bytes = [0; REFERENCE_LENGTH];
    bytes.iter_mut().zip(rest).for_each(|(to, &from)| *to = from);
    bytes
}

/// Keeps step with instructions of different lengths, from the start of a copy on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Steps {
    /// Address at which the next instruction begins.
    next: u32,
}

crate::state::state!(Steps: next);

impl Steps {
    /// Begins anew: an instruction begins at `address`.
    pub fn begin(&mut self, address: u32) {
        self.next = address;
    }

    /// Whether an instruction began before `address` and goes on there.
    #[must_use]
    #[inline]
    pub const fn inside(&self, address: u32) -> bool {
        // Never true for long: no instruction is longer than eight bytes.
        self.next.wrapping_sub(address).wrapping_sub(1) < 8
    }

    /// Goes on by one byte, whose address is given, and which is followed by `next`.
    #[inline]
    #[cfg_attr(not(feature = "all-architectures"), allow(unused_variables))]
    pub fn byte(&mut self, region: RegionKind, address: u32, byte: u8, next: u8) {
        if !region.has_steps() || self.inside(address) || address & (region.alignment() - 1) != 0 {
            return;
        }
        let length = match region {
            #[cfg(feature = "thumb")]
            RegionKind::Thumb => {
                if next >> 3 >= 0b11101 {
                    4
                } else {
                    2
                }
            }
            #[cfg(feature = "riscv")]
            RegionKind::Riscv => {
                if byte & 3 == 3 {
                    4
                } else {
                    2
                }
            }
            #[cfg(feature = "xtensa")]
            RegionKind::Xtensa => {
                if byte & 8 != 0 {
                    2
                } else {
                    3
                }
            }
            _ => 1,
        };
        self.next = address.wrapping_add(length);
    }
}

/// Goes past what is no reference at a glance, of the first `count` of `bytes`, as a copy does that looks at all of them.
/// Returns how many bytes that are, and has kept step with them.
#[inline]
#[cfg_attr(not(feature = "thumb"), allow(unused_variables))]
pub(crate) fn skip(
    region: RegionKind,
    (bytes, count): (&[u8], usize),
    address: u32,
    space: &AddressSpace,
    steps: &mut Steps,
) -> usize {
    match region {
        #[cfg(feature = "thumb")]
        RegionKind::Thumb => thumb::skip(bytes, count, address, space, steps),
        _ => 0,
    }
}

/// The forms of references, all architectures together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A word of data.
    Word(WordForm),
    /// In Thumb code.
    #[cfg(feature = "thumb")]
    Thumb(thumb::Form),
    /// In AArch64 code.
    #[cfg(feature = "aarch64")]
    Aarch64(aarch64::Form),
    /// In A32 code.
    #[cfg(feature = "arm")]
    Arm(arm::Form),
    /// In RISC-V code.
    #[cfg(feature = "riscv")]
    Riscv(riscv::Form),
    /// In Xtensa code.
    #[cfg(feature = "xtensa")]
    Xtensa(xtensa::Form),
    /// In x86-64 code.
    #[cfg(feature = "x86")]
    X86(x86::Form),
}

impl Default for Form {
    fn default() -> Self {
        Self::Word(WordForm::POINTER)
    }
}

/// A reference in the base.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reference {
    /// Its form.
    pub form: Form,
    /// Its bytes, at most [`REFERENCE_LENGTH`].
    pub length: u8,
    /// What the form needs besides: of a first half the rest of the address, of a second half what the first half
    /// put into the register, in the target.
    pub extra: u32,
    /// The absolute address that it points at, in the base.
    pub target: u32,
}

/// What a reference is like, for the models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Class {
    /// A word of data that holds an address.
    Pointer = 0,
    /// A call or a branch: relative to its own address.
    Branch = 1,
    /// The first of two instructions that make an address.
    High = 2,
    /// The second.
    Low = 3,
    /// A branch or a load that does not reach far.
    Near = 4,
}

// Some architectures need less than others.
#[cfg_attr(not(feature = "all-architectures"), allow(unused_variables))]
impl Reference {
    /// Finds the reference that `view` begins with, if any, as a page of kind `region` holds it.
    #[must_use]
    #[inline]
    pub fn find(region: RegionKind, view: &View<'_>, space: &AddressSpace, halves: &Halves) -> Option<Self> {
        let word = |form| word::find(form, view.first, view.address, space);
        match region {
            RegionKind::Bytes => None,
            RegionKind::Words(form) => word(form),
            #[cfg(feature = "thumb")]
            RegionKind::Thumb => {
                // Half of a pointer may look like an instruction; an instruction rarely looks like a pointer.
                word(WordForm::POINTER).or_else(|| thumb::find(view, halves))
            }
            #[cfg(feature = "aarch64")]
            RegionKind::Aarch64 => aarch64::find(view, halves),
            #[cfg(feature = "arm")]
            RegionKind::Arm => word(WordForm::POINTER).or_else(|| arm::find(view, halves)),
            #[cfg(feature = "riscv")]
            RegionKind::Riscv => word(WordForm::POINTER).or_else(|| riscv::find(view, halves)),
            #[cfg(feature = "xtensa")]
            RegionKind::Xtensa => word(WordForm::POINTER).or_else(|| xtensa::find(view, space)),
            #[cfg(feature = "x86")]
            RegionKind::X86 => x86::find(view, space).or_else(|| word(WordForm::WIDE_POINTER)),
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
            #[cfg(feature = "thumb")]
            Form::Thumb(form) => thumb::read(form, bytes, address, self.extra),
            #[cfg(feature = "aarch64")]
            Form::Aarch64(form) => aarch64::read(form, bytes, address, self.extra),
            #[cfg(feature = "arm")]
            Form::Arm(form) => arm::read(form, bytes, address, self.extra),
            #[cfg(feature = "riscv")]
            Form::Riscv(form) => riscv::read(form, bytes, address, self.extra),
            #[cfg(feature = "xtensa")]
            Form::Xtensa(form) => xtensa::read(form, bytes, address),
            #[cfg(feature = "x86")]
            Form::X86(form) => x86::read(form, bytes, address),
        }
    }

    /// `bytes` pointed at `target` from `address`, or `None` if the instruction cannot do that.
    #[must_use]
    pub fn write(&self, bytes: Bytes, address: u32, space: &AddressSpace, target: u32) -> Option<Bytes> {
        match self.form {
            Form::Word(form) => Some(word::write(form, address, space, target)),
            #[cfg(feature = "thumb")]
            Form::Thumb(form) => thumb::write(form, bytes, address, target),
            #[cfg(feature = "aarch64")]
            Form::Aarch64(form) => aarch64::write(form, bytes, address, self.extra, target),
            #[cfg(feature = "arm")]
            Form::Arm(form) => arm::write(form, bytes, address, target),
            #[cfg(feature = "riscv")]
            Form::Riscv(form) => riscv::write(form, bytes, address, self.extra, target),
            #[cfg(feature = "xtensa")]
            Form::Xtensa(form) => xtensa::write(form, bytes, address, target),
            #[cfg(feature = "x86")]
            Form::X86(form) => Some(x86::write(form, bytes, address, target)),
        }
    }

    /// `bytes` without its operand: what stays the same when only the target moves.
    #[must_use]
    pub fn mask(&self, bytes: Bytes) -> Bytes {
        match self.form {
            Form::Word(form) => word::mask(form, bytes),
            #[cfg(feature = "thumb")]
            Form::Thumb(form) => thumb::mask(form, bytes),
            #[cfg(feature = "aarch64")]
            Form::Aarch64(form) => aarch64::mask(form, bytes),
            #[cfg(feature = "arm")]
            Form::Arm(form) => arm::mask(form, bytes),
            #[cfg(feature = "riscv")]
            Form::Riscv(form) => riscv::mask(form, bytes),
            #[cfg(feature = "xtensa")]
            Form::Xtensa(form) => xtensa::mask(form, bytes),
            #[cfg(feature = "x86")]
            Form::X86(form) => x86::mask(form, bytes),
        }
    }

    /// What it is like.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self.form {
            Form::Word(_) => Class::Pointer,
            #[cfg(feature = "thumb")]
            Form::Thumb(form) => thumb::class(form),
            #[cfg(feature = "aarch64")]
            Form::Aarch64(form) => aarch64::class(form),
            #[cfg(feature = "arm")]
            Form::Arm(form) => arm::class(form),
            #[cfg(feature = "riscv")]
            Form::Riscv(form) => riscv::class(form),
            #[cfg(feature = "xtensa")]
            Form::Xtensa(form) => xtensa::class(form),
            #[cfg(feature = "x86")]
            Form::X86(form) => x86::class(form),
        }
    }

    /// What it does to a register: a first half sets one, a second may overwrite it. `old` are its bytes and address in
    /// the base, `new` those of its copy in the target.
    #[must_use]
    pub fn effect(&self, old: (Bytes, u32), new: (Bytes, u32)) -> Option<Effect> {
        match self.form {
            #[cfg(feature = "thumb")]
            Form::Thumb(form) => thumb::half(form, old, new.0, self.target).map(Effect::Set),
            #[cfg(feature = "aarch64")]
            Form::Aarch64(form) => aarch64::effect(form, old, new),
            #[cfg(feature = "arm")]
            Form::Arm(form) => arm::half(form, old, new.0, self.target).map(Effect::Set),
            #[cfg(feature = "riscv")]
            Form::Riscv(form) => riscv::effect(form, old, new),
            #[allow(unreachable_patterns, reason = "kinds that are not built in cannot come from a header")]
            _ => None,
        }
    }
}
