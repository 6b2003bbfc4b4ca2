//! Where a cover of the search is beyond doubt, so that nothing else is looked for.

use std::collections::VecDeque;

/// A cover with so many differences in a window of so many bytes is in doubt there.
const WINDOW: usize = 32;
const DOUBTFUL: usize = 8;
/// Stretches shorter than this are in doubt anyway.
const LEAST: usize = 2 * WINDOW;

/// The stretches without many differences, in order, given where the differences are and the cover's end.
pub fn certain(start: usize, end: usize, differences: impl Iterator<Item = usize>) -> Vec<(usize, usize)> {
    let mut stretches = Vec::new();
    let mut recent: VecDeque<usize> = VecDeque::with_capacity(DOUBTFUL + 1);
    let mut from = start;
    for position in differences {
        while recent.front().is_some_and(|&first| first + WINDOW < position) {
            recent.pop_front();
        }
        recent.push_back(position);
        if recent.len() >= DOUBTFUL {
            if recent[0] > from + LEAST {
                stretches.push((from, recent[0]));
            }
            from = position + 1;
        }
    }
    if end > from + LEAST {
        stretches.push((from, end));
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cover_with_few_differences_is_certain() {
        assert_eq!(certain(100, 1100, (100..1100).step_by(8)), [(100, 1100)]);
        assert_eq!(certain(100, 120, std::iter::empty()), []);
    }

    #[test]
    fn many_differences_interrupt_it() {
        assert_eq!(certain(0, 1000, 500..520), [(0, 500), (520, 1000)]);
    }
}
