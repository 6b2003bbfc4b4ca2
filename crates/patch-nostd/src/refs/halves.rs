//! Addresses made by two instructions, followed through registers (`docs/format.md`, section 7.4).
//!
//! ADRP, AUIPC, LUI and MOVW set the upper or lower part of an address; an ADD, a load or a MOVT some instructions
//! later completes it. The few registers set last are remembered, with what they held in the base and hold in the
//! target.

/// How many registers are remembered.
const REMEMBERED: usize = 4;
/// Bytes from a first half within which its second half must be.
const NEAR: u32 = 64;

/// What an instruction put into a register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Half {
    /// The register's number.
    pub register: u32,
    /// Address of the instruction in the base.
    pub address: u32,
    /// What the register holds in the base.
    pub old: u32,
    /// What it holds in the target.
    pub new: u32,
}

crate::state::state!(Half: register, address, old, new);

/// What an instruction does to a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It puts a half there.
    Set(Half),
    /// It overwrites this register with something else.
    Overwritten(u32),
}

/// The registers set last.
#[derive(Clone, Copy, Debug, Default)]
pub struct Halves {
    /// With one more than the register's number: zero is none.
    entries: [Half; REMEMBERED],
    next: usize,
}

crate::state::state!(Halves: entries, next);

impl Halves {
    /// What the instruction at `address` finds in `register`, if it was set a short way before.
    #[must_use]
    pub fn find(&self, register: u32, address: u32) -> Option<Half> {
        let near = |half: &&Half| {
            half.register == register + 1 && address.wrapping_sub(half.address).wrapping_sub(1) < NEAR
        };
        self.entries.iter().find(near).copied()
    }

    /// Remembers a register, which replaces what was known about it, or forgets it.
    pub fn take(&mut self, effect: Effect) {
        let (register, half) = match effect {
            Effect::Set(half) => (half.register + 1, Half { register: half.register + 1, ..half }),
            Effect::Overwritten(register) => (register + 1, Half::default()),
        };
        if let Some(known) = self.entries.iter_mut().find(|known| known.register == register) {
            *known = half;
        } else if half.register != 0 {
            if let Some(entry) = self.entries.get_mut(self.next % REMEMBERED) {
                *entry = half;
            }
            self.next = self.next.wrapping_add(1);
        }
    }

    /// Forgets everything: another copy begins.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}
