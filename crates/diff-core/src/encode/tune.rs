//! Tries the models' adjustable speeds and numbers of landmarks, and keeps what comes out smallest (`docs/format.md`, section 3.3).

use patch_nostd::Error;
use patch_nostd::apply::{LANDMARK_RAM, SLOT_RAM};
use patch_nostd::wire::Tuning;
use rayon::prelude::*;

use super::Job;

/// What is tried for a parameter: one at a time, the ones before at their best.
type Variant = fn(Tuning, u8) -> Tuning;

/// The parameters with their values besides where tuning starts; each value is a whole trial encoding.
const TRIALS: [(&[u8], Variant); 3] = [
    (&[4, 6], |tuning, counter_rate| Tuning { counter_rate, ..tuning }),
    (&[4, 6], |tuning, block_log| Tuning { block_log, ..tuning }),
    (&[4, 14], |tuning, mixer_rate| Tuning { mixer_rate, ..tuning }),
];

/// Where tuning starts.
pub const START: Tuning = Tuning { counter_rate: 5, mixer_rate: 8, block_log: 5 };
/// What images get that are too large for tuning.
pub const LARGE: Tuning = Tuning { counter_rate: 4, mixer_rate: 14, block_log: 6 };

/// Parts of the landmarks that are tried, in quarters: what they take is missing from the counters.
const LANDMARKS: [usize; 4] = [4, 2, 1, 0];

/// Replaces the job's number of landmarks and its tuning by the best of a few.
pub(crate) fn tune(job: &mut Job) -> Result<(), Error> {
    let landmarks = job.plan.landmarks.len();
    let quarters = if landmarks == 0 { &LANDMARKS[..1] } else { &LANDMARKS[..] };
    let tried: Result<Vec<(u64, Job)>, Error> = quarters
        .par_iter()
        .map(|quarters| {
            let job = with_landmarks(job, landmarks * quarters / 4);
            Ok((job.cost()?, job))
        })
        .collect();
    let Some((cost, best)) = tried?.into_iter().min_by_key(|&(cost, _)| cost) else { return Ok(()) };
    *job = best;
    tune_speeds(job, cost)
}

/// The same job with only so many landmarks and more slots instead.
fn with_landmarks<'a>(job: &Job<'a>, count: usize) -> Job<'a> {
    let mut job = job.clone();
    let freed = (job.plan.landmarks.len() - count) as u32 * LANDMARK_RAM;
    job.plan.choose_landmarks(count);
    job.size.slots += freed / SLOT_RAM;
    job
}

fn tune_speeds(job: &mut Job, mut least: u64) -> Result<(), Error> {
    for (values, variant) in TRIALS {
        let start = job.tuning;
        let cost = |&value: &u8| {
            let tuning = variant(start, value);
            Ok((Job { tuning, ..job.clone() }.cost()?, tuning))
        };
        let tried: Result<Vec<(u64, Tuning)>, Error> = values.par_iter().map(cost).collect();
        let best = tried?.into_iter().min_by_key(|&(cost, _)| cost).filter(|&(cost, _)| cost < least);
        if let Some((cost, tuning)) = best {
            least = cost;
            job.tuning = tuning;
        }
    }
    Ok(())
}
