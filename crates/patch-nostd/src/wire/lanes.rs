//! Lanes: the parts of a body that can be restored at the same time (`docs/format.md`, section 4.5).

use core::ops::Range;

use super::Fields;
use super::header::Header;
use crate::Error;

/// How many lanes a body has at most.
pub const MOST_LANES: usize = 8;

/// The lanes of a body, in order: stretches of the target, each with a body of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lanes {
    count: usize,
    lanes: [Lane; MOST_LANES],
}

/// One of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    /// Offset of its first byte in the target.
    pub start: u32,
    /// Offset in the target, one past its last byte.
    pub end: u32,
    /// Bytes of its body.
    pub body_length: u32,
}

impl Lane {
    /// Its part of the target.
    #[must_use]
    pub const fn range(&self) -> Range<u32> {
        self.start..self.end
    }
}

impl Lanes {
    /// What is known before a header has arrived.
    pub(crate) const NONE: Self =
        Self { count: 0, lanes: [Lane { start: 0, end: 0, body_length: 0 }; MOST_LANES] };

    /// Reads the extension of a package with this header, which for a container is that of its inner package. Without the
    /// extension, all is one lane.
    ///
    /// # Errors
    /// [`Error::MalformedHeader`] for lanes that are none, and with codec `zstd`.
    pub fn read(value: Option<&[u8]>, header: &Header) -> Result<Self, Error> {
        let (mut lanes, mut start, mut used) = (Self::NONE, 0, 0);
        if let Some(value) = value {
            let mut fields = Fields::new(value);
            fields.expect(!fields.is_empty() && header.codec.models().is_some());
            while !fields.is_empty() && fields.finish().is_ok() {
                // Something is left of both for the last lane.
                let length = fields.bounded(1, header.target_size.saturating_sub(start).saturating_sub(1));
                let body_length =
                    fields.bounded(1, header.body_length.saturating_sub(used).saturating_sub(1));
                fields.expect(lanes.count < MOST_LANES - 1);
                lanes.add(Lane { start, end: start + length, body_length });
                (start, used) = (start + length, used + body_length);
            }
            fields.finish()?;
        }
        lanes.add(Lane { start, end: header.target_size, body_length: header.body_length - used });
        Ok(lanes)
    }

    fn add(&mut self, lane: Lane) {
        if let Some(place) = self.lanes.get_mut(self.count) {
            *place = lane;
            self.count += 1;
        }
    }

    /// The lanes, in the order of the target and of the body.
    #[must_use]
    pub fn as_slice(&self) -> &[Lane] {
        self.lanes.get(..self.count).unwrap_or(&self.lanes)
    }

    /// The value of the extension that states these lanes, if there are several.
    #[cfg(feature = "encode")]
    #[must_use]
    pub fn to_value(lanes: &[Lane]) -> Option<std::vec::Vec<u8>> {
        let (_, others) = lanes.split_last().filter(|(_, others)| !others.is_empty())?;
        let mut writer = super::Writer::default();
        for lane in others {
            writer.varint(lane.end - lane.start);
            writer.varint(lane.body_length);
        }
        Some(writer.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(feature = "zstd")]
    use crate::wire::Codec;

    fn header(target_size: u32, body_length: u32) -> Header {
        Header { target_size, body_length, ..Header::NONE }
    }

    fn lane(start: u32, end: u32, body_length: u32) -> Lane {
        Lane { start, end, body_length }
    }

    #[test]
    fn the_last_lane_is_what_is_left() {
        let read = |value| Lanes::read(value, &header(1000, 50)).map(|lanes| lanes.as_slice().to_vec());
        assert_eq!(read(None), Ok(std::vec![lane(0, 1000, 50)]));
        assert_eq!(read(Some(&[0x80, 1, 9])), Ok(std::vec![lane(0, 128, 9), lane(128, 1000, 41)]));
        assert_eq!(
            read(Some(&[1, 1, 2, 48])),
            Ok(std::vec![lane(0, 1, 1), lane(1, 3, 48), lane(3, 1000, 1)])
        );
    }

    #[test]
    fn eight_lanes_are_the_most_and_none_is_empty() {
        let read = |value| Lanes::read(Some(value), &header(1000, 50)).map(|lanes| lanes.as_slice().len());
        assert_eq!(read(&[1; 14]), Ok(8));
        for bad in [
            &[][..],
            &[1; 16],
            &[1],
            &[0, 1],
            &[1, 0],
            &[1, 50],
            &[0xE8, 7, 1],
            &[0x80, 0, 1],
            &[1, 1, 1, 49],
        ] {
            assert_eq!(read(bad), Err(Error::MalformedHeader), "{bad:?}");
        }
        assert_eq!(Lanes::read(Some(&[1, 1]), &header(1, 1)), Err(Error::MalformedHeader));
        #[cfg(feature = "zstd")]
        {
            let header = Header { codec: Codec::Zstd { window_log: 10 }, ..header(9, 9) };
            assert_eq!(Lanes::read(Some(&[1, 1]), &header), Err(Error::MalformedHeader));
        }
    }

    #[cfg(feature = "encode")]
    #[test]
    fn what_is_written_is_read() {
        let lanes = [lane(0, 300, 7), lane(300, 301, 1), lane(301, 1000, 42)];
        let value = Lanes::to_value(&lanes).unwrap();
        assert_eq!(Lanes::read(Some(&value), &header(1000, 50)).unwrap().as_slice(), lanes);
        assert_eq!(Lanes::to_value(&lanes[..1]), None);
    }
}
