//! The plans that a device's flash allows, those that wear it least first.

use patch_nostd::internals::wire::InPlacePlan;

use crate::api::InPlace;
use crate::cover::available_covers;
use crate::encode::Placed;

/// Plans for two images.
pub(crate) struct InPlacePlans {
    plans: Vec<InPlacePlan>,
}

impl InPlacePlans {
    /// All that are worth a trial on flash that [`InPlace::check`] has passed: with and without moving the base
    /// out of the way, with and without keeping a part of what is replaced.
    pub(crate) fn new(flash: &InPlace, base: usize) -> Self {
        let whole = |length: usize| (length as u32).next_multiple_of(flash.page);
        let room = flash.slot / flash.page * flash.page - whole(base);
        let scratch = flash.scratch / flash.page * flash.page;
        let half = (scratch / 2).next_multiple_of(flash.page).min(scratch - flash.page);
        let mut plans = Vec::new();
        for shift in [0, room] {
            for keep in [0, flash.page, half] {
                // A page of both at least; no more is kept than a segment replaces.
                let keep = keep.min(scratch / flash.page / 2 * flash.page);
                let plan = InPlacePlan { segment: scratch - keep, shift, keep };
                if !plans.contains(&plan) {
                    plans.push(plan);
                }
            }
        }
        Self { plans }
    }

    /// The first plan under which all these covers can be copied.
    pub(crate) fn lossless(&self, covers: &[Placed]) -> Option<InPlacePlan> {
        self.plans.iter().copied().find(|&plan| lost(plan, covers) == 0)
    }

    /// Those under which the least can no longer be copied of these covers, or not much more.
    pub(crate) fn promising(&self, covers: &[Placed]) -> Vec<InPlacePlan> {
        let losses: Vec<u64> = self.plans.iter().map(|&plan| lost(plan, covers)).collect();
        let least = losses.iter().copied().min().unwrap_or(0);
        let promising = self.plans.iter().zip(losses).filter(|&(_, loss)| loss <= least + least / 2);
        promising.map(|(&plan, _)| plan).collect()
    }
}

/// How many bytes of covers cannot be copied under a plan.
fn lost(plan: InPlacePlan, covers: &[Placed]) -> u64 {
    let bytes = |covers: &[Placed]| covers.iter().map(|placed| u64::from(placed.cover.length)).sum::<u64>();
    bytes(covers) - bytes(&available_covers(plan, covers))
}
