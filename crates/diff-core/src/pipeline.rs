//! From two images to the job whose body comes out smallest: search, refinement, regions, tuning.
//!
//! Small images try everything. The larger the images, the less is tried, so that making a package takes about as
//! long as the classic bsdiff does: the models keep their usual speeds, and what the search masks is decided by an
//! estimate, for the largest images on a sample.

use patch_nostd::apply::{Cover, Source};
use patch_nostd::wire::{RegionKind, RegionTable};
use rayon::prelude::*;

use crate::cover::{Matches, refine};
use crate::encode::{Job, Load, Plan, START, Trace, cheapest, model_size, operations, single, tune};
use crate::image::looks_like_thumb;
use crate::refs::{Mask, most_doubtful};
use crate::report::Report;
use crate::search::{CoverOptions, Index, find_covers};
use crate::subject::Subject;
use crate::{DiffError, Progress, Stage};

/// Images up to this many bytes try everything.
const SMALL: usize = 1_000_000;
/// Images up to this many bytes are searched with every mask that is plausible.
const MEDIUM: usize = 8_000_000;
/// How many bytes of larger ones are tried, in two places.
const SAMPLE: usize = 192 << 10;
/// Traces for the choice of regions tell the cost of every so many bytes.
const BLOCK: usize = 4096;
/// What a literal costs, in 1/256 bit, where literals are not worth a trial.
const LITERAL: u64 = 27 * 256 / 4;

/// The best job for this subject.
pub(crate) fn best_job<'a>(subject: &Subject<'a>, progress: &dyn Progress) -> Result<Job<'a>, DiffError> {
    let size = subject.old.len().max(subject.new.len());
    let masks = if size <= SMALL {
        masks(subject, Mask::Nothing)
    } else if size <= MEDIUM {
        masks(subject, Mask::Tables)
    } else {
        vec![sampled_mask(subject)?]
    };
    progress.begin(Stage::Search, masks.len() as u64);
    let kinds = |mask: Mask| {
        if size <= SMALL { subject.kinds.to_vec() } else { vec![RegionKind::Bytes, mask.kind()] }
    };
    let candidate = |&mask: &Mask| {
        let candidate = Candidate::new(subject, mask, &kinds(mask));
        progress.advance(1);
        candidate
    };
    let candidates: Result<Vec<Candidate>, DiffError> = masks.par_iter().map(candidate).collect();
    let best = candidates?.into_iter().min_by_key(|candidate| (candidate.cost, candidate.mask));
    let mut job = best.ok_or(DiffError::NotProved(patch_nostd::Error::Corrupt))?.job;
    progress.begin(Stage::Encode, 1);
    if size <= SMALL {
        tune(&mut job).map_err(DiffError::NotProved)?;
    }
    progress.advance(1);
    Ok(job)
}

/// A job, and about what its body costs, in 1/256 bit.
struct Candidate<'a> {
    cost: u64,
    mask: Mask,
    job: Job<'a>,
}

impl<'a> Candidate<'a> {
    /// The best job whose covers are found with `mask` and whose regions are of these kinds.
    fn new(subject: &Subject<'a>, mask: Mask, kinds: &[RegionKind]) -> Result<Self, DiffError> {
        let mut job = masked_job(subject, mask)?;
        let copies = choose_regions(&mut job, kinds).map_err(DiffError::NotProved)?;
        let literals = Report::of(operations(subject.new.len(), &job.plan.covers)).literals;
        Ok(Self { cost: copies + literals * LITERAL, mask, job })
    }
}

/// The masks that the allowed kinds of regions go with; `plain` is what goes with bytes.
fn masks(subject: &Subject, plain: Mask) -> Vec<Mask> {
    let mask = |kind: &RegionKind| match kind {
        RegionKind::Bytes if subject.kinds.len() == 1 => Mask::Nothing,
        RegionKind::Bytes => plain,
        RegionKind::Words => Mask::Words,
        RegionKind::Thumb => Mask::Thumb,
    };
    let plausible = |kind: &&RegionKind| {
        plain == Mask::Nothing || **kind != RegionKind::Thumb || looks_like_thumb(subject.old, &subject.space)
    };
    subject.kinds.iter().filter(plausible).map(mask).collect()
}

