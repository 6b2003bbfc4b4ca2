//! Where addresses of a program are in its image.

use crate::input::{self, Format, Reading};

/// An image, and the address of its first byte if that is known.
pub(super) struct Image<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) base_address: Option<u64>,
}

/// Addresses that are in the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    /// The first address, where it runs.
    pub(super) address: u64,
    /// Bytes.
    pub(super) size: u64,
    /// Where it is in the image.
    pub(super) offset: u64,
}

/// Areas, ascending by address.
#[derive(Debug, Default)]
pub(super) struct Areas(Vec<Area>);

/// At most so many bytes of the image are searched in all, which takes some seconds.
const MOST_SEARCHED: usize = 4 << 30;
/// At most so many differences of offset and address are tried for each part.
const MOST_SHIFTS: usize = 64;
/// Bytes of a part that are looked for, and how many places of it are tried.
const NEEDLE: usize = 32;
const NEEDLES: usize = 8;
/// A needle must have as many different bytes: others are everywhere.
const LEAST_VARIETY: usize = 12;
/// A part is recognised by the bytes at so many places, of which this share must be equal.
const SAMPLES: usize = 4096;
const LEAST_EQUAL: f64 = 0.75;

impl Areas {
    pub(super) fn new(mut areas: Vec<Area>, image: &Image<'_>) -> Self {
        let size = image.bytes.len() as u64;
        areas.retain(|area| {
            area.size > 0 && area.offset < size && area.address.checked_add(area.size).is_some()
        });
        areas.iter_mut().for_each(|area| area.size = area.size.min(size - area.offset));
        areas.sort_by_key(|area| area.address);
        Self(areas)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where an address is in the image, and how many bytes from there on are of its area.
    pub(super) fn find(&self, address: u64) -> Option<(u32, u32)> {
        let next = self.0.partition_point(|area| area.address <= address);
        let area = self.0.get(next.checked_sub(1)?)?;
        let at = address - area.address;
        let left = area.size.checked_sub(at).filter(|&left| left > 0)?;
        Some((u32::try_from(area.offset + at).ok()?, u32::try_from(left).ok()?))
    }
}

/// Finds parts of a program in its image by their bytes.
pub(super) struct Finder<'a> {
    image: &'a [u8],
    /// Differences of offset and address of the parts that were found.
    shifts: Vec<i128>,
    /// Bytes that were searched.
    searched: usize,
    /// Bytes that were compared, and those of them that were equal.
    compared: usize,
    equal: usize,
}

impl<'a> Finder<'a> {
    /// A finder in an image whose first byte is expected at one of these addresses.
    pub(super) fn new(image: &'a [u8], starts: &[u64]) -> Self {
        let shifts = starts.iter().map(|&start| -i128::from(start)).collect();
        Self { image, shifts, searched: 0, compared: 0, equal: 0 }
    }

    /// Where the image has the bytes that are flashed at `address`.
    pub(super) fn find(&mut self, address: u64, bytes: &[u8]) -> Option<u64> {
        let expected = |shift: &i128| usize::try_from(i128::from(address) + shift).ok();
        let places: Vec<usize> = self.shifts.iter().filter_map(expected).collect();
        let known = places.into_iter().find(|&at| self.resembles(at, bytes));
        let found = known.or_else(|| self.search(bytes))?;
        let (equal, compared) = self.compare(found, bytes);
        (self.equal, self.compared) = (self.equal + equal, self.compared + compared);
        let shift = found as i128 - i128::from(address);
        if self.shifts.len() < MOST_SHIFTS && !self.shifts.contains(&shift) {
            self.shifts.push(shift);
        }
        Some(found as u64)
    }

    /// Whether more than a hundredth of what was found differs.
    pub(super) const fn differs(&self) -> bool {
        self.equal < self.compared - self.compared / 100
    }

