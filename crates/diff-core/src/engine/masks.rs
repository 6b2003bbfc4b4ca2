//! Chooses the masks under which the search runs: by the images' kinds of pages, for large images by samples.

use std::sync::Arc;

use rayon::prelude::*;
use smidgen_patch::Header;
use smidgen_patch::header::{PageKind, Window, WordForm};

use super::covers::{Draft, body_job, choose_pages};
use super::level::{Choice, Effort};
use super::subject::Subject;
use crate::api::{DiffError, Report};
use crate::cover::{LEAST_IN_GAPS, LITERAL, Repeats};
use crate::encode::{Lanes, operations};
use crate::images::Images;
use crate::refs::{Mask, PairReferences, has_records, most_doubtful};

/// Bytes of a sample of large images, and how many samples are spread evenly over them; there is one more. Images of 1 to
/// 8 MB get the same mask from two as from four; two of a kernel may meet no table of offsets.
const SAMPLE: usize = 128 << 10;
const BYTES_PER_SAMPLE: usize = 4 << 20;
const LEAST_SAMPLES: usize = 2;
const MOST_SAMPLES: usize = 4;

/// The masks that are tried on the whole images: all plausible ones if the images are small and the level high, else
/// the most plausible one or the one that does best on samples.
pub(super) fn masks(subject: &Subject) -> Result<Vec<Mask>, DiffError> {
    let Effort { all_masks, .. } = subject.effort;
    if !all_masks {
        let likely = plausible(subject, Mask::Tables).into_iter();
        let likely = likely.filter(|mask| !matches!(mask, Mask::Words(_)));
        return Ok(vec![likely.max().unwrap_or(Mask::Nothing)]);
    }
    let small = subject.is_small();
    let mut masks = plausible(subject, if small { Mask::Nothing } else { Mask::Tables });
    if subject.kinds.len() > 1 && has_records(subject.images.base) && has_records(subject.images.target) {
        masks.push(Mask::Records);
    }
    if small { Ok(masks) } else { Ok(vec![best_on_samples(subject, masks)?]) }
}

/// The masks that the allowed kinds of pages go with; `plain` is what goes with bytes.
fn plausible(subject: &Subject, plain: Mask) -> Vec<Mask> {
    let is_code = subject.kinds.iter().any(|kind| kind.is_code());
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
    subject.kinds.iter().flat_map(masks_of).collect()
}

/// The mask under which samples of both images cost least: some spread evenly, and one where the masks differ most.
fn best_on_samples(subject: &Subject, masks: Vec<Mask>) -> Result<Mask, DiffError> {
    if let [only] = masks[..] {
        return Ok(only);
    }
    let size = subject.images.base.len().min(subject.images.target.len());
    let count = (size / BYTES_PER_SAMPLE).clamp(LEAST_SAMPLES, MOST_SAMPLES);
    let spread = (0..count).map(|index| (size * (2 * index + 1) / (2 * count)) & !0xFFF);
    let starts = spread.chain([most_doubtful(subject.images.base, SAMPLE, &subject.space)]);
    // Most references of a sample point out of it, and would be taken for wrong ones: covers are not chosen by them.
    let effort = Effort { choice: Choice::Gaps, ..subject.effort };
    let samples = starts.map(|start| Subject { effort, ..sample(subject, start) });
    let samples: Vec<Subject> = samples.collect();
    let repeats: Vec<Repeats> =
        samples.par_iter().map(|sample| Repeats::new(sample.images.target, LEAST_IN_GAPS)).collect();
    let cost = |sample: &Subject, mask: Mask, repeats: &Repeats| -> Result<u64, DiffError> {
        let Draft { covers, pages, .. } = Draft::new(sample, mask, Some(repeats))?;
        let job = body_job(sample, covers, pages)?;
        let mut kinds = vec![PageKind::Bytes, PageKind::POINTERS, PageKind::Words(WordForm::OFFSET)];
        kinds.extend(mask.is_certain().then_some(mask.kind()));
        let (copies, _) = choose_pages(&job, &kinds, sample.is_small()).map_err(DiffError::NotProved)?;
        let report = Report::of(operations(sample.images.target.len(), &job.plan.covers));
        Ok(copies + report.literals * u64::from(LITERAL))
    };
    let costs = masks.par_iter().map(|&mask| {
        let costs = samples.par_iter().zip(&repeats).map(|(sample, repeats)| cost(sample, mask, repeats));
        Ok((costs.sum::<Result<u64, DiffError>>()?, mask))
    });
    let costs: Result<Vec<(u64, Mask)>, DiffError> = costs.collect();
    Ok(costs?.into_iter().min().map_or(Mask::Tables, |(_, mask)| mask))
}

/// A stretch of both images as a subject of its own: a sample of the target from `start`, and of the base also as many
/// bytes before and after.
fn sample<'a>(subject: &Subject<'a>, start: usize) -> Subject<'a> {
    let Images { base, target } = subject.images;
    let start = start.min(base.len()).min(target.len());
    let base_start = start.saturating_sub(SAMPLE);
    let base = &base[base_start..base.len().min(start + 2 * SAMPLE)];
    let target = &target[start..target.len().min(start + SAMPLE)];
    let mut space = subject.space;
    // What points at the rest of the image is a reference too.
    let whole = Window { start: space.base_address, length: space.image_size };
    space.windows = [whole, space.windows[0], space.windows[1]];
    space.base_address = space.base_address.wrapping_add(base_start as u32);
    space.image_size = base.len() as u32;
    let header = Header {
        base_size: base.len() as u32,
        target_size: target.len() as u32,
        base_address: space.base_address,
        windows: space.windows,
        ..subject.header
    };
    let images = Images { base, target };
    let catalogue = Arc::new(PairReferences::new(images, space));
    Subject { images, space, catalogue, header, in_place: None, lanes: Lanes::default(), ..subject.clone() }
}
