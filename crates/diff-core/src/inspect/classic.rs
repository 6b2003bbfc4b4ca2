//! BSDIFF40: which bytes of the target come from where, and about what they cost.

use super::Trace;
use super::memory::{Stretch, divide};
use super::piece::{Cost, Origin, Piece, Source};
use crate::api::{Costs, Report};
use crate::bsdiff40::{Bsdiff40Error, Entry, Sizes, decode_with, sizes};

/// Restores the target that `package` makes of `base`, of at most `limit` bytes, and passes on where each byte of it comes
/// from. What bytes cost is estimated: each of the three blocks is compressed as a whole, and its size is divided evenly.
///
/// Pieces arrive in the order of the target, without gaps. A wrong base gives wrong pieces: the format has no digest.
///
/// # Errors
/// A patch that is damaged, or whose target has more than `limit` bytes.
pub fn trace_bsdiff40(
    base: &[u8],
    package: &[u8],
    limit: u64,
    mut receive: impl FnMut(&Piece),
) -> Result<Trace, Bsdiff40Error> {
    let sizes = sizes(package)?;
    let mut counts = Counts::default();
    decode_with(base, package, limit, |entry, target| {
        counts.entries += 1;
        pieces(base, entry, target, |piece| counts.add(&piece));
    })?;
    let prices = Prices::new(&sizes, &counts);
    // What entries without bytes cost is the next one's.
    let mut open = 0.0;
    let target = decode_with(base, package, limit, |entry, target| {
        open += prices.entry;
        pieces(base, entry, target, |mut piece| {
            piece.cost = prices.cost(&piece);
            piece.cost.operations = std::mem::take(&mut open);
            receive(&piece);
        });
    })?;
    let blocks = sizes.control + sizes.diff + sizes.extra;
    Ok(Trace {
        report: counts.report(&sizes),
        target,
        is_expanded: false,
        is_estimated: true,
        header: package.len() as u64 - blocks,
        recipes: 0,
        unplaced: open + counts.unplaced(&sizes) as f64,
    })
}

/// Bytes of the target by what is sent of them.
#[derive(Default)]
struct Counts {
    entries: u64,
    copied: u64,
    changed: u64,
    new: u64,
}

/// What one of them costs.
struct Prices {
    entry: f64,
    copied: f64,
    changed: f64,
    new: f64,
}

impl Counts {
    fn add(&mut self, piece: &Piece) {
        let count = match piece.origin {
            Origin::New => &mut self.new,
            Origin::Changed => &mut self.changed,
            _ => &mut self.copied,
        };
        *count += u64::from(piece.length);
    }

    /// Bytes of blocks, empty ones, that no byte of the target is made from.
    const fn unplaced(&self, sizes: &Sizes) -> u64 {
        let diff = if self.copied + self.changed == 0 { sizes.diff } else { 0 };
        let extra = if self.new == 0 { sizes.extra } else { 0 };
        diff + extra
    }

    fn report(&self, sizes: &Sizes) -> Report {
        Report {
            base_covers: self.entries,
            base_covered: self.copied + self.changed,
            literals: self.new,
            costs: Costs {
                control: sizes.control,
                changed: sizes.diff,
                literals: sizes.extra,
                ..Costs::default()
            },
            ..Report::default()
        }
    }
}

impl Prices {
    fn new(sizes: &Sizes, counts: &Counts) -> Self {
        let each = |size: u64, count: u64| if count == 0 { 0.0 } else { size as f64 / count as f64 };
        // Zeros cost next to nothing beside differences.
        let copied = if counts.changed == 0 { counts.copied } else { 0 };
        Self {
            entry: each(sizes.control, counts.entries),
            copied: each(sizes.diff, copied),
            changed: each(sizes.diff, counts.changed),
            new: each(sizes.extra, counts.new),
        }
    }

    fn cost(&self, piece: &Piece) -> Cost {
        let length = f64::from(piece.length);
        match piece.origin {
            Origin::New => Cost { literals: self.new * length, ..Cost::default() },
            Origin::Changed => Cost { changed: self.changed * length, ..Cost::default() },
            _ => Cost { unchanged: self.copied * length, ..Cost::default() },
        }
    }
}

/// Divides what an entry makes. Beyond its ends, the base has zeros: what is added to them is new.
fn pieces(base: &[u8], entry: &Entry, target: &[u8], mut take: impl FnMut(Piece)) {
    let &Entry { position, start, middle, end } = entry;
    // Where the base begins and ends in the target, if it were there as a whole.
    let at = |offset: i64| (start as i64).saturating_add(offset.saturating_sub(position));
    let clamp = |place: i64| place.clamp(start as i64, middle as i64) as usize;
    let (first, last) = (clamp(at(0)), clamp(at(base.len() as i64)));
    let source = Source::Base((first as i64 - start as i64 + position).max(0) as u32);
    for (start, end, source) in
        [(start, first, None), (first, last, Some(source)), (last, middle, None), (middle, end, None)]
    {
        if start < end {
            let stretch = Stretch { start: start as u32, end: end as u32, source };
            divide((base, target), &stretch, true, &mut take);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::api::Silent;
    use crate::diff::diff_bsdiff40;
    use crate::search::noise;

    proptest! {
        #[test]
        fn pieces_have_no_gaps(position in prop_oneof![-90i64..90, any::<i64>()], add in 0..60usize, copy in 0..9usize) {
            let (base, start) = (noise(40, 256, 1), 7);
            let target = noise(start + add + copy, 256, 2);
            let entry = Entry { position, start, middle: start + add, end: start + add + copy };
            let mut at = start as u32;
            pieces(&base, &entry, &target, |piece| {
                assert_eq!(piece.offset, at);
                at += piece.length;
                if let Some(Source::Base(from)) = piece.source {
                    let expected = position + i64::from(piece.offset) - start as i64;
                    assert!(i64::from(from) == expected && expected + i64::from(piece.length) <= 40);
                }
            });
            prop_assert_eq!(at as usize, entry.end);
        }
    }

    #[test]
    fn costs_are_those_of_the_blocks() {
        let base = noise(9000, 256, 3);
        let mut target = [&base[5000..], &noise(300, 256, 4), &base[..5000]].concat();
        target[700] ^= 1;
        let patch = diff_bsdiff40(&base, &target, &Silent).unwrap();
        let (mut bytes, mut costs) = ([0; Origin::ALL.len()], 0.0);
        let trace = trace_bsdiff40(&base, &patch, 1 << 20, |piece| {
            bytes[Origin::ALL.iter().position(|&origin| origin == piece.origin).unwrap()] += piece.length;
            costs += piece.cost.total();
        });
        let trace = trace.unwrap();
        assert!(trace.target == target && trace.is_estimated);
        let [same, moved, repeat, predicted, changed, new] = bytes;
        assert_eq!((same, repeat, predicted, same + moved + changed + new), (0, 0, 0, target.len() as u32));
        assert!((1..9).contains(&changed) && (290..=300).contains(&new), "{bytes:?}");
        assert_eq!(trace.header, 32);
        assert!((costs + trace.unplaced + 32.0 - patch.len() as f64).abs() < 1e-6);
        // Without differences, the block of them is all the same, and has a size.
        let patch = diff_bsdiff40(&base, &base, &Silent).unwrap();
        assert!(trace_bsdiff40(&base, &patch, 1 << 20, |piece| assert!(piece.cost.unchanged > 0.0)).is_ok());
    }
}
