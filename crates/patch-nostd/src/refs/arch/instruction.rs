//! What the file of an architecture provides (`docs/format.md`, section 7.3).

use crate::refs::{AddressSpace, Bytes, Class, Effect, Halves, ReferenceOf, Steps, View};
use crate::wire::WordForm;

/// Pointers between instructions, and which of the two is looked for first.
#[cfg_attr(not(feature = "all-architectures"), allow(dead_code))]
pub(super) enum Pointers {
    /// There are none.
    None,
    /// Half of a pointer may look like an instruction; an instruction rarely looks like a pointer.
    Before(WordForm),
    /// Instructions come first.
    After(WordForm),
}

/// Instructions that refer to an address: the forms of one architecture.
#[cfg_attr(not(feature = "all-architectures"), allow(dead_code))]
pub(super) trait Instruction: Copy {
    /// The pointers between instructions.
    const POINTERS: Pointers = Pointers::Before(WordForm::POINTER);

    /// The reference that `view` begins with.
    fn find(view: &View<'_>, space: &AddressSpace, halves: &Halves) -> Option<ReferenceOf<Self>>;

    /// The target of the instruction at `address`; `extra` is [`ReferenceOf::extra`].
    fn read(self, bytes: Bytes, address: u32, extra: u32) -> u32;

    /// The same instruction, at `address`, to `target`; `None` when it cannot be reached.
    fn write(self, bytes: Bytes, address: u32, extra: u32, target: u32) -> Option<Bytes>;

    /// Keeps what stays the same when only the target moves.
    fn mask(self, bytes: Bytes) -> Bytes;

    /// What it is like.
    fn class(self) -> Class;

    /// What it does to a register: `old` are its bytes and address in the base, where it points at `target`, `new` those
    /// of its copy in the target.
    fn effect(self, _old: (Bytes, u32), _new: (Bytes, u32), _target: u32) -> Option<Effect> {
        None
    }

    /// Bytes of the instruction that begins with these two, where instructions have different lengths.
    fn length(_byte: u8, _next: u8) -> Option<u32> {
        None
    }

    /// Goes past what is no reference at a glance, of the first `count` of `bytes`, and keeps step. Returns how many bytes
    /// that are.
    fn skip(_bytes: &[u8], _count: usize, _address: u32, _space: &AddressSpace, _steps: &mut Steps) -> usize {
        0
    }
}
