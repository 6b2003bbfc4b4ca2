//! Further passes: covers are chosen again, by what the models charged for those chosen before.

use rayon::prelude::*;

use super::level::SCALES;
use super::subject::Subject;
use super::trial::workload;
use crate::api::DiffError;
use crate::cover::{Observer, Piece, Prices, References, Scale, Width, choose};
use crate::encode::{BodyJob, CostCurve, Placed, Plan, model_size};

/// Chooses the job's covers again until that does not gain anything, or often enough; what the job costs then, if
/// that became known.
pub(crate) fn run(
    subject: &Subject,
    job: &mut BodyJob,
    pieces: &[Piece],
    width: Width,
) -> Result<Option<CostCurve>, DiffError> {
    let mut curve = None;
    for _ in 0..subject.effort.passes {
        let (gained, now) = pass(subject, job, pieces, width)?;
        curve = Some(now);
        if !gained {
            break;
        }
    }
    Ok(curve)
}

/// One pass: whether it gained anything, and what the job costs now.
fn pass(
    subject: &Subject,
    job: &mut BodyJob,
    pieces: &[Piece],
    width: Width,
) -> Result<(bool, CostCurve), DiffError> {
    let images = (subject.base, subject.target);
    let pages = job.plan.pages.clone();
    let references = References::new(&subject.catalogue, subject.target, pages, &job.plan.covers);
    let mut observer = Observer::new(images, &job.plan.covers, &references);
    let before = job.watch(|position, costs| observer.step(position, costs)).map_err(DiffError::NotProved)?;
    let prices = observer.prices(&Prices::default());
    let trial = |&scale: &Scale| {
        let prices = prices.clone().scaled(scale);
        let covers = choose(images, (pieces, width.lanes), &prices, &references);
        let next = with_covers(subject, job, covers)?;
        let curve = next.curve(Some(&before)).map_err(DiffError::NotProved)?;
        Ok(curve.map(|curve| (curve, next)))
    };
    let trials: Result<Vec<Option<(CostCurve, BodyJob)>>, DiffError> =
        SCALES[..subject.effort.scales].par_iter().map(trial).collect();
    match trials?.into_iter().flatten().min_by_key(|(curve, _)| curve.total()) {
        Some((curve, next)) if curve.total() < before.total() => {
            *job = next;
            Ok((true, curve))
        }
        _ => Ok((false, before)),
    }
}

/// The same job with other covers.
fn with_covers<'a>(
    subject: &Subject,
    job: &BodyJob<'a>,
    covers: Vec<Placed>,
) -> Result<BodyJob<'a>, DiffError> {
    let size = model_size(subject.budget, workload(subject, &covers))?;
    let mut plan = Plan { covers, ..job.plan.clone() };
    plan.choose_landmarks(size.landmarks as usize);
    Ok(BodyJob { plan, size, ..job.clone() })
}
