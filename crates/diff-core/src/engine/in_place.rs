//! Jobs under the plan of an update in place.

use patch_nostd::Error;
use patch_nostd::wire::InPlacePlan;

use super::best_job::best_job;
use super::new_image::NewImage;
use super::plans::Candidates;
use super::subject::Subject;
use crate::api::{DiffError, InPlace, Progress};
use crate::encode::Job;

/// The job that makes the smallest package for an update in place, and its plan. Of plans whose packages differ by less
/// than one part in a hundred, the one that wears the flash least.
pub(super) fn in_place_job<'a>(
    (subject, new): (&Subject<'a>, &NewImage),
    flash: &InPlace,
    free: Job<'a>,
    progress: &dyn Progress,
) -> Result<(Job<'a>, InPlacePlan), DiffError> {
    let candidates = Candidates::new(flash, subject.old.len());
    if let Some(plan) = candidates.lossless(&free.plan.covers) {
        return Ok((free, plan));
    }
    let mut best: Option<(u64, Job, InPlacePlan)> = None;
    for plan in candidates.promising(&free.plan.covers) {
        let job = best_job(&subject.with_plan(plan), new, progress)?;
        let cost = job.cost().map_err(DiffError::NotProved)?;
        if best.as_ref().is_none_or(|(least, ..)| cost < least - least / 100) {
            best = Some((cost, job, plan));
        }
    }
    let (_, job, plan) = best.ok_or(DiffError::NotProved(Error::Areas))?;
    Ok((job, plan))
}
