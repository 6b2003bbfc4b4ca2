//! Divides the decoder's memory among its tables (`docs/format.md`, section 3.2).

use patch_nostd::apply::{FIXED_RAM, LANDMARK_RAM, LEARNED_RAM, SLOT_RAM};
use patch_nostd::wire::ModelSize;

use crate::DiffError;

/// With fewer slots than this the models learn nothing.
const LEAST_SLOTS: u64 = 16;
/// The share of the budget that landmarks and learned references may take each: one part in this many.
const TABLE_SHARE: u64 = 16;
/// More than these never help: 64 and 128 are within 2 % of unlimited on microcontroller images.
const MOST_LANDMARKS: u64 = 4096;
const MOST_LEARNED: u64 = 1024;
/// More counters than this per byte of target stay empty.
const SLOTS_PER_BYTE: u64 = 4;

/// Table sizes within `budget` bytes for a plan of `covers` covers, of which `landmarks` are wanted at most.
pub fn model_size(budget: u64, target_size: usize, landmarks: u64) -> Result<ModelSize, DiffError> {
    let least = u64::from(FIXED_RAM) + LEAST_SLOTS * u64::from(SLOT_RAM);
    let free = budget.checked_sub(least).ok_or(DiffError::BudgetTooSmall { budget, least })?;
    let share = free / TABLE_SHARE;
    let landmarks = landmarks.min(share / u64::from(LANDMARK_RAM)).min(MOST_LANDMARKS);
    let learned = (share / u64::from(LEARNED_RAM)).min(MOST_LEARNED);
    let tables = landmarks * u64::from(LANDMARK_RAM) + learned * u64::from(LEARNED_RAM);
    let slots = LEAST_SLOTS + (free - tables) / u64::from(SLOT_RAM);
    let useful = (target_size as u64 * SLOTS_PER_BYTE).max(LEAST_SLOTS);
    let slots = slots.min(useful).min(1 << 24);
    Ok(ModelSize { slots: slots as u32, landmarks: landmarks as u32, learned: learned as u32 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_used_and_never_exceeded() {
        for budget in 3000..40_000 {
            let Ok(size) = model_size(budget, 1 << 20, u64::MAX) else { continue };
            let used = FIXED_RAM
                + LANDMARK_RAM * size.landmarks
                + LEARNED_RAM * size.learned
                + SLOT_RAM * size.slots;
            assert!(u64::from(used) <= budget && u64::from(used) + u64::from(SLOT_RAM) > budget, "{budget}");
        }
    }

    #[test]
    fn too_little_is_refused() {
        assert!(matches!(model_size(1024, 100, 10), Err(DiffError::BudgetTooSmall { budget: 1024, .. })));
    }
}
