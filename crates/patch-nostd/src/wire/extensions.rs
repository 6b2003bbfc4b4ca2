//! The header's extensions: tagged records of what not every package has (`docs/format.md`, section 2.6).

use super::Reader;
use crate::Error;

/// The longest product, module or version, in bytes.
pub const TEXT_LIMIT: usize = 64;

/// The records' tags.
const PRODUCT: u8 = 1;
const MODULE: u8 = 2;
const VERSION: u8 = 3;
const ROLLBACK_COUNTER: u8 = 4;
const IN_PLACE: u8 = 5;
const CONTAINER: u8 = 6;

/// What the extensions of a header say: a view of its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions<'h> {
    /// What the package is for: see [`is_product`].
    pub product: Option<&'h str>,
    /// Which part of the product: see [`is_name`].
    pub module: Option<&'h str>,
    /// The target image's version: see [`is_name`].
    pub version: Option<&'h str>,
    /// Grows when older images must not come back.
    pub rollback_counter: Option<u32>,
    /// What the package expands, for decoders of containers; others refuse it.
    pub container: Option<&'h [u8]>,
    /// How the target may replace its base.
    pub in_place: Option<InPlacePlan>,
}

/// How a target takes the place of its base, segment by segment. All in bytes.
///
/// The base is moved up by `shift` first. A segment is decoded beside the slot, then copied to its place. Before that,
/// the last `keep` bytes of what lies in the slot up to the segment's end are put aside. So while segment `k` is decoded,
/// what the base has from `k * segment - keep - shift` on is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InPlacePlan {
    /// Bytes of all segments but the last, which may be shorter. At least one.
    pub segment: u32,
    /// How far the base is moved up before anything is decoded.
    pub shift: u32,
    /// How much of what a segment replaces is kept until the next one is decoded. At most `segment`.
    pub keep: u32,
}

/// Whether a text may be a product: 1 to [`TEXT_LIMIT`] bytes of UTF-8.
#[must_use]
pub const fn is_product(text: &str) -> bool {
    !text.is_empty() && text.len() <= TEXT_LIMIT
}

/// Whether a text may be a module or a version: 1 to [`TEXT_LIMIT`] letters and digits of ASCII, `.`, `_` and `-`.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    is_product(text) && text.bytes().all(allowed)
}

impl<'h> Extensions<'h> {
    /// Reads the field: its length, then records with ascending tags.
    pub(super) fn read(reader: &mut Reader<'h>) -> Result<Self, Error> {
        let length = reader.varint()?;
        let mut records = Reader::new(reader.bytes(length)?);
        let mut extensions = Self::default();
        let mut last = 0;
        while records.remaining() > 0 {
            let tag = records.byte()?;
            let length = records.varint()?;
            let value = records.bytes(length)?;
            extensions.take(tag, value)?;
            if tag <= last {
                return Err(Error::MalformedHeader);
            }
            last = tag;
        }
        Ok(extensions)
    }

    fn take(&mut self, tag: u8, value: &'h [u8]) -> Result<(), Error> {
        match tag {
            PRODUCT => self.product = Some(text(value, is_product)?),
            MODULE => self.module = Some(text(value, is_name)?),
            VERSION => self.version = Some(text(value, is_name)?),
            IN_PLACE => self.in_place = Some(InPlacePlan::read(value)?),
            ROLLBACK_COUNTER => self.rollback_counter = Some(number(value)?),
            CONTAINER => self.container = Some(value),
            // Whoever wrote an extension wants it heeded.
            _ => return Err(Error::ReservedField),
        }
        Ok(())
    }
}

impl InPlacePlan {
    fn read(value: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(value);
        let plan = Self { segment: reader.varint()?, shift: reader.varint()?, keep: reader.varint()? };
        let good = reader.remaining() == 0 && plan.segment > 0 && plan.keep <= plan.segment;
        if good { Ok(plan) } else { Err(Error::MalformedHeader) }
    }

    /// Bytes of scratch area that it takes for a target of `size` bytes; `None` beyond 32 bits.
    #[must_use]
    pub const fn scratch(&self, size: u32) -> Option<u32> {
        if size <= self.segment { Some(size) } else { self.segment.checked_add(self.keep) }
    }

    /// Whether the base's byte at `offset` is still there when the target's at `position` is decoded.
    #[must_use]
    pub fn has(&self, offset: u32, position: u32) -> bool {
        let start = position - position.checked_rem(self.segment).unwrap_or(0);
        u64::from(offset) + u64::from(self.shift) + u64::from(self.keep) >= u64::from(start)
    }
}

