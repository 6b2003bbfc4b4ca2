//! Where instructions begin (`docs/format.md`, section 4.3).

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
}
