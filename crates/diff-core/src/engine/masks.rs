//! Which references the search masks: what the images' kinds of pages suggest, for large images decided on samples.

use patch_nostd::internals::wire::{PageKind, WordForm};
use rayon::prelude::*;

use super::draft::{Draft, LITERAL};
use super::level::{Choice, Effort};
use super::subject::Subject;
use super::trial::{choose_pages, job_of};
use crate::api::{DiffError, Report};
use crate::cover::Repeats;
use crate::encode::operations;
use crate::refs::{Mask, has_records, most_doubtful};

/// How many bytes of large images are tried, in so many places spread evenly and one more.
const SAMPLE: usize = 128 << 10;
const SAMPLES: usize = 4;

/// The masks that are tried on the whole images: one for each kind of page for small images and high levels.
pub(crate) fn masks(subject: &Subject) -> Result<Vec<Mask>, DiffError> {
    let size = subject.base.len().max(subject.target.len());
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

/// The masks that the allowed kinds of pages go with; `plain` is what goes with bytes.
fn plausible(subject: &Subject, plain: Mask) -> Vec<Mask> {
    let is_code = subject.kinds.iter().any(|kind| !matches!(kind, PageKind::Bytes | PageKind::Words(_)));
    let masks_of = |&kind: &PageKind| match kind {
        PageKind::Bytes if subject.kinds.len() == 1 => vec![Mask::Nothing],
        PageKind::Bytes => vec![plain],
        // A mask of code hides words as well.
        PageKind::POINTERS if plain == Mask::Nothing && is_code => vec![],
        PageKind::POINTERS => vec![Mask::Words(WordForm::POINTER)],
        PageKind::Words(form) if plain != Mask::Nothing && form == WordForm::OFFSET => {
            vec![Mask::Words(form)]
        }
        PageKind::Words(_) => vec![],
        kind if plain == Mask::Nothing => vec![Mask::CodeAndWords(kind, WordForm::POINTER)],
        kind => {
            let words = [WordForm::POINTER, WordForm::OFFSET].map(|form| Mask::CodeAndWords(kind, form));
            vec![Mask::Code(kind), words[0], words[1]]
        }
    };
    let mut masks: Vec<Mask> = subject.kinds.iter().flat_map(masks_of).collect();
    if subject.kinds.len() > 1 && has_records(subject.base) && has_records(subject.target) {
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
    let size = subject.base.len().min(subject.target.len());
    let spread = (0..SAMPLES).map(|index| (size * (2 * index + 1) / (2 * SAMPLES)) & !0xFFF);
    let starts = spread.chain([most_doubtful(subject.base, SAMPLE, &subject.space)]);
    let samples = starts.map(|start| {
        let sample = subject.sample(start, SAMPLE);
        // Most references of a sample point out of it, and would be taken for wrong ones.
        Subject { effort: Effort { choice: Choice::Gaps, ..sample.effort }, ..sample }
    });
    let samples: Vec<Subject> = samples.collect();
    let repeats: Vec<Repeats> = samples.par_iter().map(|sample| Repeats::new(sample.target)).collect();
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
    let mut kinds = vec![PageKind::Bytes, PageKind::POINTERS, PageKind::Words(WordForm::OFFSET)];
    kinds.extend(mask.is_certain().then_some(mask.kind()));
    let copies = choose_pages(&mut job, &kinds).map_err(DiffError::NotProved)?;
    let report = Report::of(operations(job.plan.target.len(), &job.plan.covers));
    Ok(copies + report.literals * LITERAL)
}
