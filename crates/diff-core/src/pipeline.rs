//! From two images to the job whose body comes out smallest: search, refinement, regions, tuning.
//!
//! Small images try everything. The larger the images, the less is tried, so that making a package takes about as
//! long as the classic bsdiff does: the models keep their usual speeds, and what the search masks is decided by an
//! estimate, for the largest images on a sample.

use patch_nostd::apply::{Cover, Source};
use patch_nostd::wire::{RegionKind, RegionTable};
use rayon::prelude::*;

use crate::cover::{Matches, Repeats, refine};
use crate::encode::{Job, Load, Plan, START, Trace, cheapest, model_size, operations, single, tune};
use crate::image::looks_like_thumb;
use crate::refs::{Mask, most_doubtful};
use crate::report::Report;
use crate::search::{CoverOptions, Equal, Index, find_covers_around};
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
/// About what things cost, in 1/256 bit, where a trial encoding would take too long: a literal, a cover, a changed
/// byte of a cover, and one that masking hides, which a reference that moved explains.
const LITERAL: u64 = 27 * 256 / 4;
const COVER: u64 = 28 * 256;
const CHANGED: u64 = 7 * 256;
const MOVED: u64 = 6 * 256;
/// The same where it is certain that the references are ones.
const MOVED_CALL: u64 = 5 * 256 / 2;

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
    // One table for all candidates; there is only one for large images, and memory for less than a table.
    let repeats = (size <= MEDIUM).then(|| Repeats::new(subject.new));
    let candidate = |&mask: &Mask| {
        let mut candidate = Candidate::new(subject, mask, repeats.as_ref())?;
        if size <= SMALL {
            candidate.choose_regions(subject.kinds).map_err(DiffError::NotProved)?;
        }
        progress.advance(1);
        Ok(candidate)
    };
    let candidates: Result<Vec<Candidate>, DiffError> = masks.par_iter().map(candidate).collect();
    drop(repeats);
    let best = candidates?.into_iter().min_by_key(|candidate| (candidate.cost, candidate.mask));
    let mut best = best.ok_or(DiffError::NotProved(patch_nostd::Error::Corrupt))?;
    progress.begin(Stage::Encode, 1);
    if size <= SMALL {
        tune(&mut best.job).map_err(DiffError::NotProved)?;
    } else if best.masked {
        best.choose_regions(&[RegionKind::Bytes, best.mask.kind()]).map_err(DiffError::NotProved)?;
    }
    progress.advance(1);
    Ok(best.job)
}

/// A job, and about what its body costs, in 1/256 bit.
struct Candidate<'a> {
    cost: u64,
    mask: Mask,
    /// Whether the mask changed anything.
    masked: bool,
    job: Job<'a>,
}

impl<'a> Candidate<'a> {
    /// The job whose covers are found with references of `mask` masked out; its cost is an estimate.
    fn new(subject: &Subject<'a>, mask: Mask, repeats: Option<&Repeats>) -> Result<Self, DiffError> {
        let (old, new) = rayon::join(
            || mask.apply(subject.old, &subject.space),
            || mask.apply(subject.new, &subject.space),
        );
        let covers = covers(subject, &old, &new, repeats)?;
        let masked = *old != *subject.old || *new != *subject.new;
        let load = load(subject, &covers);
        let differing = changes(&covers, &old, &new);
        let moved = if mask == Mask::Thumb { MOVED_CALL } else { MOVED };
        let cost = LITERAL * load.literals
            + COVER * load.covers
            + CHANGED * differing
            + moved * load.changes.saturating_sub(differing);
        let kind = if masked { mask.kind() } else { RegionKind::Bytes };
        let regions = single(kind, subject.new.len());
        let mut plan = Plan { new: subject.new, covers, landmarks: Vec::new(), regions };
        let size = model_size(subject.budget, load)?;
        plan.choose_landmarks(size.landmarks as usize);
        let job = Job { old: subject.old, plan, size, tuning: START, header: subject.header };
        Ok(Self { cost, mask, masked, job })
    }

    /// Cuts the image into regions where that pays, by trial encodings, and takes the cost from them.
    fn choose_regions(&mut self, kinds: &[RegionKind]) -> Result<(), patch_nostd::Error> {
        let copies = choose_regions(&mut self.job, kinds)?;
        let report = Report::of(operations(self.job.plan.new.len(), &self.job.plan.covers));
        self.cost = copies + report.literals * LITERAL;
        Ok(())
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
        let costs = samples.par_iter().map(|sample| {
            let mut candidate = Candidate::new(sample, mask, Some(&Repeats::new(sample.new)))?;
            candidate.choose_regions(&[RegionKind::Bytes, mask.kind()]).map_err(DiffError::NotProved)?;
            Ok(candidate.cost)
        });
        Ok((costs.sum::<Result<u64, DiffError>>()?, mask))
    };
    let costs: Result<Vec<_>, DiffError> = masks.par_iter().map(cost).collect();
    let best = costs?.into_iter().min_by_key(|&(cost, mask)| (cost, mask));
    Ok(best.map_or(Mask::Tables, |(_, mask)| mask))
}

/// The covers of the masked images, short ones by price.
fn covers(
    subject: &Subject,
    old: &[u8],
    new: &[u8],
    repeats: Option<&Repeats>,
) -> Result<Vec<(u32, Cover)>, DiffError> {
    let equal = Equal::find_in_large(old, new);
    // Beside masked copies of both images, there is not memory to sort more.
    let eighths = if std::ptr::eq(old, subject.old) { 8 } else { 5 };
    let index = Index::around(old, &equal, eighths)?;
    let found = find_covers_around(&index, new, &equal, &CoverOptions::default());
    let of_base = |start, length| Cover { source: Source::Base, start, length };
    let covers: Vec<(u32, Cover)> =
        found.iter().map(|cover| (cover.new_start, of_base(cover.old_start, cover.length))).collect();
    let matches = Matches { index: &index, masked: new, old: subject.old, new: subject.new, repeats };
    Ok(refine(&matches, &covers))
}

fn load(subject: &Subject, covers: &[(u32, Cover)]) -> Load {
    let report = Report::of(operations(subject.new.len(), covers));
    let changes = changes(covers, subject.old, subject.new);
    Load { covers: report.base_covers, literals: report.literals, changes }
}

/// How many bytes of covers of the base differ from their source.
fn changes(covers: &[(u32, Cover)], old: &[u8], new: &[u8]) -> u64 {
    let changed = |&(target, cover): &(u32, Cover)| match cover.source {
        Source::Base => {
            let new = &new[target as usize..][..cover.length as usize];
            let old = &old[cover.start as usize..][..cover.length as usize];
            new.iter().zip(old).filter(|(new, old)| new != old).count() as u64
        }
        Source::Target => 0,
    };
    covers.par_iter().map(changed).sum()
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
