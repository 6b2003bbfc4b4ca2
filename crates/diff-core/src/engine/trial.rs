//! Trial encodings: the job that says some covers, and the kinds of pages that come out cheapest.

use patch_nostd::apply::Source;
use patch_nostd::wire::RegionKind;
use rayon::prelude::*;

use super::draft::Draft;
use super::subject::Subject;
use crate::api::{DiffError, Report};
use crate::encode::{
    Job, LARGE_TUNING, Load, PAGE, Placed, Plan, Regions, START, Trace, cheapest, model_size, operations,
};

/// The job that says a draft's covers.
pub(crate) fn job_of<'a>(subject: &Subject<'a>, draft: Draft) -> Result<Job<'a>, DiffError> {
    let Draft { covers, regions, .. } = draft;
    let size = model_size(subject.budget, load(subject, &covers))?;
    let mut plan = Plan { new: subject.new, covers, landmarks: Vec::new(), regions };
    plan.choose_landmarks(size.landmarks as usize);
    let large = subject.new.len().max(subject.old.len()) > subject.effort.small;
    let tuning = if large { LARGE_TUNING } else { START };
    let catalogue = subject.catalogue.clone();
    Ok(Job { old: subject.old, plan, size, tuning, header: subject.header, catalogue })
}

/// Gives each page its kind where that pays; returns what everything but the literals costs, in 1/256 bit.
pub(crate) fn choose_regions(job: &mut Job, kinds: &[RegionKind]) -> Result<u64, patch_nostd::Error> {
    let trace = |&kind: &RegionKind| Ok((kind, with(job, Regions::uniform(kind)).trace(PAGE)?));
    let traces: Result<Vec<(RegionKind, Trace)>, _> = kinds.par_iter().map(trace).collect();
    let traces = traces?;
    let uniform = traces.iter().min_by_key(|(kind, trace)| (trace.total, *kind));
    let Some((kind, trace)) = uniform else { return Ok(0) };
    let (mixed, regions) = cheapest(&traces);
    if mixed < trace.total {
        *job = with(job, regions);
        return Ok(mixed);
    }
    *job = with(job, Regions::uniform(*kind));
    Ok(trace.total)
}

fn with<'a>(job: &Job<'a>, regions: Regions) -> Job<'a> {
    let mut job = job.clone();
    job.plan.regions = regions;
    job
}

/// How much the models will have to say about these covers.
pub(crate) fn load(subject: &Subject, covers: &[Placed]) -> Load {
    let report = Report::of(operations(subject.new.len(), covers));
    let changes = changes(covers, subject.old, subject.new);
    Load { covers: report.base_covers, literals: report.literals, changes }
}

/// How many bytes of covers of the base differ from their source.
fn changes(covers: &[Placed], old: &[u8], new: &[u8]) -> u64 {
    let changed = |&Placed { at, cover }: &Placed| match cover.source {
        Source::Base => {
            let new = &new[at as usize..][..cover.length as usize];
            let old = &old[cover.start as usize..][..cover.length as usize];
            new.iter().zip(old).filter(|(new, old)| new != old).count() as u64
        }
        Source::Target => 0,
    };
    covers.par_iter().map(changed).sum()
}
