//! Divides the decoder's memory among its tables (`docs/format.md`, section 3.2).

use smidgen_patch::header::{Codec, ModelSize};
use smidgen_patch::internals::wire::{FIXED_RAM, LANDMARK_RAM, LEARNED_RAM, LITE_RAM, SLOT_RAM};

use crate::api::DiffError;

/// With fewer slots than this the models learn nothing.
pub(super) const LEAST_SLOTS: u32 = 16;
/// Landmarks may take one part in this many of the budget, and learned displacements one in that many.
const LANDMARK_SHARE: u64 = 16;
const LEARNED_SHARE: u64 = 8;
/// Of the memory that `lite` leaves beside its counters, landmarks may take one part in this many.
const LITE_LANDMARK_SHARE: u64 = 4;
/// More than these rarely help: what is learned from references replaces most of a map of all covers.
const MOST_LANDMARKS: u64 = 256;
const MOST_LEARNED: u64 = smidgen_patch::internals::wire::MOST_LEARNED as u64;
/// Slots that are of use with any images, for each literal byte, and one per `CHANGES_PER_SLOT` changed bytes. More than
/// these only cost the decoder's cache: on a kernel of 27 MB a table of 1 MiB restores 1.6 times faster than 8 MiB.
const USEFUL_SLOTS: u64 = 16 << 10;
const SLOTS_PER_LITERAL: u64 = 4;
const CHANGES_PER_SLOT: u64 = 8;

/// How much the models have to code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload {
    pub(crate) covers: u64,
    /// Bytes in no cover.
    pub(crate) literals: u64,
    /// Bytes of covers that differ from their source.
    pub(crate) changes: u64,
    /// Lanes that share all of this. Each has the decoder's tables to itself.
    pub(crate) lanes: u64,
}

/// Table sizes within `budget` bytes for the models of a codec.
pub(crate) fn model_size(codec: &Codec, budget: u64, workload: Workload) -> Result<ModelSize, DiffError> {
    match codec {
        Codec::Lite { .. } => lite_size(budget, workload),
        Codec::Cm { .. } | Codec::Zstd { .. } => cm_size(budget, workload),
    }
}

/// All that `lite` can give away is room for landmarks and learned displacements.
fn lite_size(budget: u64, workload: Workload) -> Result<ModelSize, DiffError> {
    let least = u64::from(LITE_RAM);
    let free = budget.checked_sub(least).ok_or(DiffError::BudgetTooSmall { budget, least })?;
    let Workload { lanes, .. } = workload;
    let most = free / LITE_LANDMARK_SHARE / u64::from(LANDMARK_RAM);
    let landmarks = (workload.covers / lanes).min(most).min(MOST_LANDMARKS / lanes);
    let left = free - landmarks * u64::from(LANDMARK_RAM);
    let learned = (left / u64::from(LEARNED_RAM)).min(MOST_LEARNED);
    Ok(ModelSize { slots: 0, landmarks: landmarks as u32, learned: learned as u32 })
}

fn cm_size(budget: u64, workload: Workload) -> Result<ModelSize, DiffError> {
    let least = u64::from(FIXED_RAM + LEAST_SLOTS * SLOT_RAM);
    let free = budget.checked_sub(least).ok_or(DiffError::BudgetTooSmall { budget, least })?;
    let most = free / LANDMARK_SHARE / u64::from(LANDMARK_RAM);
    let Workload { lanes, .. } = workload;
    let landmarks = (workload.covers / lanes).min(most).min(MOST_LANDMARKS / lanes);
    let learned = (free / LEARNED_SHARE / u64::from(LEARNED_RAM)).min(MOST_LEARNED);
    let tables = landmarks * u64::from(LANDMARK_RAM) + learned * u64::from(LEARNED_RAM);
    let slots = u64::from(LEAST_SLOTS) + (free - tables) / u64::from(SLOT_RAM);
    let coded = workload.literals * SLOTS_PER_LITERAL + workload.changes / CHANGES_PER_SLOT;
    let useful = USEFUL_SLOTS + coded / lanes;
    let slots = slots.min(useful).min(1 << 24);
    // The header states the sum: a hundredth of it is not worth a byte more.
    let sum = u64::from(FIXED_RAM) + tables + slots * u64::from(SLOT_RAM);
    let shorter = (1 << (sum.ilog2() / 7 * 7)) - 1;
    let spared = if sum - sum / 100 <= shorter { (sum - shorter).div_ceil(u64::from(SLOT_RAM)) } else { 0 };
    Ok(ModelSize { slots: (slots - spared) as u32, landmarks: landmarks as u32, learned: learned as u32 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOAD: Workload = Workload { covers: 10_000, literals: 10_000, changes: 10_000, lanes: 1 };

    #[test]
    fn the_budget_is_used_and_never_exceeded() {
        for budget in 3000..40_000 {
            let Ok(size) = cm_size(budget, LOAD) else { continue };
            let used = FIXED_RAM
                + LANDMARK_RAM * size.landmarks
                + LEARNED_RAM * size.learned
                + SLOT_RAM * size.slots;
            let left = budget - u64::from(used);
            let is_shorter = used < 1 << 14 && budget >= 1 << 14;
            assert!(left < 8 || is_shorter && left < budget / 100 + 16, "{budget}");
        }
    }

    #[test]
    fn all_that_lite_leaves_is_used() {
        for budget in u64::from(LITE_RAM)..8000 {
            let ModelSize { slots, landmarks, learned } = lite_size(budget, LOAD).unwrap();
            let used = LITE_RAM + LANDMARK_RAM * landmarks + LEARNED_RAM * learned;
            assert!(slots == 0 && budget - u64::from(used) < LEARNED_RAM.into(), "{budget}");
        }
        let least = u64::from(LITE_RAM);
        assert!(
            matches!(lite_size(least - 1, LOAD), Err(DiffError::BudgetTooSmall { least: it, .. }) if it == least)
        );
    }

    #[test]
    fn too_little_is_refused() {
        assert!(matches!(cm_size(1024, LOAD), Err(DiffError::BudgetTooSmall { budget: 1024, .. })));
    }
}
