//! Reads the fields of a header one after the other and keeps the first error (`docs/format.md`, section 2.5).

use super::{Extensions, Reader};
use crate::Error;

/// A cursor over fields that goes on after an error, with zeros: one check at the end takes the place of one for each
/// field, which is a kilobyte less code. The first error is the one that counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    reader: Reader<'a>,
    error: Option<Error>,
}

impl<'a> Fields<'a> {
    /// A cursor at the start of `bytes`.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { reader: Reader::new(bytes), error: None }
    }

    /// Something that must hold, and the error if it does not.
    #[cfg_attr(not(feature = "encode"), inline(never))]
    pub(super) fn check(&mut self, good: bool, error: Error) {
        if !good && self.error.is_none() {
            self.error = Some(error);
        }
    }

    /// One byte.
    #[cfg_attr(not(feature = "encode"), inline(never))]
    pub(super) fn byte(&mut self) -> u8 {
        let mut byte = [0];
        self.bytes(&mut byte);
        byte[0]
    }

    /// As many bytes as `place` has.
    #[cfg_attr(not(feature = "encode"), inline(never))]
    pub(super) fn bytes(&mut self, place: &mut [u8]) {
        for to in place {
            let byte = self.reader.byte();
            self.check(byte.is_ok(), Error::MalformedHeader);
            *to = byte.unwrap_or(0);
        }
    }

    /// An integer of base 128.
    #[cfg_attr(not(feature = "encode"), inline(never))]
    pub(super) fn varint(&mut self) -> u32 {
        let value = self.reader.varint();
        self.check(value.is_ok(), Error::MalformedHeader);
        value.unwrap_or(0)
    }

    /// An integer of base 128 from `least` to `most`; zero if it is another.
    #[cfg_attr(not(feature = "encode"), inline(never))]
    pub(super) fn bounded(&mut self, least: u32, most: u32) -> u32 {
        let value = self.varint();
        let good = (least..=most).contains(&value);
        self.check(good, Error::MalformedHeader);
        if good { value } else { 0 }
    }

    /// The extensions, which are the last field, or the first error; bytes left over are one.
    pub(super) fn finish(mut self) -> Result<Extensions<'a>, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let extensions = Extensions::read(&mut self.reader)?;
        if self.reader.remaining() == 0 { Ok(extensions) } else { Err(Error::MalformedHeader) }
    }

    /// The first error.
    #[cfg(test)]
    pub(super) fn error(&self) -> Option<Error> {
        self.error
    }
}
