//! From two images to the job whose body comes out smallest: search, refinement, regions, tuning.
//!
//! How much is tried is the level's choice, and the images' size. Small images try everything. The larger they are,
//! the less is tried: the models keep their usual speeds, and what the search masks is decided by an estimate, for the
//! largest images on a sample.

use patch_nostd::apply::{Cover, Source};
use patch_nostd::wire::{RegionKind, WordForm};
use rayon::prelude::*;

use crate::chosen::Chosen;
use crate::cover::{Piece, Repeats, pool};
use crate::diff::check_cancelled;
use crate::encode::{
    Job, LARGE_TUNING, Load, PAGE, Plan, Regions, START, Trace, cheapest, model_size, operations, tune,
};
use crate::level::{Choice, Effort};
use crate::refs::{Mask, has_records, most_doubtful};
use crate::report::Report;
use crate::subject::{OFFSET, Subject};
use crate::{DiffError, NewImage, Progress, Stage, passes};

/// Images up to this many bytes are encoded again and again.
const MEDIUM: usize = 8_000_000;
/// Of images beyond this many bytes, only what lies between long covers is chosen by price: the rest takes memory.
pub(crate) const LARGE: usize = 40 << 20;
/// How many bytes of larger ones are tried, in so many places spread evenly and one more.
const SAMPLE: usize = 128 << 10;
const SAMPLES: usize = 4;
/// About what things cost, in 1/256 bit, where a trial encoding would take too long: a literal, a cover, a changed
/// byte of a cover, and one that masking hides, which a reference that moved explains.
const LITERAL: u64 = 27 * 256 / 4;
const COVER: u64 = 28 * 256;
const CHANGED: u64 = 7 * 256;
const MOVED: u64 = 6 * 256;
/// The same where it is certain that the references are ones.
const MOVED_CALL: u64 = 5 * 256 / 2;

/// The best job for this subject.
pub(crate) fn best_job<'a>(
    subject: &Subject<'a>,
    new: &NewImage,
    progress: &dyn Progress,
) -> Result<Job<'a>, DiffError> {
    let size = subject.old.len().max(subject.new.len());
    let effort = &subject.effort;
    let masks = if !effort.all_masks {
        vec![likely_mask(subject, new)]
    } else if size > effort.small {
        vec![sampled_mask(subject, new)?]
    } else {
        masks(subject, new, Mask::Nothing)
    };
    progress.begin(Stage::Search, masks.len() as u64);
    // One table for all candidates; there is only one for large images, and memory for less than a table.
    let repeats = (size <= LARGE).then(|| new.repeats());
    // Whatever is masked, the last of the kinds is code, if there is any.
    let likely = subject.kinds.last().copied().unwrap_or_default();
    let candidate = |&mask: &Mask| {
        check_cancelled(progress)?;
        let mut candidate = Candidate::new(subject, mask, repeats)?;
        if size <= effort.small && masks.len() > 1 {
            candidate.try_kinds(&[mask.kind(), likely]).map_err(DiffError::NotProved)?;
        }
        progress.advance(1);
        Ok(candidate)
    };
    let candidates: Result<Vec<Candidate>, DiffError> = masks.par_iter().map(candidate).collect();
    progress.begin(Stage::Encode, 1);
    let mut best = pooled(candidates?, effort.pooled)?;
    if effort.regions {
        best.choose_regions(&subject.kinds).map_err(DiffError::NotProved)?;
    }
    if let Choice::All(width) = effort.choice
        && size <= MEDIUM
    {
        passes::run(subject, &mut best.job, (&best.pieces, width)).map_err(DiffError::NotProved)?;
    }
    if size <= effort.small && effort.tuning {
        tune(&mut best.job).map_err(DiffError::NotProved)?;
    }
    progress.advance(1);
    Ok(best.job)
}

/// The best candidate, if wanted with what the others found.
fn pooled(mut candidates: Vec<Candidate>, pooled: bool) -> Result<Candidate, DiffError> {
    candidates.sort_by_key(|candidate| (candidate.cost, candidate.mask));
    let mut candidates = candidates.into_iter();
    let mut best = candidates.next().ok_or(DiffError::NotProved(patch_nostd::Error::Corrupt))?;
    if pooled {
        candidates.for_each(|other| pool(&mut best.pieces, &other.pieces));
    }
    Ok(best)
}

/// A job, and about what its body costs, in 1/256 bit.
struct Candidate<'a> {
    cost: u64,
    mask: Mask,
    job: Job<'a>,
    /// What its covers were chosen from.
    pieces: Vec<Piece>,
}

impl<'a> Candidate<'a> {
    /// The job whose covers are found with references of `mask` masked out; its cost is an estimate.
    fn new(subject: &Subject<'a>, mask: Mask, repeats: Option<&Repeats>) -> Result<Self, DiffError> {
        let (old, new) = rayon::join(
            || mask.apply(subject.old, &subject.space),
            || mask.apply(subject.new, &subject.space),
        );
        let Chosen { covers, pieces } = Chosen::new(subject, (&old, &new), mask, repeats)?;
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
        let large = subject.new.len().max(subject.old.len()) > subject.effort.small;
        let tuning = if large { LARGE_TUNING } else { START };
        let job = Job { old: subject.old, plan, size, tuning, header: subject.header };
        Ok(Self { cost, mask, job, pieces })
    }

