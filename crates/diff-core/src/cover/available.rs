//! Updates in place: which bytes of the base are still available while the target grows over it
//! (`docs/format.md`, section 8.2).

use std::ops::Range;

use smidgen_patch::header::InPlacePlan;
use smidgen_patch::internals::apply::{Cover, Source};

use crate::encode::Placed;

/// The parts of a range of the target that can be copied at this displacement (target minus base offset).
///
/// What lies that far behind has been overwritten by the segment's beginning, except in the rest of each segment.
pub(crate) fn available_ranges(
    plan: InPlacePlan,
    displacement: i64,
    range: Range<usize>,
) -> impl Iterator<Item = Range<usize>> {
    let Range { start, end } = range;
    let segment = plan.segment as usize;
    let needed = displacement - i64::from(plan.shift) - i64::from(plan.keep);
    let needed = usize::try_from(needed).unwrap_or(0).min(segment);
    let first = start - start % segment;
    let whole = (needed == 0).then_some(range);
    // Without this, what is available everywhere would be cut into segments.
    let parts = (first..end).step_by(segment).filter(move |_| needed > 0);
    let parts = parts.map(move |begin| (begin + needed).max(start)..(begin + segment).min(end));
    whole.into_iter().chain(parts).filter(|range| !range.is_empty())
}

/// The parts of covers that can be copied.
pub(crate) fn available_covers(plan: InPlacePlan, covers: &[Placed]) -> Vec<Placed> {
    let parts = |placed: &Placed| -> Vec<Placed> {
        let Placed { at, cover } = *placed;
        if cover.source == Source::Target {
            return vec![*placed];
        }
        let range = at as usize..placed.end() as usize;
        let part = |range: Range<usize>| {
            let (start, length) = (range.start as u32, range.len() as u32);
            Placed { at: start, cover: Cover { start: cover.start + (start - at), length, ..cover } }
        };
        available_ranges(plan, placed.displacement(), range).map(part).collect()
    };
    covers.iter().flat_map(parts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ranges_are_what_the_plan_has_byte_by_byte(
            (segment, shift, keep) in (1..200u32, 0..300u32, 0..200u32),
            (target, length) in (0..500u32, 1..400u32),
            base in 0..500u32,
        ) {
            let plan = InPlacePlan { segment, shift, keep: keep.min(segment) };
            let displacement = i64::from(target) - i64::from(base);
            let range = target as usize..(target + length) as usize;
            let mut found = vec![false; length as usize];
            for part in available_ranges(plan, displacement, range.clone()) {
                found[part.start - range.start..part.end - range.start].fill(true);
            }
            for at in 0..length {
                prop_assert_eq!(found[at as usize], plan.has(base + at, target + at), "byte {}", at);
            }
        }
    }
}
