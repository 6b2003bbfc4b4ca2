//! Further passes: covers are chosen again, by what the models charged for those chosen before.

use patch_nostd::Error;
use rayon::prelude::*;

use super::level::SCALES;
use super::subject::Subject;
use super::trial::load;
use crate::cover::{Observer, Piece, Prices, References, Scale, Width, choose};
use crate::encode::{Course, Job, Placed, Plan, model_size};

/// Chooses the job's covers again until that does not gain anything, or often enough; what the job costs then, if
/// that became known.
pub(crate) fn run(
    subject: &Subject,
    job: &mut Job,
    candidates: (&[Piece], Width),
) -> Result<Option<Course>, Error> {
    let mut course = None;
    for _ in 0..subject.effort.passes {
        let (gained, now) = pass(subject, job, candidates)?;
        course = Some(now);
        if !gained {
            break;
        }
    }
    Ok(course)
}

/// One pass: whether it gained anything, and what the job costs now.
fn pass(
    subject: &Subject,
    job: &mut Job,
    (pieces, width): (&[Piece], Width),
) -> Result<(bool, Course), Error> {
    let images = (subject.old, subject.new);
    let regions = job.plan.regions.clone();
    let references = References::new(&subject.catalogue, subject.new, regions, &job.plan.covers);
    let mut observer = Observer::new(images, &job.plan.covers, &references);
    let before = job.watch(|position, costs| observer.step(position, costs))?;
    let prices = observer.prices(&Prices::default());
    let trial = |&scale: &Scale| {
        let prices = prices.clone().scaled(scale);
        let covers = choose(images, (pieces, width.lanes), &prices, &references);
        let next = with_covers(subject, job, covers)?;
        Ok(next.course(Some(&before))?.map(|course| (course, next)))
    };
    let trials: Result<Vec<Option<(Course, Job)>>, Error> =
        SCALES[..subject.effort.scales].par_iter().map(trial).collect();
    match trials?.into_iter().flatten().min_by_key(|(course, _)| course.total()) {
        Some((course, next)) if course.total() < before.total() => {
            *job = next;
            Ok((true, course))
        }
        _ => Ok((false, before)),
    }
}

/// The same job with other covers.
fn with_covers<'a>(subject: &Subject, job: &Job<'a>, covers: Vec<Placed>) -> Result<Job<'a>, Error> {
    let size = model_size(subject.budget, load(subject, &covers)).map_err(|_| Error::Corrupt)?;
    let mut plan = Plan { covers, ..job.plan.clone() };
    plan.choose_landmarks(size.landmarks as usize);
    Ok(Job { plan, size, ..job.clone() })
}
