//! The cells of the map: equal parts of the target, few enough for a page.

use smidgen_diff::inspect::{Cost, Origin, Piece, Source};

use super::index;

/// The size of a cell, unless there would be too many or too few of them.
const USUAL: u32 = 256;
const LEAST: u32 = 64;
const MOST_CELLS: u32 = 16 << 10;
const FEW_CELLS: u32 = 1 << 10;

#[derive(Debug)]
pub(super) struct Cells {
    /// Bytes of each cell but the last, a power of two.
    pub(super) size: u32,
    pub(super) list: Vec<Cell>,
    /// Bytes of the target.
    pub(super) target: u32,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    /// Bytes by origin, as in [`Origin::ALL`].
    pub(super) origins: [u32; Origin::ALL.len()],
    pub(super) cost: Cost,
    /// Where its longest copied part comes from, the offset of that part, and its bytes.
    pub(super) source: Option<(Source, u32, u32)>,
    /// The place that costs the most of it, and what.
    pub(super) place: Option<(usize, f64)>,
}

impl Cells {
    pub(super) fn new(target: u32) -> Self {
        let mut size = USUAL;
        while size > LEAST && target / size < FEW_CELLS / 2 {
            size /= 2;
        }
        while target.div_ceil(size) > MOST_CELLS {
            size *= 2;
        }
        Self { size, list: vec![Cell::default(); target.div_ceil(size) as usize], target }
    }

    /// Adds a piece that lies within `place`.
    pub(super) fn add(&mut self, piece: &Piece, place: Option<usize>) {
        let end = piece.offset.saturating_add(piece.length);
        let mut at = piece.offset;
        while at < end {
            let number = at / self.size;
            let next = end.min((number + 1).saturating_mul(self.size));
            let cost = piece.cost * (f64::from(next - at) / f64::from(piece.length));
            if let Some(cell) = self.list.get_mut(number as usize) {
                let source = piece.source.map(|source| (source.behind(at - piece.offset), at, next - at));
                cell.add(piece.origin, next - at, cost, source, place);
            }
            at = next;
        }
    }

    /// The offsets of a cell.
    pub(super) fn range(&self, number: usize) -> std::ops::Range<u32> {
        let start = number as u32 * self.size;
        start..start.saturating_add(self.size).min(self.target)
    }
}

impl Cell {
    fn add(
        &mut self,
        origin: Origin,
        bytes: u32,
        cost: Cost,
        source: Option<(Source, u32, u32)>,
        place: Option<usize>,
    ) {
        self.origins[index(origin)] += bytes;
        self.cost += cost;
        if source.is_some_and(|(_, _, bytes)| self.source.is_none_or(|(_, _, most)| bytes > most)) {
            self.source = source;
        }
        let cost = cost.total();
        match &mut self.place {
            Some((last, most)) if Some(*last) == place => *most += cost,
            Some((_, most)) if cost <= *most => {}
            _ => self.place = place.map(|place| (place, cost)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_neither_too_many_nor_too_few() {
        for (target, size) in
            [(0, 64), (1, 64), (8 << 10, 64), (40_000, 64), (100_000, 128), (200_000, 256), (4 << 20, 256)]
        {
            assert_eq!(Cells::new(target).size, size, "{target}");
        }
        assert_eq!(Cells::new((4 << 20) + 1).size, 512);
        assert_eq!(Cells::new(100 << 20).list.len(), 12_800);
        assert!(Cells::new(1_000_000_000).list.len() <= MOST_CELLS as usize);
    }
}
