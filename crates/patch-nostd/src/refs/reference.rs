//! A reference in the base, and its class (`docs/format.md`, section 7.1).

/// A reference in the base, whose form is `F`: one of an architecture, or [`Form`](super::Form).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReferenceOf<F> {
    /// Its form.
    pub form: F,
    /// Its bytes, at most [`REFERENCE_LENGTH`](super::REFERENCE_LENGTH).
    pub length: u8,
    /// What else the form needs: of a first half the rest of the address, of a second half what the first half
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

impl<F> ReferenceOf<F> {
    /// The same with its form among those of all architectures.
    #[inline]
    pub(super) fn of_any<G: From<F>>(self) -> ReferenceOf<G> {
        let Self { form, length, extra, target } = self;
        ReferenceOf { form: form.into(), length, extra, target }
    }
}
