//! From two images to the job whose body comes out smallest: search, choice by price, pages, learned prices, tuning.
//!
//! How much is tried is the level's choice, and the images' size. The larger they are, the less is tried: the models
//! keep their usual speeds, and what the search masks is decided on samples.

use patch_nostd::internals::wire::ModelSize;
use rayon::prelude::*;

use super::draft::Draft;
use super::level::{Choice, Effort};
use super::masks::masks;
use super::passes;
use super::subject::Subject;
use super::target_image::TargetImage;
use super::trial::{choose_pages, job_of, workload};
use crate::api::{DiffError, Progress, Stage, check_cancelled};
use crate::encode::{BodyJob, model_size, shrink, tune};
use crate::limits::LARGE;

/// The parts of the memory that are tried besides all of it, down to what small microcontrollers have.
const SMALLER: [u64; 2] = [4, 16];
const LEAST_BUDGET: u64 = 12 << 10;

/// The best job for this subject: that of its level, or of the one below where that is smaller.
pub(crate) fn best_job<'a>(
    subject: &Subject<'a>,
    target: &TargetImage,
    progress: &dyn Progress,
) -> Result<BodyJob<'a>, DiffError> {
    let job = job(subject, target, progress)?;
    let Some(below) = subject.effort.below else { return Ok(job) };
    let other = best_job(&subject.with_effort(Effort::of(below)), target, progress)?;
    let sizes = rayon::join(|| job.cost(), || other.cost());
    let (own, others) = (sizes.0.map_err(DiffError::NotProved)?, sizes.1.map_err(DiffError::NotProved)?);
    Ok(if others < own { other } else { job })
}

/// The job that the level's effort makes.
fn job<'a>(
    subject: &Subject<'a>,
    target: &TargetImage,
    progress: &dyn Progress,
) -> Result<BodyJob<'a>, DiffError> {
    let size = subject.base.len().max(subject.target.len());
    let effort = &subject.effort;
    let mut draft = draft(subject, target, progress)?;
    check_cancelled(progress)?;
    progress.begin(Stage::Encode, 1);
    let pieces = std::mem::take(&mut draft.pieces);
    let kinds = draft.kinds.clone();
    let mut job = job_of(subject, draft)?;
    if kinds.len() > 1 {
        choose_pages(&mut job, &kinds).map_err(DiffError::NotProved)?;
    }
    let mut curve = None;
    if let (Choice::All(width), true) = (effort.choice, size <= effort.again) {
        curve = passes::run(subject, &mut job, &pieces, width)?;
        let sizes = smaller_sizes(subject, &job)?;
        curve = shrink(&mut job, &sizes, curve).map_err(DiffError::NotProved)?;
    }
    if size <= effort.small && effort.tuning {
        tune(&mut job, curve).map_err(DiffError::NotProved)?;
    }
    progress.advance(1);
    Ok(job)
}

/// Table sizes for less memory than there is, where a job may come out smaller with it.
fn smaller_sizes(subject: &Subject, job: &BodyJob) -> Result<Vec<ModelSize>, DiffError> {
    let workload = workload(subject, &job.plan.covers);
    let budgets = SMALLER.map(|part| subject.budget / part);
    budgets
        .into_iter()
        .filter(|&budget| budget >= LEAST_BUDGET)
        .map(|budget| model_size(budget, workload))
        .collect()
}

/// The cheapest draft of all masks that are tried, with its covers chosen.
fn draft(subject: &Subject, target: &TargetImage, progress: &dyn Progress) -> Result<Draft, DiffError> {
    let masks = masks(subject)?;
    progress.begin(Stage::Search, masks.len() as u64);
    // One table for all masks; there is only one for large images, and memory for less than a table.
    let small = subject.base.len().max(subject.target.len()) <= LARGE;
    let repeats = small.then(|| target.repeats());
    let draft = |&mask| {
        check_cancelled(progress)?;
        let draft = Draft::new(subject, mask, repeats);
        progress.advance(1);
        draft
    };
    let drafts: Result<Vec<Draft>, DiffError> = masks.par_iter().map(draft).collect();
    let best = Draft::best_of(drafts?, subject);
    best.ok_or(DiffError::Internal("no mask was tried"))
}
