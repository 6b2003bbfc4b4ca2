//! How a package is found, read from the top: subject, masks, drafts, trial encodings, passes, body.

mod covers;
mod division;
mod in_place;
mod level;
mod masks;
mod renumbered;
mod subject;
mod target_image;
mod zstd;

pub use level::{LEVELS, LEVELS_NOTE};
pub(crate) use target_image::TargetImage;

use rayon::prelude::*;
use smidgen_patch::Error;
use smidgen_patch::header::Codec;
use smidgen_patch::internals::wire::Lanes;

use crate::api::{CodecChoice, DiffError, InPlaceError, Options, Package, Progress, Stage, check_cancelled};
use crate::cover::keep_within;
use crate::digest::sha256;
use crate::encode::{BodyJob, Encoded, model_size, shrink, tune};
use crate::images::Images;
use crate::limits::LARGE;
use covers::{Draft, body_job, choose_again, choose_pages, in_one_lane, workload};
use level::{Choice, Effort};
use masks::masks;
use renumbered::renumbered;
use subject::Subject;

/// The parts of the memory that are tried beside all of it, down to what small microcontrollers have.
const SMALLER: [u64; 2] = [4, 16];
const LEAST_BUDGET: u64 = 12 << 10;

/// Lanes may make a body larger by one part in this many: so much it is worth to restore it faster.
const LANES_WORTH: usize = 1000;

/// Images up to this many bytes have all repeats of the target linked, by four bytes of memory for each of it. In larger
/// ones those repeats count that lie where covers are in doubt.
const LINKED: usize = 8 << 20;
/// Images that are searched at the same time, each under another mask, have this many bytes together: the search takes
/// six bytes of memory for each.
const AT_ONCE: usize = 8 << 20;

/// Makes the package of two images, without proof.
pub(crate) fn make(
    base: &[u8],
    target: &TargetImage,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Package, DiffError> {
    let images = Images { base, target: target.bytes() };
    // Refused now rather than after the work.
    options.identity.extensions()?;
    if let Some(flash) = &options.in_place {
        if options.codecs().contains(&CodecChoice::Zstd) {
            return Err(InPlaceError::Codec.into());
        }
        flash.check(images.size())?;
    }
    progress.begin(Stage::Analyse, 1);
    let subject = Subject::new(images, target, options)?;
    let kinds: Vec<&str> = subject.kinds.iter().map(|kind| kind.name()).collect();
    progress.explain(format_args!(
        "base address {:#x}; kinds of pages to choose from: {}; {} bytes of memory",
        subject.header.base_address,
        kinds.join(", "),
        subject.budget
    ));
    for form in subject.header.forms.as_slice() {
        progress.explain(format_args!("a form of references: {form}"));
    }
    check_cancelled(progress)?;
    let mut best: Option<Package> = None;
    let mut refusal = None;
    for &codec in &options.codecs() {
        let subject = &subject.with_codec(codec);
        let made = match codec {
            CodecChoice::Zstd => zstd::make(subject, options, progress),
            CodecChoice::Auto | CodecChoice::Cm | CodecChoice::Lite => {
                make_of_events(subject, target, options, progress)
            }
        };
        match made {
            Ok(package) if best.as_ref().is_none_or(|best| package.bytes.len() < best.bytes.len()) => {
                best = Some(package);
            }
            Ok(_) => {}
            // What is too much for one codec may do for another.
            Err(error @ DiffError::BudgetTooSmall { .. }) => refusal = Some(error),
            Err(error) => return Err(error),
        }
    }
    best.ok_or_else(|| refusal.unwrap_or(DiffError::Internal("no codec was tried")))
}

/// Makes a package of codec `cm` or `lite`: finds the best job, codes its body and puts the header before it.
fn make_of_events(
    subject: &Subject,
    target: &TargetImage,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Package, DiffError> {
    let mut extensions = options.identity.extensions()?;
    let mut job = best_job(subject, target, progress)?;
    if let Some(flash) = &options.in_place {
        let job_under =
            |plan| best_job(&Subject { in_place: Some(plan), ..subject.clone() }, target, progress);
        let plan;
        (job, plan) = in_place::choose(flash, job, job_under)?;
        extensions.in_place = Some(plan);
    }
    check_cancelled(progress)?;
    let (job, Encoded { body, lanes, report }) = encoded(subject, job)?;
    let lanes = Lanes::to_value(&lanes);
    extensions.lanes = lanes.as_deref();
    let mut header = job.header();
    header.body_length = body.len() as u32;
    header.body_digest = header.body_digest.map(|_| sha256(&body));
    let mut bytes = header.to_bytes_with(&extensions);
    bytes.extend_from_slice(&body);
    Ok(Package { bytes, header, report, notes: Vec::new() })
}

/// The body of a job, and the job. Where lanes are not asked for, it is in one if that is much smaller: what refers to another
/// lane is hard to predict.
fn encoded<'a>(subject: &Subject<'a>, job: BodyJob<'a>) -> Result<(BodyJob<'a>, Encoded), DiffError> {
    let encode = |job: &BodyJob| job.encode().map_err(DiffError::NotProved);
    if job.plan.lanes.count() == 1 || subject.division.is_asked_for() {
        let encoded = encode(&job)?;
        return Ok((job, encoded));
    }
    let whole = in_one_lane(&Subject { lanes: job.plan.lanes.clone(), ..subject.clone() }, &job)?;
    let (in_lanes, in_one) = rayon::join(|| encode(&job), || encode(&whole));
    let (in_lanes, in_one) = (in_lanes?, in_one?);
    let is_dear = in_lanes.body.len() > in_one.body.len() + in_one.body.len() / LANES_WORTH;
    Ok(if is_dear { (whole, in_one) } else { (job, in_lanes) })
}

/// The job whose body comes out smallest: that of the subject's level, or of one below where that is smaller.
fn best_job<'a>(
    subject: &Subject<'a>,
    target: &TargetImage,
    progress: &dyn Progress,
) -> Result<BodyJob<'a>, DiffError> {
    let (mut best, mut level) = (None, Some(subject.effort));
    while let Some(effort) = level {
        let subject = &Subject { effort, ..subject.clone() };
        let job = level_job(subject, target, progress)?;
        best = Some(match best {
            None => job,
            Some(best) => smaller(best, job).map_err(DiffError::NotProved)?,
        });
        level = effort.below.map(Effort::of);
    }
    best.ok_or(DiffError::Internal("no level was tried"))
}

