//! Two images side by side, as one argument.

use smidgen_patch::Error;
use smidgen_patch::internals::apply::{Io, Source};

/// The base and the target of a package.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Images<'a> {
    pub(crate) base: &'a [u8],
    pub(crate) target: &'a [u8],
}

impl<'a> Images<'a> {
    /// The image that covers of a source copy from.
    pub(crate) const fn of(&self, source: Source) -> &'a [u8] {
        match source {
            Source::Base => self.base,
            Source::Target => self.target,
        }
    }

    /// Bytes of the larger one: what decides how much is tried.
    pub(crate) fn size(&self) -> usize {
        self.base.len().max(self.target.len())
    }
}

/// The surroundings of an encoder, which has both images: what it writes is dropped.
impl Io for Images<'_> {
    type Error = Error;

    fn read_base(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        copy_from(self.base, offset, buffer).ok_or(Error::BaseRead)
    }

    fn read_target(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        copy_from(self.target, offset, buffer).ok_or(Error::TargetRead)
    }

    fn write(&mut self, _bytes: &[u8]) -> Result<(), Error> {
        Ok(())
    }
}

/// Fills the buffer with the image's bytes from `offset` on, if there are as many.
pub(crate) fn copy_from(image: &[u8], offset: u32, buffer: &mut [u8]) -> Option<()> {
    let start = offset as usize;
    buffer.copy_from_slice(image.get(start..start + buffer.len())?);
    Some(())
}
