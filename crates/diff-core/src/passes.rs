//! Further passes: covers are chosen again, by what the models charged for those chosen before.

use patch_nostd::Error;
use patch_nostd::apply::Cover;
use rayon::prelude::*;

use crate::cover::{Observer, Piece, Prices, References, Scale, Width, choose};
use crate::encode::{Job, Plan, model_size};
use crate::level::SCALES;
use crate::pipeline::load;
use crate::subject::Subject;

/// Chooses the job's covers again until that does not gain anything, or often enough.
pub(crate) fn run(subject: &Subject, job: &mut Job, (pieces, width): (&[Piece], Width)) -> Result<(), Error> {
    for _ in 0..subject.effort.passes {
        if !pass(subject, job, (pieces, width))? {
            break;
        }
    }
    Ok(())
}

/// One pass; whether it gained anything.
fn pass(subject: &Subject, job: &mut Job, (pieces, width): (&[Piece], Width)) -> Result<bool, Error> {
    let images = (subject.old, subject.new);
    let references = References::new(images, subject.space, job.plan.regions.clone(), &job.plan.covers);
    let mut observer = Observer::new(images, &job.plan.covers, &references);
    let before = job.watch(|position, costs| observer.step(position, costs))?;
    let prices = observer.prices(&Prices::default());
    let trial = |&scale: &Scale| {
        let prices = prices.clone().scaled(scale);
        let covers = choose(images, (pieces, width.lanes), &prices, &references);
        let next = with_covers(subject, job, covers)?;
        Ok((next.cost()?, next))
    };
    let trials: Result<Vec<(u64, Job)>, Error> =
        SCALES[..subject.effort.scales].par_iter().map(trial).collect();
    let best = trials?.into_iter().min_by_key(|&(cost, _)| cost).filter(|&(cost, _)| cost < before);
    let gained = best.is_some();
    best.into_iter().for_each(|(_, next)| *job = next);
    Ok(gained)
}

/// The same job with other covers.
fn with_covers<'a>(subject: &Subject, job: &Job<'a>, covers: Vec<(u32, Cover)>) -> Result<Job<'a>, Error> {
    let size = model_size(subject.budget, load(subject, &covers)).map_err(|_| Error::Corrupt)?;
    let mut plan = Plan { covers, ..job.plan.clone() };
    plan.choose_landmarks(size.landmarks as usize);
    Ok(Job { plan, size, ..job.clone() })
}