/// The job with the smaller body; the first if they are of one size.
fn smaller<'a>(one: BodyJob<'a>, other: BodyJob<'a>) -> Result<BodyJob<'a>, Error> {
    let (cost, other_cost) = rayon::join(|| one.cost(), || other.cost());
    Ok(if other_cost? < cost? { other } else { one })
}

/// The job that one level makes: drafts of covers, kinds of pages, covers again by learned prices, sizes and speeds.
///
/// How much is tried depends on the level and on the images' size. The larger they are, the less is tried: the models
/// keep their usual speeds, and what the search masks is decided on samples.
fn level_job<'a>(
    subject: &Subject<'a>,
    target: &TargetImage,
    progress: &dyn Progress,
) -> Result<BodyJob<'a>, DiffError> {
    let effort = &subject.effort;
    let size = subject.images.size();
    let masks = masks(subject)?;
    progress.begin(Stage::Search, masks.len() as u64);
    // One table for all masks; there is only one for larger images, and not memory for a table beside what it takes.
    let shared = size <= LINKED && matches!(effort.choice, Choice::All(_));
    let repeats = shared.then(|| target.repeats());
    let draft_under = |&mask| {
        check_cancelled(progress)?;
        let draft = Draft::new(subject, mask, repeats);
        progress.advance(1);
        draft
    };
    let mut drafts = Vec::with_capacity(masks.len());
    for masks in masks.chunks((AT_ONCE / size.max(1)).max(1)) {
        drafts.par_extend(masks.par_iter().map(draft_under));
    }
    let drafts: Result<Vec<Draft>, DiffError> = drafts.into_iter().collect();
    let mut drafts = drafts?;
    let lanes = drafts.first().map(|draft| subject.division.lanes(subject.images, &draft.covers));
    let subject = &Subject { lanes: lanes.unwrap_or_default(), ..subject.clone() };
    for draft in &mut drafts {
        draft.covers = subject.lanes.cut(std::mem::take(&mut draft.covers));
        keep_within(&mut draft.sections, &subject.lanes);
    }
    let mut best = Draft::best_of(drafts, subject).ok_or(DiffError::Internal("no mask was tried"))?;
    let of_code = masks.iter().copied().filter(|mask| mask.is_of_code()).max();
    if let Some(mask) = of_code.filter(|_| subject.is_small()) {
        for _ in 0..effort.translations {
            check_cancelled(progress)?;
            best = best.translated(subject, mask)?;
        }
    }
    let mut subject = subject.clone();
    if effort.translations > 0 && !subject.is_small() && size <= LARGE {
        check_cancelled(progress)?;
        best = renumbered(best, &subject)?;
        // What costs less now may be worth fewer lanes.
        let count = subject.division.lanes(subject.images, &best.covers).count();
        subject.lanes = subject.lanes.merged(count);
        best.covers = subject.lanes.cut(best.covers);
    }
    let subject = &subject;
    progress.explain(format_args!(
        "of {} masks, the cheapest: {}; {} covers; lanes: {}",
        masks.len(),
        best.mask,
        best.covers.len(),
        subject.lanes.count()
    ));
    check_cancelled(progress)?;
    progress.begin(Stage::Encode, 1);
    let Draft { covers, pages, kinds, sections, .. } = best;
    let mut job = body_job(subject, covers, pages)?;
    if kinds.len() > 1 {
        let whole = in_one_lane(subject, &job)?;
        let chosen = choose_pages(&whole, &kinds, subject.is_small());
        (_, job.plan.pages) = chosen.map_err(DiffError::NotProved)?;
    }
    let mut curve = None;
    if let (Choice::All(width), true) = (effort.choice, size <= effort.again) {
        curve = choose_again(subject, &mut job, &sections, width.lanes)?;
        let workload = workload(subject, &job.plan.covers);
        let budgets = SMALLER.map(|part| subject.budget / part).into_iter();
        // Those of codec `lite` have one size.
        let codec = &subject.header.codec;
        let is_fixed = matches!(codec, Codec::Lite { .. });
        let budgets = budgets.filter(|&budget| !is_fixed && budget >= LEAST_BUDGET);
        let sizes: Result<Vec<_>, _> = budgets.map(|budget| model_size(codec, budget, workload)).collect();
        curve = shrink(&mut job, &sizes?, curve).map_err(DiffError::NotProved)?;
        progress.explain(format_args!("chosen again by learned prices: {} covers", job.plan.covers.len()));
    }
    if size <= effort.again && effort.tuning {
        tune(&mut job, curve).map_err(DiffError::NotProved)?;
    }
    progress.advance(1);
    Ok(job)
}
