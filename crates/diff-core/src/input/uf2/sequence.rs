//! Whether all blocks of a UF2 file are there, by their numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::{Block, FORMAT};
use crate::input::InputError;

/// How often each number is there, among blocks that say the same count.
type Numbers = BTreeMap<u32, usize>;

/// Checks that no block of this family is missing. Numbers count the blocks of the family, or those of the whole file if
/// tools made it for several families at once; several files may be one behind the other. The same block twice is one.
pub(super) fn check(blocks: &[Block], family: Option<u32>) -> Result<(), InputError> {
    let (mut own, mut others): (BTreeMap<u32, Numbers>, BTreeMap<u32, BTreeSet<u32>>) = Default::default();
    let mut seen = BTreeSet::new();
    for block in blocks {
        // Remarks and pieces of files may be counted with the family.
        if block.ignored {
            continue;
        }
        if !block.is_for(family) {
            others.entry(block.count).or_default().insert(block.number);
        } else if seen.insert((block.count, block.number, block.address)) {
            *own.entry(block.count).or_default().entry(block.number).or_default() += 1;
        }
    }
    own.iter().try_for_each(|(&count, numbers)| complete(count, numbers, others.get(&count)))
}

/// Checks the blocks that say the same count.
fn complete(count: u32, own: &Numbers, others: Option<&BTreeSet<u32>>) -> Result<(), InputError> {
    let files = own.values().copied().max().unwrap_or_default();
    let there: usize = own.values().sum();
    let all = files as u64 * u64::from(count);
    if all == there as u64 {
        return Ok(());
    }
    // Numbers of the whole file are each in one family only.
    let none = BTreeSet::new();
    let others =
        others.filter(|others| !others.iter().any(|number| own.contains_key(number))).unwrap_or(&none);
    let is_there = |number: &u32| own.get(number) == Some(&files) || others.contains(number);
    // There are fewer blocks in the file than this looks at.
    let Some(first) = (0..count).find(|number| !is_there(number)) else { return Ok(()) };
    let elsewhere = others.iter().filter(|&&number| number < count).count();
    let missing = all.saturating_sub((there + files * elsewhere) as u64).max(1);
    let joined = own.iter().find(|(_, times)| **times > 1).map(|(number, _)| {
        format!(", if these are {files} files, one behind the other: there is another block number {number}")
    });
    let joined = joined.unwrap_or_default();
    let reason = format!("{missing} of {all} blocks are missing, the first is number {first}{joined}");
    Err(InputError::Structure { format: FORMAT, reason })
}