    /// Takes the cheapest of these kinds for the whole image, and the cost from it.
    fn try_kinds(&mut self, kinds: &[RegionKind]) -> Result<(), patch_nostd::Error> {
        let mut kinds = kinds.to_vec();
        kinds.sort_unstable();
        kinds.dedup();
        let trial = |&kind: &RegionKind| {
            let job = with(&self.job, Regions::uniform(kind));
            Ok((job.cost()?, kind, job))
        };
        let trials: Result<Vec<_>, patch_nostd::Error> = kinds.par_iter().map(trial).collect();
        if let Some((cost, _, job)) = trials?.into_iter().min_by_key(|&(cost, kind, _)| (cost, kind)) {
            (self.cost, self.job) = (cost, job);
        }
        Ok(())
    }

    /// Cuts the image into regions where that pays, by trial encodings, and takes the cost from them.
    fn choose_regions(&mut self, kinds: &[RegionKind]) -> Result<(), patch_nostd::Error> {
        let copies = choose_regions(&mut self.job, kinds)?;
        let report = Report::of(operations(self.job.plan.new.len(), &self.job.plan.covers));
        self.cost = copies + report.literals * LITERAL;
        Ok(())
    }
}

/// The mask that goes with what the image looks like.
fn likely_mask(subject: &Subject, new: &NewImage) -> Mask {
    let plausible = masks(subject, new, Mask::Tables)
        .into_iter()
        .filter(|&mask| !matches!(mask, Mask::Words(_) | Mask::Records));
    plausible.max().unwrap_or(Mask::Nothing)
}

/// The masks that the allowed kinds of regions go with; `plain` is what goes with bytes.
fn masks(subject: &Subject, new: &NewImage, plain: Mask) -> Vec<Mask> {
    let masks_of = |&kind: &RegionKind| match kind {
        RegionKind::Bytes if subject.kinds.len() == 1 => vec![Mask::Nothing],
        RegionKind::Bytes => vec![plain],
        RegionKind::POINTERS => vec![Mask::Words(WordForm::POINTER)],
        RegionKind::Words(form) if plain != Mask::Nothing && form == OFFSET => vec![Mask::Words(form)],
        RegionKind::Words(_) => vec![],
        kind if plain == Mask::Nothing => vec![Mask::CodeAndWords(kind, WordForm::POINTER)],
        kind => {
            let words = [WordForm::POINTER, OFFSET].map(|form| Mask::CodeAndWords(kind, form));
            vec![Mask::Code(kind), words[0], words[1]]
        }
    };
    let mut masks: Vec<Mask> = subject.kinds.iter().flat_map(masks_of).collect();
    if subject.kinds.len() > 1 && has_records(subject.old) && new.has_records() {
        masks.push(Mask::Records);
    }
    masks
}

/// The mask that does best on stretches of both images: in the middle, and where the masks differ most.
fn sampled_mask(subject: &Subject, new: &NewImage) -> Result<Mask, DiffError> {
    let masks = masks(subject, new, Mask::Tables);
    if let [only] = masks[..] {
        return Ok(only);
    }
    let size = subject.old.len().min(subject.new.len());
    let spread = (0..SAMPLES).map(|index| (size * (2 * index + 1) / (2 * SAMPLES)) & !0xFFF);
    let starts = spread.chain([most_doubtful(subject.old, SAMPLE, &subject.space)]);
    let samples = starts.map(|start| {
        let sample = subject.sample(start, SAMPLE);
        // Most references of a sample point out of it, and would be taken for wrong ones.
        Subject { effort: Effort { choice: Choice::Gaps, ..sample.effort }, ..sample }
    });
    let samples: Vec<Subject> = samples.collect();
    let cost = |&mask: &Mask| -> Result<(u64, Mask), DiffError> {
        let costs = samples.par_iter().map(|sample| {
            let mut candidate = Candidate::new(sample, mask, Some(&Repeats::new(sample.new)))?;
            let mut kinds = vec![RegionKind::Bytes, RegionKind::POINTERS, RegionKind::Words(OFFSET)];
            kinds.extend(mask.is_certain().then_some(mask.kind()));
            candidate.choose_regions(&kinds).map_err(DiffError::NotProved)?;
            Ok(candidate.cost)
        });
        Ok((costs.sum::<Result<u64, DiffError>>()?, mask))
    };
    let costs: Result<Vec<_>, DiffError> = masks.par_iter().map(cost).collect();
    let best = costs?.into_iter().min_by_key(|&(cost, mask)| (cost, mask));
    Ok(best.map_or(Mask::Tables, |(_, mask)| mask))
}

/// How much the models will have to say about these covers.
pub(crate) fn load(subject: &Subject, covers: &[(u32, Cover)]) -> Load {
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
