//! Tries the models' adjustable speeds and numbers of landmarks, and keeps what comes out smallest (`docs/format.md`, section 3.3).

use patch_nostd::Error;
use patch_nostd::apply::{LANDMARK_RAM, SLOT_RAM};
use patch_nostd::wire::{ModelSize, Tuning};
use rayon::prelude::*;

use super::drive::{Course, Job};

/// Another value of a parameter; each is a whole trial encoding.
type Variant = fn(Tuning) -> Tuning;

/// What is tried together, the best of the ones before being kept.
const TRIALS: [[Variant; 2]; 2] = [
    [|tuning| Tuning { counter_rate: 5, ..tuning }, |tuning| Tuning { block_log: 5, ..tuning }],
    [|tuning| Tuning { mixer_rate: 4, ..tuning }, |tuning| Tuning { mixer_rate: 14, ..tuning }],
];

/// Where tuning starts.
pub const START: Tuning = Tuning { counter_rate: 4, mixer_rate: 8, block_log: 6 };
/// What images get that are too large for tuning.
pub const LARGE: Tuning = Tuning { counter_rate: 4, mixer_rate: 14, block_log: 6 };

/// Parts of the landmarks that are tried besides all, in quarters: what they take is missing from the counters.
const LANDMARKS: [usize; 2] = [2, 0];
/// The one that is tried if one of those was better than all.
const BETWEEN: usize = 1;

/// Replaces the job's number of landmarks and its tuning by the best of a few; `course` is what it costs, if known.
pub(crate) fn tune(job: &mut Job, course: Option<Course>) -> Result<(), Error> {
    let Some(mut course) = known(job, course)? else {
        return Ok(());
    };
    let all = job.clone();
    let landmarks = |&quarters: &usize| with_landmarks(&all, all.plan.landmarks.len() * quarters / 4);
    if !all.plan.landmarks.is_empty() && try_all(job, &mut course, &LANDMARKS.each_ref().map(landmarks))? {
        try_all(job, &mut course, &[landmarks(&BETWEEN)])?;
    }
    for variants in TRIALS {
        let variants = variants.map(|variant| Job { tuning: variant(job.tuning), ..job.clone() });
        try_all(job, &mut course, &variants)?;
    }
    Ok(())
}

/// Takes smaller tables where they do better: they forget what was long ago, and their numbers are shorter.
///
/// `course` is what the job costs, if known; what it costs then is returned.
pub(crate) fn shrink(
    job: &mut Job,
    sizes: &[ModelSize],
    course: Option<Course>,
) -> Result<Option<Course>, Error> {
    if sizes.is_empty() {
        return Ok(course);
    }
    let Some(mut course) = known(job, course)? else {
        return Ok(None);
    };
    let smaller = |&size: &ModelSize| {
        let mut job = Job { size, ..job.clone() };
        job.plan.choose_landmarks(size.landmarks as usize);
        job
    };
    let others: Vec<Job> = sizes.iter().map(smaller).collect();
    try_all(job, &mut course, &others)?;
    Ok(Some(course))
}

/// What a job costs, worked out if it is not known yet.
fn known(job: &Job, course: Option<Course>) -> Result<Option<Course>, Error> {
    course.map_or_else(|| job.course(None), |course| Ok(Some(course)))
}

/// Takes the cheapest of some jobs, if it is cheaper than the present one; whether it is.
fn try_all<'a>(job: &mut Job<'a>, course: &mut Course, others: &[Job<'a>]) -> Result<bool, Error> {
    let courses: Result<Vec<_>, Error> = others.par_iter().map(|other| other.course(Some(course))).collect();
    let tried = courses?.into_iter().zip(others).filter_map(|(course, other)| Some((course?, other)));
    let best = tried.min_by_key(|(course, _)| course.total());
    let Some((better, other)) = best.filter(|(other, _)| other.total() < course.total()) else {
        return Ok(false);
    };
    (*course, *job) = (better, other.clone());
    Ok(true)
}

/// The same job with only so many landmarks and more slots instead.
fn with_landmarks<'a>(job: &Job<'a>, count: usize) -> Job<'a> {
    let mut job = job.clone();
    let freed = (job.plan.landmarks.len() - count) as u32 * LANDMARK_RAM;
    job.plan.choose_landmarks(count);
    job.size.slots += freed / SLOT_RAM;
    job
}