    fn search(&mut self, bytes: &[u8]) -> Option<usize> {
        let step = bytes.len().checked_sub(NEEDLE)? / NEEDLES;
        let needles =
            (0..NEEDLES).map(|number| number * step).map(|start| (start, &bytes[start..][..NEEDLE]));
        for (start, needle) in needles.filter(|(_, needle)| variety(needle) >= LEAST_VARIETY) {
            if self.searched > MOST_SEARCHED {
                return None;
            }
            self.searched += self.image.len();
            let found = self.image.windows(NEEDLE).position(|window| window == needle);
            let found = found.and_then(|found| found.checked_sub(start));
            if let Some(at) = found.filter(|&at| self.resembles(at, bytes)) {
                return Some(at);
            }
        }
        None
    }

    fn resembles(&self, at: usize, bytes: &[u8]) -> bool {
        let (equal, compared) = self.compare(at, bytes);
        compared > 0 && equal as f64 >= LEAST_EQUAL * compared as f64
    }

    /// How many of some places are equal, and how many were compared.
    fn compare(&self, at: usize, bytes: &[u8]) -> (usize, usize) {
        let there = self.image.get(at..).unwrap_or(&[]);
        let step = bytes.len() / SAMPLES + 1;
        let places = (0..bytes.len()).step_by(step);
        let equal = places.clone().filter(|&place| there.get(place) == Some(&bytes[place]));
        (equal.count(), places.count())
    }
}

fn variety(bytes: &[u8]) -> usize {
    let mut seen = [false; 256];
    bytes.iter().for_each(|&byte| seen[usize::from(byte)] = true);
    seen.iter().filter(|seen| **seen).count()
}

/// Where an image has what is loaded to which addresses, if it says so itself.
pub(super) fn stated(image: &[u8]) -> Option<Vec<Area>> {
    let record =
        input::read(image, &Reading::default()).ok()?.record.filter(|it| it.format == Format::Esp)?;
    let area = |part: &input::Part| {
        part.address.map(|address| Area { address, size: part.size, offset: part.offset })
    };
    Some(record.parts.iter().filter_map(area).collect())
}

/// Bytes of the header that was put before a program of `size` bytes, if the image has one that they do not include.
pub(super) fn header(image: &[u8], size: u64) -> u64 {
    let record = input::read(image, &Reading::default()).ok().and_then(|flat| flat.record);
    let Some(record) = record.filter(|record| record.format == Format::Mcuboot) else { return 0 };
    let part = |name: &str| record.parts.iter().find(|part| part.name == name).map(|part| part.size);
    // Some builds leave room for the header, and it is in what they link.
    part("header").filter(|_| part("program").is_some_and(|program| size <= program)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::noise;

    #[test]
    fn an_address_is_found_in_its_area_only() {
        let image = Image { bytes: &[0; 100], base_address: None };
        let area = |address, size, offset| Area { address, size, offset };
        let areas = Areas::new(vec![area(1000, 20, 40), area(500, 60, 90), area(u64::MAX, 8, 0)], &image);
        assert_eq!(areas.find(1005), Some((45, 15)));
        assert_eq!(areas.find(500), Some((90, 10)));
        assert_eq!([999, 1020, 510, 499, 0, u64::MAX].map(|address| areas.find(address)), [None; 6]);
    }

    #[test]
    fn parts_are_found_by_their_bytes() {
        let program = noise(5000, 256, 1);
        let image = [&[7; 123][..], &program[..3000], &[9; 50], &program[3000..]].concat();
        let mut finder = Finder::new(&image, &[0x1000]);
        assert_eq!(finder.find(0x1000, &program[..3000]), Some(123));
        assert_eq!(finder.find(0x9000, &program[3000..]), Some(3173));
        // As far from its address as the last one, too short to be looked for.
        assert_eq!(finder.find(0x9000 + 100, &program[3100..3110]), Some(3273));
        assert_eq!(finder.find(0x5000, &noise(3000, 256, 2)), None);
        assert!(!finder.differs());
    }
}
