//! The region table: which stretch of the target is predicted as what (`docs/format.md`, section 3.4).

use super::Reader;
use crate::Error;

/// How many regions a header may list.
pub const MAX_REGIONS: usize = 16;

/// How references are sought in the base bytes that a region's covers copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum RegionKind {
    /// No references: every byte stands for itself.
    #[default]
    Bytes = 0,
    /// Little-endian 32-bit words at multiples of four that point into a window.
    Words = 1,
    /// Thumb-2 code: BL, BLX and B.W, and words as above between them.
    Thumb = 2,
}

impl RegionKind {
    /// The kind of a number, or [`Error::UnsupportedRegion`].
    pub const fn from_number(number: u8) -> Result<Self, Error> {
        match number {
            0 => Ok(Self::Bytes),
            1 => Ok(Self::Words),
            2 => Ok(Self::Thumb),
            _ => Err(Error::UnsupportedRegion),
        }
    }
}

/// A stretch of the target image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Region {
    /// What it holds.
    pub kind: RegionKind,
    /// Offset of its first byte after the end, in bytes of the target.
    pub end: u32,
}

/// The regions in order; together they are exactly the target image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct RegionTable {
    regions: [Region; MAX_REGIONS],
    count: usize,
}

impl RegionTable {
    /// Reads the table of a target of `size` bytes: a count, then a kind and (but for the last) a length each.
    pub fn read(reader: &mut Reader<'_>, size: u32) -> Result<Self, Error> {
        let count = usize::from(reader.byte()?);
        let mut table = Self { regions: [Region::default(); MAX_REGIONS], count };
        let places = table.regions.get_mut(..count).ok_or(Error::MalformedHeader)?;
        let mut start = 0u32;
        let mut left = count;
        for place in places {
            left = left.saturating_sub(1);
            let kind = RegionKind::from_number(reader.byte()?)?;
            let end = if left == 0 {
                size
            } else {
                start.checked_add(reader.varint()?).ok_or(Error::MalformedHeader)?
            };
            if end <= start || end > size {
                return Err(Error::MalformedHeader);
            }
            *place = Region { kind, end };
            start = end;
        }
        // An empty target has no region; any other has at least one.
        if start == size { Ok(table) } else { Err(Error::MalformedHeader) }
    }

    /// The regions in ascending order.
    #[must_use]
    pub fn as_slice(&self) -> &[Region] {
        self.regions.get(..self.count).unwrap_or(&[])
    }

    /// What the byte at `offset` of the target belongs to.
    #[must_use]
    pub fn kind_at(&self, offset: u32) -> RegionKind {
        let region = self.as_slice().iter().find(|region| offset < region.end);
        region.map_or(RegionKind::Bytes, |region| region.kind)
    }
}

#[cfg(feature = "encode")]
impl RegionTable {
    /// A table of these regions, which must be ascending and at most [`MAX_REGIONS`].
    #[must_use]
    pub fn new(regions: &[Region]) -> Option<Self> {
        let mut table = Self { regions: [Region::default(); MAX_REGIONS], count: regions.len() };
        table.regions.get_mut(..regions.len())?.copy_from_slice(regions);
        Some(table)
    }

    /// Writes what [`RegionTable::read`] reads.
    pub fn write(&self, writer: &mut super::Writer) {
        writer.byte(self.count as u8);
        let mut start = 0;
        for (index, region) in self.as_slice().iter().enumerate() {
            writer.byte(region.kind as u8);
            if index + 1 < self.count {
                writer.varint(region.end - start);
            }
            start = region.end;
        }
    }
}
