//! From two images to the job whose body comes out smallest: search, refinement, regions, tuning.
//!
//! Small images try everything. For large ones a sample decides what the search masks, and the models keep their
//! usual speeds, so that making a package takes no longer than the classic bsdiff does.

use patch_nostd::apply::{Cover, Source};
use patch_nostd::wire::{RegionKind, RegionTable};
use rayon::prelude::*;

use crate::cover::{Matches, refine};
use crate::encode::{Job, Plan, START, Trace, cheapest, model_size, single, tune};
use crate::image::looks_like_thumb;
use crate::refs::{Mask, most_doubtful};
use crate::search::{CoverOptions, Index, find_covers};
use crate::subject::Subject;
use crate::{DiffError, Progress, Stage};

/// Images up to this many bytes try everything.
const SMALL: usize = 1_000_000;
/// How many bytes of larger ones are tried, in two places.
const SAMPLE: usize = 192 << 10;
/// Traces for the choice of regions tell the cost of every so many bytes.
const BLOCK: usize = 4096;

/// The best job for this subject.
pub(crate) fn best_job<'a>(subject: &Subject<'a>, progress: &dyn Progress) -> Result<Job<'a>, DiffError> {
    let small = subject.old.len().max(subject.new.len()) <= SMALL;
    let masks = if small { masks(subject, Mask::Nothing) } else { vec![sampled_mask(subject)?] };
    progress.begin(Stage::Search, masks.len() as u64);
    let job = |&mask: &Mask| {
        let job = masked_job(subject, mask)?;
        progress.advance(1);
        Ok((job.cost().map_err(DiffError::NotProved)?, mask, job))
    };
    let jobs: Result<Vec<(u64, Mask, Job)>, DiffError> = if small {
        masks.par_iter().map(job).collect()
    } else {
        masks.iter().map(|&mask| Ok((0, mask, masked_job(subject, mask)?))).collect()
    };
    let best = jobs?.into_iter().min_by_key(|&(cost, mask, _)| (cost, mask));
    let (_, mask, mut job) = best.ok_or(DiffError::NotProved(patch_nostd::Error::Corrupt))?;
    progress.begin(Stage::Encode, 2);
    let kinds = if small { subject.kinds.to_vec() } else { vec![RegionKind::Bytes, mask.kind()] };
    choose_regions(&mut job, &kinds)?;
    progress.advance(1);
    if small {
        tune(&mut job).map_err(DiffError::NotProved)?;
    }
    progress.advance(1);
    Ok(job)
}

/// The masks that the allowed kinds of regions go with; `plain` is what goes with bytes.
fn masks(subject: &Subject, plain: Mask) -> Vec<Mask> {
    let mask = |kind: &RegionKind| match kind {
        RegionKind::Bytes if subject.kinds.len() == 1 => Mask::Nothing,
        RegionKind::Bytes => plain,
        RegionKind::Words => Mask::Words,
        RegionKind::Thumb => Mask::Thumb,
    };
    let plausible = |kind: &&RegionKind| match kind {
        _ if plain == Mask::Nothing => true,
        RegionKind::Bytes | RegionKind::Words => true,
        RegionKind::Thumb => looks_like_thumb(subject.old, &subject.space),
    };
    subject.kinds.iter().filter(plausible).map(mask).collect()
}

/// The mask that does best on stretches of both images.
fn sampled_mask(subject: &Subject) -> Result<Mask, DiffError> {
    let masks = masks(subject, Mask::Tables);
    if let [only] = masks[..] {
        return Ok(only);
    }
    let middle = (subject.old.len().min(subject.new.len()) / 2) & !0xFFF;
    let starts = [middle, most_doubtful(subject.old, SAMPLE, &subject.space)];
    let samples = starts.map(|start| subject.sample(start, SAMPLE));
    let cost = |&mask: &Mask| -> Result<(u64, Mask), DiffError> {
        let costs = samples.par_iter().map(|sample| {
            let mut job = masked_job(sample, mask)?;
            choose_regions(&mut job, &[RegionKind::Bytes, mask.kind()])?;
            job.cost().map_err(DiffError::NotProved)
        });
        Ok((costs.sum::<Result<u64, DiffError>>()?, mask))
    };
    let costs: Result<Vec<_>, DiffError> = masks.par_iter().map(cost).collect();
    let best = costs?.into_iter().min_by_key(|&(cost, mask)| (cost, mask));
    Ok(best.map_or(Mask::Tables, |(_, mask)| mask))
}

/// The job whose covers are found with references of `mask` masked out.
fn masked_job<'a>(subject: &Subject<'a>, mask: Mask) -> Result<Job<'a>, DiffError> {
    let covers = covers(subject, mask)?;
    let mut plan = Plan {
        new: subject.new,
        covers,
        landmarks: Vec::new(),
        regions: single(mask.kind(), subject.new.len()),
    };
    let size = model_size(subject.budget, subject.new.len(), plan.covers.len() as u64)?;
    plan.choose_landmarks(size.landmarks as usize);
    Ok(Job { old: subject.old, plan, size, tuning: START, header: subject.header })
}

fn covers(subject: &Subject, mask: Mask) -> Result<Vec<(u32, Cover)>, DiffError> {
    let (old, new) =
        rayon::join(|| mask.apply(subject.old, &subject.space), || mask.apply(subject.new, &subject.space));
    let index = Index::build(&old)?;
    let found = find_covers(&index, &new, &CoverOptions::default());
    let of_base = |start, length| Cover { source: Source::Base, start, length };
    let covers: Vec<(u32, Cover)> =
        found.iter().map(|cover| (cover.new_start, of_base(cover.old_start, cover.length))).collect();
    let matches = Matches { index: &index, masked: &new, old: subject.old, new: subject.new };
    Ok(refine(&matches, &covers))
}

/// Cuts the image into regions where that pays.
fn choose_regions(job: &mut Job, kinds: &[RegionKind]) -> Result<(), DiffError> {
    let mut kinds = kinds.to_vec();
    kinds.dedup();
    let size = job.plan.new.len();
    let trace = |&kind: &RegionKind| with(job, single(kind, size)).trace(BLOCK).map(|trace| (kind, trace));
    if kinds.len() < 2 {
        return Ok(());
    }
    let traces: Result<Vec<(RegionKind, Trace)>, _> = kinds.par_iter().map(trace).collect();
    let traces = traces.map_err(DiffError::NotProved)?;
    let mixed = cheapest(&traces, BLOCK, size);
    let uniform = traces.iter().min_by_key(|(kind, trace)| (trace.meter.total(), *kind as u8));
    let Some((kind, trace)) = uniform else { return Ok(()) };
    *job = with(job, single(*kind, size));
    if mixed != job.plan.regions {
        let mixed = with(job, mixed);
        if mixed.cost().map_err(DiffError::NotProved)? < trace.meter.total() {
            *job = mixed;
        }
    }
    Ok(())
}

fn with<'a>(job: &Job<'a>, regions: RegionTable) -> Job<'a> {
    let mut job = job.clone();
    job.plan.regions = regions;
    job
}
