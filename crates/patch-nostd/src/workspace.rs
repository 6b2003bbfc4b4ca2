//! Memory for the decoder, aligned to four bytes (`docs/format.md`, section 3.2).

use core::ops::{Deref, DerefMut};

/// `N` bytes of workspace, aligned to four bytes: at least those of [`Header::requirements`](crate::Header::requirements).
///
/// Hand it over as `&mut workspace`, wherever a workspace is asked for; a static one costs no stack.
#[derive(Clone, Debug)]
#[repr(C, align(4))]
pub struct Workspace<const N: usize>([u8; N]);

impl<const N: usize> Workspace<N> {
    /// All zeros; the decoder does not mind what it holds.
    #[must_use]
    pub const fn new() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> Default for Workspace<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Deref for Workspace<N> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize> DerefMut for Workspace<N> {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}
