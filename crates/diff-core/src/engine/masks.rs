//! Which references the search masks: what the images' kinds of regions suggest, for large images decided on samples.

use patch_nostd::wire::{RegionKind, WordForm};
use rayon::prelude::*;

use super::draft::{Draft, LITERAL};
use super::level::{Choice, Effort};
use super::subject::Subject;
use super::trial::{choose_regions, job_of};
use crate::api::{DiffError, Report};
use crate::cover::Repeats;
use crate::encode::operations;
use crate::refs::{Mask, has_records, most_doubtful};

/// How many bytes of large images are tried, in so many places spread evenly and one more.
const SAMPLE: usize = 128 << 10;
const SAMPLES: usize = 4;

/// The masks that are tried on the whole images: one for each kind of region for small images and high levels.
pub(crate) fn masks(subject: &Subject) -> Result<Vec<Mask>, DiffError> {
    let size = subject.old.len().max(subject.new.len());
    Ok(if !subject.effort.all_masks {
        vec![likely_mask(subject)]
    } else if size > subject.effort.small {
        vec![sampled_mask(subject)?]
    } else {
        plausible(subject, Mask::Nothing)
    })
}

/// The mask that goes with what the image looks like.
fn likely_mask(subject: &Subject) -> Mask {
    let masks = plausible(subject, Mask::Tables).into_iter();
    let likely = masks.filter(|&mask| !matches!(mask, Mask::Words(_) | Mask::Records));
    likely.max().unwrap_or(Mask::Nothing)
}

/// The masks that the allowed kinds of regions go with; `plain` is what goes with bytes.
fn plausible(subject: &Subject, plain: Mask) -> Vec<Mask> {
    let is_code = subject.kinds.iter().any(|kind| !matches!(kind, RegionKind::Bytes | RegionKind::Words(_)));
    let masks_of = |&kind: &RegionKind| match kind {
        RegionKind::Bytes if subject.kinds.len() == 1 => vec![Mask::Nothing],
        RegionKind::Bytes => vec![plain],
        // A mask of code hides words as well.
        RegionKind::POINTERS if plain == Mask::Nothing && is_code => vec![],
        RegionKind::POINTERS => vec![Mask::Words(WordForm::POINTER)],
        RegionKind::Words(form) if plain != Mask::Nothing && form == WordForm::OFFSET => {
            vec![Mask::Words(form)]
        }
        RegionKind::Words(_) => vec![],
        kind if plain == Mask::Nothing => vec![Mask::CodeAndWords(kind, WordForm::POINTER)],
        kind => {
            let words = [WordForm::POINTER, WordForm::OFFSET].map(|form| Mask::CodeAndWords(kind, form));
            vec![Mask::Code(kind), words[0], words[1]]
        }
    };
    let mut masks: Vec<Mask> = subject.kinds.iter().flat_map(masks_of).collect();
    if subject.kinds.len() > 1 && has_records(subject.old) && has_records(subject.new) {
        masks.push(Mask::Records);
    }
    masks
}

/// The mask that does best on stretches of both images: in the middle, and where the masks differ most.
fn sampled_mask(subject: &Subject) -> Result<Mask, DiffError> {
    let masks = plausible(subject, Mask::Tables);
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
    let repeats: Vec<Repeats> = samples.par_iter().map(|sample| Repeats::new(sample.new)).collect();
    let cost = |&mask: &Mask| -> Result<(u64, Mask), DiffError> {
        let costs = samples.par_iter().zip(&repeats);
        let costs = costs.map(|(sample, repeats)| sample_cost(sample, mask, repeats));
        Ok((costs.sum::<Result<u64, DiffError>>()?, mask))
    };
    let costs: Result<Vec<_>, DiffError> = masks.par_iter().map(cost).collect();
    let best = costs?.into_iter().min_by_key(|&(cost, mask)| (cost, mask));
    Ok(best.map_or(Mask::Tables, |(_, mask)| mask))
}

/// What a sample costs if references of `mask` are masked out.
fn sample_cost(sample: &Subject, mask: Mask, repeats: &Repeats) -> Result<u64, DiffError> {
    let mut job = job_of(sample, Draft::new(sample, mask, Some(repeats))?)?;
    let mut kinds = vec![RegionKind::Bytes, RegionKind::POINTERS, RegionKind::Words(WordForm::OFFSET)];
    kinds.extend(mask.is_certain().then_some(mask.kind()));
    let copies = choose_regions(&mut job, &kinds).map_err(DiffError::NotProved)?;
    let report = Report::of(operations(job.plan.new.len(), &job.plan.covers));
    Ok(copies + report.literals * LITERAL)
}
