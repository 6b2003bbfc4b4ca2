//! Bytes that may begin with a reference, and what follows them (`docs/format.md`, section 7.1).

/// Bytes that the longest reference has. Where all have four, they travel in a register: a seventh less code.
pub const REFERENCE_LENGTH: usize = if cfg!(feature = "words") { 8 } else { 4 };
/// The bytes of a reference, then zeros, or what follows it.
pub type Bytes = [u8; REFERENCE_LENGTH];
/// Bytes from its first one on that decide whether something is a reference, and to what.
pub const VIEW: usize = 40;

/// Bytes of the base from some place on, up to [`VIEW`] of them, but none beyond the cover.
#[derive(Clone, Copy, Debug)]
// Every kind of code reads a part of it only.
#[cfg_attr(not(feature = "all-architectures"), allow(dead_code))]
pub struct View<'v> {
    /// What is there.
    pub(super) bytes: &'v [u8],
    /// The first ones, as far as they exist, then zeros.
    pub(crate) first: Bytes,
    /// Address of the first byte.
    pub(super) address: u32,
    /// Whether the first byte is not the first one of an instruction, as far as lengths say.
    pub(super) inside: bool,
}

#[cfg_attr(not(feature = "all-architectures"), allow(dead_code))]
impl<'v> View<'v> {
    /// What is there, the address of its first byte, and whether that is within an instruction.
    #[must_use]
    #[inline]
    pub fn new(bytes: &'v [u8], address: u32, inside: bool) -> Self {
        Self { bytes, first: bytes_at(bytes, 0), address, inside }
    }

    /// Bytes from `place` on, as far as they exist, then zeros.
    #[inline]
    pub(super) fn bytes_at(&self, place: usize) -> Bytes {
        bytes_at(self.bytes, place)
    }

    /// The little-endian word at `place`; zero beyond the end.
    #[inline]
    pub(super) fn word(&self, place: usize) -> u32 {
        let [a, b, c, d, ..] = self.bytes_at(place);
        u32::from_le_bytes([a, b, c, d])
    }
}

#[cfg_attr(feature = "std", inline)]
#[cfg_attr(not(feature = "std"), inline(never))]
fn bytes_at(bytes: &[u8], place: usize) -> Bytes {
    let rest = bytes.get(place..).unwrap_or(&[]);
    if let Some(bytes) = rest.first_chunk() {
        return *bytes;
    }
    let mut bytes = [0; REFERENCE_LENGTH];
    bytes.iter_mut().zip(rest).for_each(|(to, &from)| *to = from);
    bytes
}