/// The mask that does best on stretches of both images: in the middle, and where the masks differ most.
fn sampled_mask(subject: &Subject) -> Result<Mask, DiffError> {
    let masks = masks(subject, Mask::Tables);
    if let [only] = masks[..] {
        return Ok(only);
    }
    let middle = (subject.old.len().min(subject.new.len()) / 2) & !0xFFF;
    let starts = [middle, most_doubtful(subject.old, SAMPLE, &subject.space)];
    let samples = starts.map(|start| subject.sample(start, SAMPLE));
    let cost = |&mask: &Mask| -> Result<(u64, Mask), DiffError> {
        let kinds = [RegionKind::Bytes, mask.kind()];
        let costs = samples.par_iter().map(|sample| Ok(Candidate::new(sample, mask, &kinds)?.cost));
        Ok((costs.sum::<Result<u64, DiffError>>()?, mask))
    };
    let costs: Result<Vec<_>, DiffError> = masks.par_iter().map(cost).collect();
    let best = costs?.into_iter().min_by_key(|&(cost, mask)| (cost, mask));
    Ok(best.map_or(Mask::Tables, |(_, mask)| mask))
}

/// The job whose covers are found with references of `mask` masked out.
fn masked_job<'a>(subject: &Subject<'a>, mask: Mask) -> Result<Job<'a>, DiffError> {
    let covers = covers(subject, mask)?;
    let regions = single(mask.kind(), subject.new.len());
    let mut plan = Plan { new: subject.new, covers, landmarks: Vec::new(), regions };
    let size = model_size(subject.budget, load(subject, &plan.covers))?;
    plan.choose_landmarks(size.landmarks as usize);
    Ok(Job { old: subject.old, plan, size, tuning: START, header: subject.header })
}

fn load(subject: &Subject, covers: &[(u32, Cover)]) -> Load {
    let changed = |&(target, cover): &(u32, Cover)| match cover.source {
        Source::Base => {
            let new = &subject.new[target as usize..][..cover.length as usize];
            let old = &subject.old[cover.start as usize..][..cover.length as usize];
            new.iter().zip(old).filter(|(new, old)| new != old).count() as u64
        }
        Source::Target => 0,
    };
    let report = Report::of(operations(subject.new.len(), covers));
    let changes = covers.par_iter().map(changed).sum();
    Load { covers: report.base_covers, literals: report.literals, changes }
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

/// Cuts the image into regions where that pays; returns what everything but the literals costs, in 1/256 bit.
fn choose_regions(job: &mut Job, kinds: &[RegionKind]) -> Result<u64, patch_nostd::Error> {
    let mut kinds = kinds.to_vec();
    kinds.dedup();
    let size = job.plan.new.len();
    let trace = |&kind: &RegionKind| with(job, single(kind, size)).trace(BLOCK).map(|trace| (kind, trace));
    let traces: Result<Vec<(RegionKind, Trace)>, _> = kinds.par_iter().map(trace).collect();
    let traces = traces?;
    let uniform = traces.iter().min_by_key(|(kind, trace)| (trace.total, *kind as u8));
    let Some((kind, trace)) = uniform else { return Ok(0) };
    let mixed = with(job, cheapest(&traces, BLOCK, size));
    *job = with(job, single(*kind, size));
    if mixed.plan.regions != job.plan.regions {
        let cost = mixed.trace(size.max(1))?.total;
        if cost < trace.total {
            *job = mixed;
            return Ok(cost);
        }
    }
    Ok(trace.total)
}

fn with<'a>(job: &Job<'a>, regions: RegionTable) -> Job<'a> {
    let mut job = job.clone();
    job.plan.regions = regions;
    job
}
