//! The header's extensions: optional tagged records (`docs/format.md`, section 2.6).

use super::Fields;
use super::text::{Text, may_be};
use crate::Error;

/// The records' tags.
const PRODUCT: u8 = 1;
const MODULE: u8 = 2;
const VERSION: u8 = 3;
const ROLLBACK_COUNTER: u8 = 4;
const IN_PLACE: u8 = 5;
const CONTAINER: u8 = 6;
const ENCRYPTION: u8 = 7;
const LANES: u8 = 8;

/// What the extensions of a header state: a view of its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "encode"), non_exhaustive)]
pub struct Extensions<'h> {
    /// The product that the package is for: see [`is_product`](super::is_product).
    pub product: Option<Text<'h>>,
    /// Which part of the product: see [`is_name`](super::is_name).
    pub module: Option<Text<'h>>,
    /// The target image's version: see [`is_name`](super::is_name).
    pub version: Option<Text<'h>>,
    /// Raised when older images must be refused.
    pub rollback_counter: Option<u32>,
    /// What the package expands, for decoders of containers; others refuse it.
    pub container: Option<&'h [u8]>,
    /// How the target may replace its base.
    pub in_place: Option<InPlacePlan>,
    /// How the package is encrypted, for [`crate::secrecy`]; decoders without a key refuse it.
    pub encryption: Option<&'h [u8]>,
    /// In which parts the body comes, for decoders of lanes; others refuse it.
    pub lanes: Option<&'h [u8]>,
}

/// How a target takes the place of its base, segment by segment. All in bytes.
///
/// The base is moved up by `shift` first. A segment is decoded beside the slot, then copied to its place. Before that,
/// the last `keep` bytes of what lies in the slot up to the segment's end are put aside. So while segment `k` is decoded,
/// what the base has from `k * segment - keep - shift` on is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "encode"), non_exhaustive)]
pub struct InPlacePlan {
    /// Bytes of all segments but the last, which may be shorter. At least one.
    pub segment: u32,
    /// How far the base is moved up before anything is decoded.
    pub shift: u32,
    /// How much of what a segment replaces is kept until the next one is decoded. At most `segment`.
    pub keep: u32,
}

impl<'h> Extensions<'h> {
    /// Reads the field: its length, then records with ascending tags.
    #[cfg_attr(not(feature = "std"), inline(never))]
    pub(super) fn read(&mut self, fields: &mut Fields<'h>) {
        let after = fields.enter();
        let mut last = 0;
        while !fields.is_empty() {
            let tag = fields.byte();
            let next = fields.enter();
            self.take(tag, fields);
            fields.leave(next);
            fields.expect(tag > last);
            last = tag;
        }
        fields.leave(after);
    }

    /// Reads private records, which stand for themselves once they are decrypted (section 15.4).
    pub(crate) fn read_private(&mut self, records: &'h [u8]) -> Result<(), Error> {
        let mut fields = Fields::new(records);
        let mut last = 0;
        while !fields.is_empty() {
            let tag = fields.byte();
            let next = fields.enter();
            let there = match tag {
                PRODUCT => self.product.is_some(),
                MODULE => self.module.is_some(),
                VERSION => self.version.is_some(),
                ROLLBACK_COUNTER => self.rollback_counter.is_some(),
                _ => true,
            };
            fields.expect(!there && tag > last);
            if there {
                break;
            }
            self.take(tag, &mut fields);
            fields.leave(next);
            last = tag;
        }
        fields.finish()
    }

    fn take(&mut self, tag: u8, fields: &mut Fields<'h>) {
        match tag {
            PRODUCT | MODULE | VERSION => {
                let value = fields.take_rest();
                fields.expect(may_be(tag == PRODUCT, value));
                let text = match tag {
                    PRODUCT => &mut self.product,
                    MODULE => &mut self.module,
                    _ => &mut self.version,
                };
                *text = Some(Text::new(value));
            }
            IN_PLACE => {
                let (segment, shift, keep) = (fields.varint(), fields.varint(), fields.varint());
                fields.expect(segment > 0 && keep <= segment);
                self.in_place = Some(InPlacePlan { segment, shift, keep });
            }
            ROLLBACK_COUNTER => self.rollback_counter = Some(fields.varint()),
            CONTAINER if cfg!(feature = "containers") => {
                self.container = Some(fields.take_rest());
            }
            CONTAINER => fields.check(false, Error::Container),
            ENCRYPTION => self.encryption = Some(fields.take_rest()),
            LANES if cfg!(feature = "lanes") => {
                // A segment in place is decoded from the state of the one before.
                fields.expect(self.in_place.is_none());
                self.lanes = Some(fields.take_rest());
            }
            // An unknown extension must not be ignored.
            _ => fields.check(false, Error::ReservedField),
        }
    }
}