fn text(value: &[u8], allowed: fn(&str) -> bool) -> Result<&str, Error> {
    let text = core::str::from_utf8(value).map_err(|_| Error::MalformedHeader)?;
    if allowed(text) { Ok(text) } else { Err(Error::MalformedHeader) }
}

fn number(value: &[u8]) -> Result<u32, Error> {
    let mut reader = Reader::new(value);
    let number = reader.varint()?;
    if reader.remaining() == 0 { Ok(number) } else { Err(Error::MalformedHeader) }
}

#[cfg(feature = "encode")]
impl Extensions<'_> {
    /// Appends what [`Extensions::read`] reads.
    pub(super) fn write(&self, writer: &mut super::Writer) {
        let mut records = super::Writer::default();
        let texts = [(PRODUCT, self.product), (MODULE, self.module), (VERSION, self.version)];
        for (tag, text) in texts {
            text.into_iter().for_each(|text| record(&mut records, tag, text.as_bytes()));
        }
        if let Some(counter) = self.rollback_counter {
            let mut number = super::Writer::default();
            number.varint(counter);
            record(&mut records, ROLLBACK_COUNTER, &number.bytes);
        }
        if let Some(plan) = self.in_place {
            let mut numbers = super::Writer::default();
            numbers.varint(plan.segment);
            numbers.varint(plan.shift);
            numbers.varint(plan.keep);
            record(&mut records, IN_PLACE, &numbers.bytes);
        }
        if let Some(value) = self.container {
            record(&mut records, CONTAINER, value);
        }
        writer.varint(records.bytes.len() as u32);
        writer.raw(&records.bytes);
    }
}

#[cfg(feature = "encode")]
fn record(records: &mut super::Writer, tag: u8, value: &[u8]) {
    records.byte(tag);
    records.varint(value.len() as u32);
    records.raw(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(field: &[u8]) -> Result<Extensions<'_>, Error> {
        Extensions::read(&mut Reader::new(field))
    }

    #[test]
    fn records_are_read_in_order() {
        let extensions = read(b"\x0C\x01\x03Abc\x02\x01m\x04\x02\x80\x01").unwrap();
        assert_eq!((extensions.product, extensions.module), (Some("Abc"), Some("m")));
        assert_eq!((extensions.version, extensions.rollback_counter), (None, Some(128)));
        assert_eq!(read(&[0]), Ok(Extensions::default()));
    }

    #[test]
    fn what_is_unknown_is_not_passed_over() {
        for tag in [0, 7, 8, 255] {
            assert_eq!(read(&[3, tag, 1, 0]), Err(Error::ReservedField), "{tag}");
        }
    }

    #[test]
    fn malformed_records_are_refused() {
        for bad in [
            &b""[..],
            b"\x02\x04",
            b"\x01\x04",
            b"\x02\x01\x00",
            b"\x03\x01\x01\xFF",
            b"\x03\x02\x01 ",
            b"\x03\x02\x02m",
            b"\x06\x02\x01m\x01\x01p",
            b"\x06\x01\x01p\x01\x01p",
            b"\x04\x04\x02\x80\x00",
            b"\x04\x04\x02\x00\x00",
            b"\x02\x04\x00",
            b"\x04\x05\x02\x01\x00",
            b"\x05\x05\x03\x00\x00\x00",
            b"\x05\x05\x03\x01\x00\x02",
            b"\x06\x05\x04\x01\x00\x00\x00",
        ] {
            assert_eq!(read(bad), Err(Error::MalformedHeader), "{bad:?}");
        }
    }

    #[cfg(feature = "encode")]
    proptest::proptest! {
        #[test]
        fn what_is_written_is_read(
            product in proptest::option::of("\\PC{1,16}"),
            module in proptest::option::of("[A-Za-z0-9._-]{1,64}"),
            version in proptest::option::of("[A-Za-z0-9._-]{1,64}"),
            rollback_counter: Option<u32>,
            container in proptest::option::of(proptest::collection::vec(0..=255u8, 0..20)),
            in_place in proptest::option::of((1..=u32::MAX, proptest::num::u32::ANY, proptest::num::u32::ANY)),
        ) {
            let extensions = Extensions {
                product: product.as_deref(),
                module: module.as_deref(),
                version: version.as_deref(),
                rollback_counter,
                container: container.as_deref(),
                in_place: in_place.map(|(segment, shift, keep)| InPlacePlan { segment, shift, keep: keep % segment }),
            };
            let mut writer = super::super::Writer::default();
            extensions.write(&mut writer);
            let mut reader = Reader::new(&writer.bytes);
            assert_eq!(Extensions::read(&mut reader), Ok(extensions));
            assert_eq!(reader.remaining(), 0);
        }
    }
}
