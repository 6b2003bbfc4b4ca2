//! Jobs under the plan of an update in place.

use patch_nostd::internals::wire::InPlacePlan;

use super::best_job::best_job;
use super::plans::InPlacePlans;
use super::subject::Subject;
use super::target_image::TargetImage;
use crate::api::{DiffError, InPlace, Progress};
use crate::encode::BodyJob;

/// The job that makes the smallest package for an update in place, and its plan. Of plans whose packages differ by less
/// than one part in a hundred, the one that wears the flash least.
pub(super) fn in_place_job<'a>(
    (subject, target): (&Subject<'a>, &TargetImage),
    flash: &InPlace,
    free: BodyJob<'a>,
    progress: &dyn Progress,
) -> Result<(BodyJob<'a>, InPlacePlan), DiffError> {
    let candidates = InPlacePlans::new(flash, subject.base.len());
    if let Some(plan) = candidates.lossless(&free.plan.covers) {
        return Ok((free, plan));
    }
    let mut best: Option<(u64, BodyJob, InPlacePlan)> = None;
    for plan in candidates.promising(&free.plan.covers) {
        let job = best_job(&subject.with_plan(plan), target, progress)?;
        let cost = job.cost().map_err(DiffError::NotProved)?;
        if best.as_ref().is_none_or(|(least, ..)| cost < least - least / 100) {
            best = Some((cost, job, plan));
        }
    }
    let (_, job, plan) = best.ok_or(DiffError::Internal("no plan for an update in place was tried"))?;
    Ok((job, plan))
}