impl InPlacePlan {
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

#[cfg(feature = "encode")]
impl Extensions<'_> {
    /// Appends what [`Extensions::read`] reads.
    pub(super) fn write(&self, writer: &mut super::Writer) {
        let mut records = super::Writer::default();
        records.raw(&self.to_private_records());
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
        if let Some(value) = self.encryption {
            record(&mut records, ENCRYPTION, value);
        }
        if let Some(value) = self.lanes {
            record(&mut records, LANES, value);
        }
        writer.varint(records.bytes.len() as u32);
        writer.raw(&records.bytes);
    }

    /// The records that may be private, as [`crate::secrecy`] encrypts them.
    #[must_use]
    pub fn to_private_records(&self) -> std::vec::Vec<u8> {
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
        records.bytes
    }

    /// The same but for the records that may be private.
    #[must_use]
    pub const fn without_private_records(&self) -> Self {
        Self { product: None, module: None, version: None, rollback_counter: None, ..*self }
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
        let (mut fields, mut extensions) = (Fields::new(field), Extensions::default());
        extensions.read(&mut fields);
        assert!(fields.is_empty() || fields.finish().is_err());
        fields.finish().map(|()| extensions)
    }

    #[test]
    fn records_are_read_in_order() {
        let extensions = read(b"\x0C\x01\x03Abc\x02\x01m\x04\x02\x80\x01").unwrap();
        assert_eq!((extensions.product, extensions.module), (Some("Abc".into()), Some("m".into())));
        assert_eq!((extensions.version, extensions.rollback_counter), (None, Some(128)));
        assert_eq!(read(&[0]), Ok(Extensions::default()));
    }

    #[test]
    fn what_is_unknown_is_not_passed_over() {
        for tag in [0, 9, 255] {
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

    #[test]
    fn private_records_are_names_and_counters_that_are_not_there_yet() {
        let private = |records: &'static [u8]| {
            let mut extensions = Extensions { module: Some("m".into()), ..Extensions::default() };
            extensions.read_private(records).map(|()| extensions)
        };
        let extensions = private(b"\x01\x03Abc\x04\x02\x80\x01").unwrap();
        assert_eq!((extensions.product, extensions.rollback_counter), (Some("Abc".into()), Some(128)));
        assert!(private(b"").is_ok());
        for bad in [
            &b"\x02\x01m"[..],
            b"\x01",
            b"\x01\x02a",
            b"\x01\x00",
            b"\x03\x01 ",
            b"\x04\x01\x01\x03\x01v",
            b"\x03\x01v\x03\x01v",
            b"\x05\x03\x01\x00\x00",
            b"\x06\x01\x00",
            b"\x07\x01\x00",
            b"\x08\x01\x00",
            b"\x00\x00",
        ] {
            assert_eq!(private(bad), Err(Error::MalformedHeader), "{bad:?}");
        }
    }

    #[cfg(feature = "encode")]
    proptest::proptest! {
        #[test]
        fn what_is_written_is_read(
            product in proptest::option::of("\\PC{1,16}"),
            module in proptest::option::of("[A-Za-z0-9._+-]{1,64}"),
            version in proptest::option::of("[A-Za-z0-9._+-]{1,64}"),
            rollback_counter: Option<u32>,
            container in proptest::option::of(proptest::collection::vec(0..=255u8, 0..20)),
            encryption in proptest::option::of(proptest::collection::vec(0..=255u8, 0..20)),
            lanes in proptest::option::of(proptest::collection::vec(0..=255u8, 0..20)),
            in_place in proptest::option::of((1..=u32::MAX, proptest::num::u32::ANY, proptest::num::u32::ANY)),
        ) {
            let extensions = Extensions {
                product: product.as_deref().map(Text::from),
                module: module.as_deref().map(Text::from),
                version: version.as_deref().map(Text::from),
                rollback_counter,
                container: container.as_deref(),
                encryption: encryption.as_deref(),
                lanes: lanes.as_deref().filter(|_| in_place.is_none()),
                in_place: in_place.map(|(segment, shift, keep)| InPlacePlan { segment, shift, keep: keep % segment }),
            };
            let mut writer = super::super::Writer::default();
            extensions.write(&mut writer);
            assert_eq!(read(&writer.bytes), Ok(extensions));
            let mut put_together = extensions.without_private_records();
            let private = extensions.to_private_records();
            assert_eq!(put_together.read_private(&private), Ok(()));
            assert_eq!(put_together, extensions);
            // A second time, everything is there already.
            assert_eq!(put_together.read_private(&private).is_ok(), private.is_empty());
        }
    }
}
