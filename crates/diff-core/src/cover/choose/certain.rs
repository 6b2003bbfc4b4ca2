//! Where covers of the search have few differences, so that no other candidates are sought.

use std::collections::VecDeque;
use std::ops::Range;

use crate::encode::Placed;
use crate::images::Images;

/// A cover is in doubt where a window of this many bytes has this many differences.
const WINDOW: usize = 32;
const DOUBTFUL: usize = 8;
/// Stretches shorter than this are in doubt anyway.
const LEAST: usize = 2 * WINDOW;

/// The stretches of `range` where no cover of these, which are in order, is certain.
pub(super) fn doubtful(masked: Images, covers: &[Placed], range: Range<usize>) -> Vec<Range<usize>> {
    let mut doubtful = Vec::new();
    let mut position = range.start;
    for &placed in covers {
        for certain in certain_of(masked, placed) {
            doubtful.push(position..certain.start.min(range.end));
            position = position.max(certain.end);
        }
    }
    doubtful.push(position..range.end);
    doubtful.retain(|stretch| !stretch.is_empty());
    doubtful
}

fn certain_of(masked: Images, placed: Placed) -> Vec<Range<usize>> {
    let Images { base, target } = placed.bytes(masked);
    let start = placed.at as usize;
    let pairs = target.iter().zip(base).enumerate();
    let differences = pairs.filter(|(_, (target, base))| target != base).map(|(index, _)| start + index);
    certain(start..placed.end() as usize, differences)
}

/// The stretches of a cover without many differences, in order, given where the differences are.
fn certain(cover: Range<usize>, differences: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let mut stretches = Vec::new();
    let mut recent: VecDeque<usize> = VecDeque::with_capacity(DOUBTFUL + 1);
    let mut from = cover.start;
    for position in differences {
        while recent.front().is_some_and(|&first| first + WINDOW < position) {
            recent.pop_front();
        }
        recent.push_back(position);
        if recent.len() >= DOUBTFUL {
            if recent[0] > from + LEAST {
                stretches.push(from..recent[0]);
            }
            from = position + 1;
        }
    }
    if cover.end > from + LEAST {
        stretches.push(from..cover.end);
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cover_with_few_differences_is_certain() {
        assert_eq!(certain(100..1100, (100..1100).step_by(8)), vec![100..1100]);
        assert!(certain(100..120, std::iter::empty()).is_empty());
    }

    #[test]
    fn many_differences_interrupt_it() {
        assert_eq!(certain(0..1000, 500..520), [0..500, 520..1000]);
    }
}
