//! What a restore reads and writes, hashed on the way (`docs/format.md`, section 8).

use super::io::{Base, Io, Target};
use crate::verify::Sha256;

/// The base and the target of a restore, and its running digest.
#[derive(Debug)]
pub(super) struct Surroundings<B, T, D> {
    pub(super) base: B,
    pub(super) target: T,
    /// Bytes of the target that have been written.
    pub(super) written: u32,
    /// Of the target so far; while the base is checked, of the base.
    pub(super) digest: Option<D>,
}

impl<B: Base<Error: Into<T::Error>>, T: Target, D: Sha256> Io for Surroundings<B, T, D> {
    type Error = T::Error;

    fn read_base(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), T::Error> {
        self.base.read(offset, buffer).map_err(Into::into)
    }

    fn read_target(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), T::Error> {
        self.target.read(offset, buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), T::Error> {
        if let Some(digest) = &mut self.digest {
            digest.update(bytes);
        }
        self.target.write(bytes)?;
        self.written = self.written.saturating_add(bytes.len() as u32);
        Ok(())
    }
}
