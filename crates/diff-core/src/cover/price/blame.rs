//! Attributes the cost of a block's flag to the changed byte that caused it: the models charge it to the block's first
//! bytes, which are equal.

use super::prices::CLASSES;
use super::seen::Seen;

/// How far before a change equal bytes' costs are attributed to it: the length of the longest block.
const BLOCK: u32 = 64;

/// A byte that was copied: small, as there is one for nearly every byte of the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Copied {
    pub(crate) position: u32,
    /// What it cost, but for the value of a change.
    pub(crate) cost: u32,
    /// The class of what was copied before.
    pub(crate) class: u8,
    pub(crate) changed: bool,
}

/// Moves what equal bytes cost because of a change soon after them to that change; `same` is what they cost before.
pub(crate) fn blame_changes(copied: &mut [Copied], same: &[u32; CLASSES]) {
    let usual = usual(copied, same);
    let mut change: Option<usize> = None;
    let mut excess = 0;
    for index in (0..copied.len()).rev() {
        let Copied { position, cost, class, changed } = copied[index];
        if changed {
            if let Some(change) = change.replace(index) {
                copied[change].cost += excess;
            }
            excess = 0;
        } else if change.is_some_and(|change| position + BLOCK > copied[change].position) {
            let more = cost.saturating_sub(usual[usize::from(class)]);
            copied[index].cost -= more;
            excess += more;
        }
    }
    if let Some(change) = change {
        copied[change].cost += excess;
    }
}

/// What equal bytes cost where no change is near.
fn usual(copied: &[Copied], same: &[u32; CLASSES]) -> [u32; CLASSES] {
    let mut usual = [Seen::default(); CLASSES];
    let mut change = u32::MAX;
    for copied in copied.iter().rev() {
        if copied.changed {
            change = copied.position;
        } else if change - copied.position > BLOCK {
            usual[usize::from(copied.class)].add(copied.cost.into());
        }
    }
    std::array::from_fn(|class| usual[class].average(same[class]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_paid_for_by_its_change() {
        let byte = |position, cost, changed| Copied { position, cost, class: 5, changed };
        let mut copied: Vec<Copied> = (0..2000).map(|position| byte(position, 1, false)).collect();
        copied.push(byte(2000, 901, false));
        copied.push(byte(2001, 1000, true));
        blame_changes(&mut copied, &[1; CLASSES]);
        assert_eq!((copied[2000].cost, copied[2001].cost), (1, 1900));
    }
}
