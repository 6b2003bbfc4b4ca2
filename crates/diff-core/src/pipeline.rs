//! From two images to the job whose body comes out smallest: search, refinement, regions, tuning.
//!
//! Small images try everything. The larger the images, the less is tried, so that making a package takes about as
//! long as the classic bsdiff does: the models keep their usual speeds, and what the search masks is decided by an
//! estimate, for the largest images on a sample.

use patch_nostd::apply::{Cover, Source};
use patch_nostd::wire::RegionKind;
use rayon::prelude::*;

use crate::cover::{Matches, Repeats, refine};
use crate::encode::{Job, Load, PAGE, Plan, Regions, START, Trace, cheapest, model_size, operations, tune};
use crate::refs::{Mask, has_records, most_doubtful};
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
    let repeats = Repeats::new(subject.new);
    let candidate = |&mask: &Mask| {
        let mut candidate = Candidate::new(subject, mask, &repeats)?;
        if size <= SMALL {
            candidate.choose_regions(&subject.kinds).map_err(DiffError::NotProved)?;
            candidate.cost = candidate.job.cost().map_err(DiffError::NotProved)?;
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
    } else {
        best.choose_regions(&subject.kinds).map_err(DiffError::NotProved)?;
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
    fn new(subject: &Subject<'a>, mask: Mask, repeats: &Repeats) -> Result<Self, DiffError> {
        let (old, new) = rayon::join(
            || mask.apply(subject.old, &subject.space),
            || mask.apply(subject.new, &subject.space),
        );
        let covers = covers(subject, &old, &new, repeats)?;
        let masked = *old != *subject.old || *new != *subject.new;
        let load = load(subject, &covers);
        let differing = changes(&covers, &old, &new);
        let moved = if mask.is_certain() { MOVED_CALL } else { MOVED };
        let cost = LITERAL * load.literals
            + COVER * load.covers
            + CHANGED * differing
            + moved * load.changes.saturating_sub(differing);
        let kind = if masked { mask.kind() } else { RegionKind::Bytes };
        let regions = Regions::uniform(kind);
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
    let mask = |&kind: &RegionKind| match kind {
        RegionKind::Bytes if subject.kinds.len() == 1 => Mask::Nothing,
        RegionKind::Bytes => plain,
        kind => Mask::All(kind),
    };
    let mut masks: Vec<Mask> = subject.kinds.iter().map(mask).collect();
    if subject.kinds.len() > 1 && has_records(subject.old) && has_records(subject.new) {
        masks.push(Mask::Records);
    }
    masks
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
            let mut candidate = Candidate::new(sample, mask, &Repeats::new(sample.new))?;
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
    repeats: &Repeats,
) -> Result<Vec<(u32, Cover)>, DiffError> {
    let index = Index::build(old)?;
    let found = find_covers(&index, new, &CoverOptions::default());
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

/// Gives each page its kind where that pays; returns what everything but the literals costs, in 1/256 bit.
fn choose_regions(job: &mut Job, kinds: &[RegionKind]) -> Result<u64, patch_nostd::Error> {
    let trace = |&kind: &RegionKind| Ok((kind, with(job, Regions::uniform(kind)).trace(PAGE)?));
    let traces: Result<Vec<(RegionKind, Trace)>, _> = kinds.par_iter().map(trace).collect();
    let traces = traces?;
    let uniform = traces.iter().min_by_key(|(kind, trace)| (trace.total, *kind));
    let Some((kind, trace)) = uniform else { return Ok(0) };
    let mixed = with(job, cheapest(&traces));
    *job = with(job, Regions::uniform(*kind));
    if mixed.plan.regions.kinds.as_slice().len() > 1 {
        let cost = mixed.trace(usize::MAX)?.total;
        if cost < trace.total {
            *job = mixed;
            return Ok(cost);
        }
    }
    Ok(trace.total)
}

fn with<'a>(job: &Job<'a>, regions: Regions) -> Job<'a> {
    let mut job = job.clone();
    job.plan.regions = regions;
    job
}
