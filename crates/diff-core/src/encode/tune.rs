//! Trial encodings with other table sizes and learning rates; the smallest wins (`docs/format.md`, section 3.3).

use rayon::prelude::*;
use smidgen_patch::Error;
use smidgen_patch::header::{Codec, ModelSize, Tuning};
use smidgen_patch::internals::wire::{LANDMARK_RAM, LEARNED_RAM, MOST_LEARNED, SLOT_RAM};

use super::budget::LEAST_SLOTS;
use super::drive::{BodyJob, CostCurve};

/// Another value of a parameter; each is a whole trial encoding.
type Variant = fn(Tuning) -> Tuning;

/// Rounds of trials: the best of a round is kept for the next.
const TRIALS: [[Variant; 2]; 2] = [
    [|tuning| Tuning { counter_rate: 5, ..tuning }, |tuning| Tuning { block_log: 5, ..tuning }],
    [|tuning| Tuning { mixer_rate: 4, ..tuning }, |tuning| Tuning { mixer_rate: 14, ..tuning }],
];
/// The same for codec `lite`, which does not mix.
const LITE_TRIALS: [[Variant; 2]; 2] = [
    [|tuning| Tuning { counter_rate: 5, ..tuning }, |tuning| Tuning { block_log: 5, ..tuning }],
    [|tuning| Tuning { counter_rate: 3, ..tuning }, |tuning| Tuning { block_log: 4, ..tuning }],
];

pub(crate) const START: Tuning = Tuning { counter_rate: 4, mixer_rate: 8, block_log: 6, high_first: false };
/// For images that are too large for tuning.
pub(crate) const LARGE: Tuning = Tuning { counter_rate: 4, mixer_rate: 14, block_log: 6, high_first: false };

/// Parts of the landmarks that are tried beside all of them, in quarters: what they take is missing from the counters.
const LANDMARKS: [usize; 2] = [2, 0];
/// The highest number that takes one byte of a header.
const MOST_IN_A_BYTE: u32 = 127;
/// The part that is tried if one of those was better than all.
const BETWEEN: usize = 1;

/// Replaces the job's number of landmarks and its tuning by the best of a few; `curve` is what it costs, if known.
pub(crate) fn tune(job: &mut BodyJob, curve: Option<CostCurve>) -> Result<(), Error> {
    let Some(mut curve) = known(job, curve)? else {
        return Ok(());
    };
    let all = job.clone();
    let landmarks = |&quarters: &usize| with_landmarks(&all, all.plan.landmark_count() * quarters / 4);
    if all.plan.landmark_count() > 0 && try_all(job, &mut curve, &LANDMARKS.each_ref().map(landmarks))? {
        try_all(job, &mut curve, &[landmarks(&BETWEEN)])?;
    }
    let all = job.clone();
    let counts = [all.size.learned * 2, all.size.learned / 2, all.size.learned.min(MOST_IN_A_BYTE)];
    let learned = counts.map(|count| with_learned(&all, count));
    try_all(job, &mut curve, &learned.into_iter().flatten().collect::<Vec<_>>())?;
    for variants in if is_lite(job) { LITE_TRIALS } else { TRIALS } {
        let variants = variants.map(|variant| BodyJob { tuning: variant(job.tuning), ..job.clone() });
        try_all(job, &mut curve, &variants)?;
    }
    Ok(())
}

/// Takes smaller tables where they do better: they forget what was long ago, and their numbers are shorter.
///
/// `curve` is what the job costs, if known; what it costs then is returned.
pub(crate) fn shrink(
    job: &mut BodyJob,
    sizes: &[ModelSize],
    curve: Option<CostCurve>,
) -> Result<Option<CostCurve>, Error> {
    if sizes.is_empty() {
        return Ok(curve);
    }
    let Some(mut curve) = known(job, curve)? else {
        return Ok(None);
    };
    let smaller = |&size: &ModelSize| {
        let mut job = BodyJob { size, ..job.clone() };
        job.plan.choose_landmarks(size.landmarks as usize);
        job
    };
    let others: Vec<BodyJob> = sizes.iter().map(smaller).collect();
    try_all(job, &mut curve, &others)?;
    Ok(Some(curve))
}

/// What a job costs, worked out if it is not known yet.
fn known(job: &BodyJob, curve: Option<CostCurve>) -> Result<Option<CostCurve>, Error> {
    curve.map_or_else(|| job.curve(None), |curve| Ok(Some(curve)))
}

/// Takes the job with the smallest package of some, if it is smaller than that of the present one; whether it is.
fn try_all<'a>(job: &mut BodyJob<'a>, curve: &mut CostCurve, others: &[BodyJob<'a>]) -> Result<bool, Error> {
    let courses: Result<Vec<_>, Error> = others.par_iter().map(|other| other.beginning(curve)).collect();
    let tried = courses?.into_iter().zip(others).filter_map(|(curve, other)| Some((curve?, other)));
    let cost = |job: &BodyJob, curve: &CostCurve| curve.total() + job.header_cost();
    let best = tried.min_by_key(|(curve, other)| cost(other, curve));
    let Some((better, other)) = best.filter(|(better, other)| cost(other, better) < cost(job, curve)) else {
        return Ok(false);
    };
    (*curve, *job) = (better, other.clone());
    Ok(true)
}

/// The same job with only `count` landmarks and more slots instead, or learned displacements where there are no slots.
fn with_landmarks<'a>(job: &BodyJob<'a>, count: usize) -> BodyJob<'a> {
    let mut job = job.clone();
    let freed = (job.plan.landmark_count() - count) as u32 * LANDMARK_RAM;
    job.plan.choose_landmarks(count);
    if is_lite(&job) {
        job.size.learned = (job.size.learned + freed / LEARNED_RAM).min(MOST_LEARNED);
    } else {
        job.size.slots += freed / SLOT_RAM;
    }
    job
}

/// The same job with room for `count` learned displacements, and more or fewer slots instead, if that can be.
fn with_learned<'a>(job: &BodyJob<'a>, count: u32) -> Option<BodyJob<'a>> {
    let mut job = job.clone();
    if is_lite(&job) {
        let is_less = count < job.size.learned;
        job.size.learned = count;
        return is_less.then_some(job);
    }
    let room = job.size.slots * SLOT_RAM + job.size.learned * LEARNED_RAM;
    let slots = room.checked_sub(count * LEARNED_RAM)? / SLOT_RAM;
    (job.size.learned, job.size.slots) = (count, slots);
    (slots >= LEAST_SLOTS && count <= MOST_LEARNED).then_some(job)
}

fn is_lite(job: &BodyJob) -> bool {
    matches!(job.header.codec, Codec::Lite { .. })
}
