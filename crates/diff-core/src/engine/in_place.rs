//! Plans for updates in place that a device's flash allows, and the job that is smallest under one of them
//! (`docs/format.md`, section 8.2).

use smidgen_patch::header::InPlacePlan;

use crate::api::{DiffError, InPlace};
use crate::cover::available_covers;
use crate::encode::{BodyJob, Placed};

/// The smallest job under a plan, and that plan. Of plans whose bodies differ by less than a hundredth, the one that
/// wears the flash least. `free` is the best job without a plan, `job_under` makes the best one under one.
pub(super) fn choose<'a>(
    flash: &InPlace,
    free: BodyJob<'a>,
    job_under: impl Fn(InPlacePlan) -> Result<BodyJob<'a>, DiffError>,
) -> Result<(BodyJob<'a>, InPlacePlan), DiffError> {
    let plans = plans(flash, free.base.len());
    let losses: Vec<u64> = plans.iter().map(|&plan| lost(plan, &free.plan.covers)).collect();
    let least = losses.iter().copied().min().unwrap_or(0);
    let mut promising = plans.iter().zip(losses).filter(|&(_, loss)| loss <= least + least / 2);
    if least == 0
        && let Some((&plan, _)) = promising.next()
    {
        return Ok((free, plan));
    }
    let mut best: Option<(u64, BodyJob, InPlacePlan)> = None;
    for (&plan, _) in promising {
        let job = job_under(plan)?;
        let cost = job.cost().map_err(DiffError::NotProved)?;
        if best.as_ref().is_none_or(|(least, ..)| cost < least - least / 100) {
            best = Some((cost, job, plan));
        }
    }
    let (_, job, plan) = best.ok_or(DiffError::Internal("no plan for an update in place was tried"))?;
    Ok((job, plan))
}

/// All plans that are worth a trial on flash that [`InPlace::check`] has passed, those that wear it least first: with
/// and without moving the base out of the way, with and without keeping a part of what is replaced.
fn plans(flash: &InPlace, base: usize) -> Vec<InPlacePlan> {
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
    plans
}

/// How many bytes of covers cannot be copied under a plan.
fn lost(plan: InPlacePlan, covers: &[Placed]) -> u64 {
    let bytes = |covers: &[Placed]| covers.iter().map(|placed| u64::from(placed.cover.length)).sum::<u64>();
    bytes(covers) - bytes(&available_covers(plan, covers))
}
