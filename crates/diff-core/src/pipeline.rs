//! From two images to the job whose body comes out smallest: search, choice by price, regions, learned prices, tuning.
//!
//! How much is tried is the level's choice, and the images' size. The larger they are, the less is tried: the models
//! keep their usual speeds, and what the search masks is decided on samples.

use patch_nostd::wire::{ModelSize, RegionKind};
use rayon::prelude::*;

use crate::diff::check_cancelled;
use crate::draft::{Draft, load};
use crate::encode::{
    Job, LARGE_TUNING, PAGE, Plan, Regions, START, Trace, cheapest, model_size, shrink, tune,
};
use crate::level::{Choice, Effort};
use crate::subject::Subject;
use crate::{DiffError, NewImage, Progress, Stage, masks, passes};

/// Of images beyond this many bytes, only what lies between long covers is chosen by price: the rest takes memory.
pub(crate) const LARGE: usize = 40 << 20;
/// The parts of the memory that are tried besides all of it, down to what small microcontrollers have.
const SMALLER: [u64; 2] = [4, 16];
const LEAST_BUDGET: u64 = 12 << 10;

/// The best job for this subject: that of its level, or of the one below where that is smaller.
pub(crate) fn best_job<'a>(
    subject: &Subject<'a>,
    new: &NewImage,
    progress: &dyn Progress,
) -> Result<Job<'a>, DiffError> {
    let job = job(subject, new, progress)?;
    let Some(below) = subject.effort.below else { return Ok(job) };
    let other = best_job(&subject.with_effort(Effort::of(below)), new, progress)?;
    let sizes = rayon::join(|| job.cost(), || other.cost());
    let (own, others) = (sizes.0.map_err(DiffError::NotProved)?, sizes.1.map_err(DiffError::NotProved)?);
    Ok(if others < own { other } else { job })
}

/// The job that the level's effort makes.
fn job<'a>(subject: &Subject<'a>, new: &NewImage, progress: &dyn Progress) -> Result<Job<'a>, DiffError> {
    let size = subject.old.len().max(subject.new.len());
    let effort = &subject.effort;
    let mut draft = draft(subject, new, progress)?;
    check_cancelled(progress)?;
    progress.begin(Stage::Encode, 1);
    let pieces = std::mem::take(&mut draft.pieces);
    let kinds = draft.kinds.clone();
    let mut job = job_of(subject, draft)?;
    if kinds.len() > 1 {
        choose_regions(&mut job, &kinds).map_err(DiffError::NotProved)?;
    }
    let mut course = None;
    if let (Choice::All(width), true) = (effort.choice, size <= effort.again) {
        course = passes::run(subject, &mut job, (&pieces, width)).map_err(DiffError::NotProved)?;
        let sizes = smaller_sizes(subject, &job)?;
        course = shrink(&mut job, &sizes, course).map_err(DiffError::NotProved)?;
    }
    if size <= effort.small && effort.tuning {
        tune(&mut job, course).map_err(DiffError::NotProved)?;
    }
    progress.advance(1);
    Ok(job)
}

/// Table sizes for less memory than there is, where a job may come out smaller with it.
fn smaller_sizes(subject: &Subject, job: &Job) -> Result<Vec<ModelSize>, DiffError> {
    let load = load(subject, &job.plan.covers);
    let budgets = SMALLER.map(|part| subject.budget / part);
    budgets
        .into_iter()
        .filter(|&budget| budget >= LEAST_BUDGET)
        .map(|budget| model_size(budget, load))
        .collect()
}

/// The cheapest draft of all masks that are tried, with its covers chosen.
fn draft(subject: &Subject, new: &NewImage, progress: &dyn Progress) -> Result<Draft, DiffError> {
    let masks = masks::masks(subject)?;
    progress.begin(Stage::Search, masks.len() as u64);
    // One table for all masks; there is only one for large images, and memory for less than a table.
    let small = subject.old.len().max(subject.new.len()) <= LARGE;
    let repeats = small.then(|| new.repeats());
    let draft = |&mask| {
        check_cancelled(progress)?;
        let draft = Draft::new(subject, mask, repeats);
        progress.advance(1);
        draft
    };
    let drafts: Result<Vec<Draft>, DiffError> = masks.par_iter().map(draft).collect();
    let best = Draft::best_of(drafts?, subject);
    best.ok_or(DiffError::NotProved(patch_nostd::Error::Corrupt))
}

/// The job that says a draft's covers.
pub(crate) fn job_of<'a>(subject: &Subject<'a>, draft: Draft) -> Result<Job<'a>, DiffError> {
    let Draft { covers, regions, .. } = draft;
    let size = model_size(subject.budget, load(subject, &covers))?;
    let mut plan = Plan { new: subject.new, covers, landmarks: Vec::new(), regions };
    plan.choose_landmarks(size.landmarks as usize);
    let large = subject.new.len().max(subject.old.len()) > subject.effort.small;
    let tuning = if large { LARGE_TUNING } else { START };
    let catalogue = subject.catalogue.clone();
    Ok(Job { old: subject.old, plan, size, tuning, header: subject.header, catalogue })
}

/// Gives each page its kind where that pays; returns what everything but the literals costs, in 1/256 bit.
pub(crate) fn choose_regions(job: &mut Job, kinds: &[RegionKind]) -> Result<u64, patch_nostd::Error> {
    let trace = |&kind: &RegionKind| Ok((kind, with(job, Regions::uniform(kind)).trace(PAGE)?));
    let traces: Result<Vec<(RegionKind, Trace)>, _> = kinds.par_iter().map(trace).collect();
    let traces = traces?;
    let uniform = traces.iter().min_by_key(|(kind, trace)| (trace.total, *kind));
    let Some((kind, trace)) = uniform else { return Ok(0) };
    let (mixed, regions) = cheapest(&traces);
    if mixed < trace.total {
        *job = with(job, regions);
        return Ok(mixed);
    }
    *job = with(job, Regions::uniform(*kind));
    Ok(trace.total)
}

fn with<'a>(job: &Job<'a>, regions: Regions) -> Job<'a> {
    let mut job = job.clone();
    job.plan.regions = regions;
    job
}
