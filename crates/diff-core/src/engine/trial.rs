//! TrialOracle encodings: the job that says some covers, and the kinds of pages that come out cheapest.

use patch_nostd::internals::apply::Source;
use patch_nostd::internals::wire::PageKind;
use rayon::prelude::*;

use super::draft::Draft;
use super::subject::Subject;
use crate::api::{DiffError, Report};
use crate::encode::{
    BodyJob, LARGE_TUNING, PAGE, PageCosts, Pages, Placed, Plan, START, Workload, cheapest, model_size,
    operations,
};

/// The job that says a draft's covers.
pub(crate) fn job_of<'a>(subject: &Subject<'a>, draft: Draft) -> Result<BodyJob<'a>, DiffError> {
    let Draft { covers, pages, .. } = draft;
    let size = model_size(subject.budget, workload(subject, &covers))?;
    let mut plan = Plan { target: subject.target, covers, landmarks: Vec::new(), pages };
    plan.choose_landmarks(size.landmarks as usize);
    let large = subject.target.len().max(subject.base.len()) > subject.effort.small;
    let tuning = if large { LARGE_TUNING } else { START };
    let catalogue = subject.catalogue.clone();
    Ok(BodyJob { base: subject.base, plan, size, tuning, header: subject.header, catalogue })
}

/// Gives each page its kind where that pays; returns what everything but the literals costs, in 1/256 bit.
pub(crate) fn choose_pages(job: &mut BodyJob, kinds: &[PageKind]) -> Result<u64, patch_nostd::Error> {
    let page_costs = |&kind: &PageKind| Ok((kind, with(job, Pages::uniform(kind)).page_costs(PAGE)?));
    let costs_by_kind: Result<Vec<(PageKind, PageCosts)>, _> = kinds.par_iter().map(page_costs).collect();
    let costs_by_kind = costs_by_kind?;
    let uniform = costs_by_kind.iter().min_by_key(|(kind, page_costs)| (page_costs.total, *kind));
    let Some((kind, page_costs)) = uniform else { return Ok(0) };
    let (mixed, pages) = cheapest(&costs_by_kind);
    if mixed < page_costs.total {
        *job = with(job, pages);
        return Ok(mixed);
    }
    *job = with(job, Pages::uniform(*kind));
    Ok(page_costs.total)
}

fn with<'a>(job: &BodyJob<'a>, pages: Pages) -> BodyJob<'a> {
    let mut job = job.clone();
    job.plan.pages = pages;
    job
}

/// How much the models will have to say about these covers.
pub(crate) fn workload(subject: &Subject, covers: &[Placed]) -> Workload {
    let report = Report::of(operations(subject.target.len(), covers));
    let changes = changes(covers, subject.base, subject.target);
    Workload { covers: report.base_covers, literals: report.literals, changes }
}

/// How many bytes of covers of the base differ from their source.
fn changes(covers: &[Placed], base: &[u8], target: &[u8]) -> u64 {
    let changed = |&Placed { at, cover }: &Placed| match cover.source {
        Source::Base => {
            let target = &target[at as usize..][..cover.length as usize];
            let base = &base[cover.start as usize..][..cover.length as usize];
            target.iter().zip(base).filter(|(target, base)| target != base).count() as u64
        }
        Source::Target => 0,
    };
    covers.par_iter().map(changed).sum()
}
