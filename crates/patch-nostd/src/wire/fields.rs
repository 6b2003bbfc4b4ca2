//! Reads the fields of a header one after the other and keeps the first error (`docs/format.md`, section 2.5).

use crate::Error;

/// A cursor over fields that goes on after an error, with zeros: one check at the end takes the place of one for each
/// field, which is a kilobyte less code. The first error is the one that counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
    error: Option<Error>,
}

impl<'a> Fields<'a> {
    /// A cursor at the start of `bytes`.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, error: None }
    }

    /// Whether nothing is left.
    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Something that must hold, and the error if it does not.
    #[cfg_attr(not(feature = "std"), inline(never))]
    pub(super) fn check(&mut self, good: bool, error: Error) {
        if !good && self.error.is_none() {
            self.error = Some(error);
        }
    }

    /// What must hold of a field that is not malformed.
    #[cfg_attr(not(feature = "std"), inline(never))]
    pub(super) fn expect(&mut self, good: bool) {
        self.check(good, Error::MalformedHeader);
    }

    /// One byte.
    #[cfg_attr(not(feature = "std"), inline(never))]
    pub(super) fn byte(&mut self) -> u8 {
        let first = self.rest.split_first();
        self.expect(first.is_some());
        let (&byte, rest) = first.unwrap_or((&0, &[]));
        self.rest = rest;
        byte
    }

    /// As many bytes as `place` has.
    #[cfg_attr(not(feature = "std"), inline(never))]
    pub(super) fn bytes(&mut self, place: &mut [u8]) {
        place.iter_mut().for_each(|to| *to = self.byte());
    }

    /// An integer of base 128: see [`super::Reader::varint`].
    #[cfg_attr(not(feature = "std"), inline(never))]
    pub(super) fn varint(&mut self) -> u32 {
        let (mut value, mut shift) = (0u32, 0u32);
        loop {
            let byte = self.byte();
            let bits = u32::from(byte & 0x7F);
            // Of the fifth byte, four bits are left; a last byte of zero would say nothing.
            self.expect(shift < 28 || shift == 28 && byte < 0x10);
            self.expect(byte != 0 || shift == 0);
            value |= bits << (shift & 31);
            shift += 7;
            if byte & 0x80 == 0 || self.error.is_some() {
                return value;
            }
        }
    }

    /// An integer of base 128 from `least` to `most`; zero if it is another.
    #[cfg_attr(not(feature = "std"), inline(never))]
    pub(super) fn bounded(&mut self, least: u32, most: u32) -> u32 {
        let value = self.varint();
        let good = least <= value && value <= most;
        self.expect(good);
        if good { value } else { 0 }
    }

    /// Reads the length of a part and goes into it. Returns what comes after, for [`Fields::leave`].
    #[cfg_attr(not(feature = "std"), inline(never))]
    pub(super) fn enter(&mut self) -> &'a [u8] {
        let length = self.varint();
        let split = self.rest.split_at_checked(length as usize);
        self.expect(split.is_some());
        let (part, after) = split.unwrap_or_default();
        self.rest = part;
        after
    }

    /// Ends a part, of which nothing may be left.
    #[cfg_attr(not(feature = "std"), inline(never))]
    pub(super) fn leave(&mut self, after: &'a [u8]) {
        self.expect(self.is_empty());
        self.rest = after;
    }

    /// All that is left of a part.
    pub(super) const fn take_rest(&mut self) -> &'a [u8] {
        let rest = self.rest;
        self.rest = &[];
        rest
    }

    /// The first error.
    pub(super) fn finish(&self) -> Result<(), Error> {
        self.error.map_or(Ok(()), Err)
    }
}
