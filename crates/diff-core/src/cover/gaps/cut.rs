//! Cuts the target into long covers, which stay, and the gaps between them, which are parsed anew.

use crate::encode::Placed;

/// Covers shorter than this are up for dissolution.
const SHORT: u32 = 48;
/// Gaps are cut into pieces of about this many bytes, to bound memory and to have work for all cores.
const PIECE: usize = 1 << 15;

/// A stretch to be parsed, with the covers that may be dissolved, and what is around it.
#[derive(Debug)]
pub(crate) struct Gap {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Short covers inside, in order, with where they begin.
    pub(crate) covers: Vec<Placed>,
    /// Displacements (target minus base) of the long covers before and after.
    pub(crate) displacements: [Option<i64>; 2],
}

/// The long covers, and the gaps that they leave in `size` bytes.
pub(crate) fn gaps(size: usize, covers: &[Placed]) -> (Vec<Placed>, Vec<Gap>) {
    let (mut kept, mut gaps) = (Vec::new(), Vec::new());
    let mut open = open(0, None);
    for &placed in covers {
        let start = placed.at as usize;
        if placed.cover.length >= SHORT {
            let displacement = Some(placed.displacement());
            let next = self::open(placed.end() as usize, displacement);
            close(&mut gaps, std::mem::replace(&mut open, next), start, displacement);
            kept.push(placed);
        } else {
            if start - open.start > PIECE {
                let next = self::open(start, open.displacements[0]);
                close(&mut gaps, std::mem::replace(&mut open, next), start, None);
            }
            open.covers.push(placed);
        }
    }
    close(&mut gaps, open, size, None);
    (kept, gaps)
}

fn open(start: usize, before: Option<i64>) -> Gap {
    Gap { start, end: start, covers: Vec::new(), displacements: [before, None] }
}

/// Ends a gap, cutting off what is long before its first short cover and after its last: there is nothing to dissolve.
fn close(gaps: &mut Vec<Gap>, mut gap: Gap, end: usize, after: Option<i64>) {
    let first = gap.covers.first().map_or(end, |first| first.at as usize);
    let last = gap.covers.last().map_or(gap.start, |last| last.end() as usize);
    gap.start = cut(gaps, &gap, gap.start, first);
    if gap.start < last && end - last > 2 * PIECE {
        let before = gap.displacements[0];
        gaps.push(Gap { end: last, ..gap });
        gap = open(last, before);
        gap.start = cut(gaps, &gap, last, end);
    }
    gap.end = end;
    gap.displacements[1] = after;
    if gap.end > gap.start {
        gaps.push(gap);
    }
}

/// Cuts whole pieces off the front of a stretch without covers; returns where the rest begins.
fn cut(gaps: &mut Vec<Gap>, gap: &Gap, mut start: usize, end: usize) -> usize {
    while end - start > 2 * PIECE {
        gaps.push(Gap { end: start + PIECE, ..open(start, gap.displacements[0]) });
        start += PIECE;
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn covers_and_gaps_are_the_whole_image(lengths in prop::collection::vec((0..90_000u32, 1..120u32), 0..40)) {
            let mut covers = Vec::new();
            let mut end = 0;
            for (gap, length) in lengths {
                covers.push(Placed::of_base(end + gap, 7, length));
                end += gap + length;
            }
            let (kept, gaps) = gaps(end as usize + 5, &covers);
            let kept = kept.iter().map(|cover| (cover.at as usize, cover.end() as usize));
            let mut pieces: Vec<_> = kept.chain(gaps.iter().map(|gap| (gap.start, gap.end))).collect();
            pieces.sort_unstable();
            prop_assert!(pieces.windows(2).all(|pair| pair[0].1 == pair[1].0));
            prop_assert_eq!((pieces[0].0, pieces[pieces.len() - 1].1), (0, end as usize + 5));
            for gap in &gaps {
                let inside = |cover: &Placed| cover.at as usize >= gap.start && cover.end() as usize <= gap.end;
                prop_assert!(gap.covers.iter().all(inside));
            }
        }
    }
}
