//! The covers of a package: a draft for each mask, the body job of the cheapest, and further passes with learned prices.

use rayon::prelude::*;
use smidgen_patch::header::PageKind;

use super::level::{Choice, SCALES};
use super::subject::Subject;
use crate::api::{DiffError, Report};
use crate::cover::{
    LEAST_CHOSEN, LITERAL, Observer, Prices, References, Repeats, Scale, Section, Sources, available_covers,
    choose, estimate, fill_gaps, keep_within, pool, sections,
};
use crate::encode::{
    BodyJob, CostCurve, LARGE_TUNING, Lanes, PageCosts, Pages, Placed, Plan, START, Workload, cheapest,
    model_size, operations,
};
use crate::images::Images;
use crate::limits::LARGE;
use crate::refs::Mask;
use crate::search::{Equal, Index, SearchOptions, find_matches_around};

/// About what a cover costs, in 1/256 bit.
pub(super) const COVER: u64 = 28 * 256;

/// The covers found under one mask, and candidates for others.
pub(super) struct Draft {
    /// Estimated, in 1/256 bit.
    cost: u64,
    pub(super) mask: Mask,
    /// The kinds of pages that seem right.
    pub(super) pages: Pages,
    /// The kinds that are worth a trial encoding.
    pub(super) kinds: Vec<PageKind>,
    /// The covers in order of the target.
    pub(super) covers: Vec<Placed>,
    /// What covers can be chosen from, if they are chosen by price.
    pub(super) sections: Vec<Section>,
}

impl Draft {
    /// What the search finds in images with references of `mask` masked out.
    pub(super) fn new(subject: &Subject, mask: Mask, repeats: Option<&Repeats>) -> Result<Self, DiffError> {
        let Images { base, target } = subject.images;
        let (masked_base, masked_target) =
            rayon::join(|| mask.apply(base, &subject.space), || mask.apply(target, &subject.space));
        Self::found_in(Images { base: &masked_base, target: &masked_target }, subject, mask, repeats)
    }

    /// What the search finds in such copies of the images, with references of `mask` rewritten.
    fn found_in(
        copies: Images,
        subject: &Subject,
        mask: Mask,
        repeats: Option<&Repeats>,
    ) -> Result<Self, DiffError> {
        let Images { base, target } = subject.images;
        let changed = *copies.base != *base || *copies.target != *target;
        let pages = Pages::uniform(if changed { mask.kind() } else { PageKind::Bytes });
        let kinds = if subject.effort.pages { subject.kinds.clone() } else { Vec::new() };
        let (covers, sections) = search(subject, copies, repeats)?;
        Ok(Self { cost: 0, mask, pages, kinds, covers, sections })
    }

    /// The same draft, or another one if that is cheaper: of what the search finds where each reference of `mask` holds the
    /// place that its target went to by this draft's covers. What refers to the same is the same then, and nothing else.
    pub(super) fn translated(self, subject: &Subject, mask: Mask) -> Result<Self, DiffError> {
        let space = &subject.space;
        let references = References::new(&subject.catalogue, self.pages.clone(), &self.covers);
        let (base, target) = rayon::join(
            || mask.translate(subject.images.base, space, &|target| references.went(target)),
            || mask.translate(subject.images.target, space, &|target| target),
        );
        drop(references);
        let repeats = Repeats::new(&target, LEAST_CHOSEN);
        let copies = Images { base: &base, target: &target };
        let mut other = Self::found_in(copies, subject, mask, Some(&repeats))?;
        other.covers = subject.lanes.cut(other.covers);
        keep_within(&mut other.sections, &subject.lanes);
        let mut sections = std::mem::take(&mut other.sections);
        pool(&mut sections, &self.sections);
        other.choose(subject, &sections);
        let mut better = if other.cost < self.cost { other } else { self };
        better.sections = sections;
        Ok(better)
    }

    /// The cheapest of some drafts, each with its covers chosen from what all have found.
    ///
    /// Which covers are cheapest depends on what the others imply about references, so each draft ends differently.
    pub(super) fn best_of(mut drafts: Vec<Self>, subject: &Subject) -> Option<Self> {
        let mut sections = std::mem::take(&mut drafts.first_mut()?.sections);
        drafts.iter().for_each(|other| pool(&mut sections, &other.sections));
        drafts.dedup_by(|one, other| one.covers == other.covers);
        drafts.par_iter_mut().for_each(|draft| draft.choose(subject, &sections));
        let mut best = drafts.into_iter().min_by_key(|draft| (draft.cost, draft.mask))?;
        best.sections = sections;
        Some(best)
    }

    /// Chooses its covers by default prices, where the level chooses covers by price at all. For small images, also
    /// estimates what they cost and which kinds of pages are worth a trial.
    fn choose(&mut self, subject: &Subject, sections: &[Section]) {
        let target = subject.images.target;
        let estimates = subject.effort.pages && subject.is_small();
        if estimates {
            (_, self.pages) = estimated_pages(subject, &self.covers);
        }
        if let (Choice::All(width), false) = (subject.effort.choice, sections.is_empty()) {
            let references = References::new(&subject.catalogue, self.pages.clone(), &self.covers);
            self.covers = choose(subject.images, sections, width.lanes, &Prices::default(), &references);
        }
        if estimates {
            let (copies, pages) = estimated_pages(subject, &self.covers);
            let report = Report::of(operations(target.len(), &self.covers));
            self.cost = copies + u64::from(LITERAL) * report.literals + COVER * report.base_covers;
            self.kinds = pages.kinds.as_slice().to_vec();
            self.pages = pages;
        }
    }
}

/// The search's covers, with those of gaps chosen by price if the level asks for it; and what covers can be chosen
/// from if it chooses all of them.
fn search(
    subject: &Subject,
    masked: Images,
    repeats: Option<&Repeats>,
) -> Result<(Vec<Placed>, Vec<Section>), DiffError> {
    let equal = Equal::find_in_large(masked.base, masked.target);
    // Beside masked copies of both images, there is not memory to sort more.
    let eighths = if std::ptr::eq(masked.base, subject.images.base) { 8 } else { 5 };
    let index = Index::around(masked.base, &equal, eighths)?;
    let found = find_matches_around(&index, masked.target, &equal, &SearchOptions::default());
    let available = |covers: Vec<Placed>| match subject.in_place {
        Some(plan) => available_covers(plan, &covers),
        None => covers,
    };
    let covers = available(found.iter().map(Placed::from).collect());
    let sources = Sources {
        index: &index,
        masked: masked.target,
        images: subject.images,
        repeats,
        in_place: subject.in_place,
    };
    Ok(match subject.effort.choice {
        Choice::Search => (covers, Vec::new()),
        Choice::All(width) if masked.size() <= LARGE => {
            let sections = sections(&sources, &covers, width);
            (covers, sections)
        }
        Choice::Gaps | Choice::All(_) => (available(fill_gaps(&sources, &covers)), Vec::new()),
    })
}

/// The kinds of pages that these covers suggest, by default prices, and about what copying costs then.
fn estimated_pages(subject: &Subject, covers: &[Placed]) -> (u64, Pages) {
    let estimate = |&kind: &PageKind| (kind, estimate(&subject.catalogue, kind, covers));
    let costs_by_kind: Vec<(PageKind, PageCosts)> = subject.kinds.par_iter().map(estimate).collect();
    cheapest(&costs_by_kind)
}

/// The job of these covers, with tables that suit them.
pub(super) fn body_job<'a>(
    subject: &Subject<'a>,
    covers: Vec<Placed>,
    pages: Pages,
) -> Result<BodyJob<'a>, DiffError> {
    let Images { base, target } = subject.images;
    let size = model_size(&subject.header.codec, subject.budget, workload(subject, &covers))?;
    let lanes = subject.lanes.clone();
    let mut plan = Plan { target, covers: lanes.cut(covers), landmarks: Vec::new(), pages, lanes };
    plan.choose_landmarks(size.landmarks as usize);
    let tuning = if subject.is_small() { START } else { LARGE_TUNING };
    let catalogue = subject.catalogue.clone();
    Ok(BodyJob { base, plan, size, tuning, header: subject.header, catalogue })
}

/// How much the models have to code for these covers.
pub(super) fn workload(subject: &Subject, covers: &[Placed]) -> Workload {
    let of_base = covers.par_iter().filter(|placed| placed.is_of_base());
    let changes = of_base.map(|placed| u64::from(placed.changes(subject.images))).sum();
    let report = Report::of(operations(subject.images.target.len(), covers));
    let lanes = subject.lanes.count() as u64;
    Workload { covers: report.base_covers, literals: report.literals, changes, lanes }
}

/// The same job in one lane, if it is in several.
pub(super) fn in_one_lane<'a>(subject: &Subject<'a>, job: &BodyJob<'a>) -> Result<BodyJob<'a>, DiffError> {
    if subject.lanes.count() == 1 {
        return Ok(job.clone());
    }
    let subject = Subject { lanes: Lanes::default(), ..subject.clone() };
    let BodyJob { plan: Plan { covers, pages, .. }, tuning, .. } = job.clone();
    Ok(BodyJob { tuning, ..body_job(&subject, covers, pages)? })
}

/// The kind of each page where trial encodings of a job in one lane say that it pays, and what everything but the literals
/// costs then, in 1/256 bit. The likeliest kind is tried first, the others only where they may do better.
///
/// The pages of small images were estimated, those of large ones are what goes with the search's mask: of words, often,
/// where code is what costs. Trials in lanes take more pages for words than the body likes in the end: 3 % of a kernel for
/// ARM.
pub(super) fn choose_pages(
    job: &BodyJob,
    kinds: &[PageKind],
    is_small: bool,
) -> Result<(u64, Pages), smidgen_patch::Error> {
    let most = job.plan.pages.most_frequent();
    let code = kinds.iter().copied().find(|kind| !is_small && kind.is_code());
    let likeliest = if most.is_code() { most } else { code.unwrap_or(most) };
    let page_costs = |kind: PageKind, rival: Option<&PageCosts>| {
        let mut job = job.clone();
        job.plan.pages = Pages::uniform(kind);
        Ok((kind, job.page_costs(rival)?))
    };
    let first = page_costs(likeliest, None)?;
    let others = kinds.par_iter().filter(|&&kind| kind != likeliest);
    let others = others.map(|&kind| page_costs(kind, Some(&first.1)));
    let mut costs_by_kind = others.collect::<Result<Vec<(PageKind, PageCosts)>, _>>()?;
    costs_by_kind.insert(0, first);
    Ok(cheapest(&costs_by_kind))
}

/// Chooses the job's covers again until that gains nothing, or as often as the level says; what the job costs then, if
/// that became known.
pub(super) fn choose_again(
    subject: &Subject,
    job: &mut BodyJob,
    sections: &[Section],
    lanes: usize,
) -> Result<Option<CostCurve>, DiffError> {
    let mut curve = None;
    for _ in 0..subject.effort.passes {
        let (gained, now) = pass(subject, job, sections, lanes)?;
        curve = Some(now);
        if !gained {
            break;
        }
    }
    Ok(curve)
}

/// One pass: whether it gained anything, and what the job costs now.
fn pass(
    subject: &Subject,
    job: &mut BodyJob,
    sections: &[Section],
    lanes: usize,
) -> Result<(bool, CostCurve), DiffError> {
    let images = subject.images;
    let references = References::new(&subject.catalogue, job.plan.pages.clone(), &job.plan.covers);
    let observer = |start| Observer::new(images, &job.plan.covers, &references, start);
    let watched = job.watch(observer, |observer, position, costs| observer.step(position, costs));
    let (before, observers) = watched.map_err(DiffError::NotProved)?;
    let all = observers.into_iter().reduce(|mut all, lane| {
        all.join(lane);
        all
    });
    let mut observer = all.ok_or(DiffError::Internal("nothing was watched"))?;
    let prices = observer.prices(&Prices::default());
    let trial = |&scale: &Scale| {
        let covers = choose(images, sections, lanes, &prices.clone().scaled(scale), &references);
        let mut next = job.clone();
        next.size = model_size(&subject.header.codec, subject.budget, workload(subject, &covers))?;
        next.plan.covers = subject.lanes.cut(covers);
        next.plan.choose_landmarks(next.size.landmarks as usize);
        let curve = next.curve(Some(&before)).map_err(DiffError::NotProved)?;
        Ok(curve.map(|curve| (curve, next)))
    };
    let trials: Result<Vec<Option<(CostCurve, BodyJob)>>, DiffError> =
        SCALES[..subject.effort.scales].par_iter().map(trial).collect();
    match trials?.into_iter().flatten().min_by_key(|(curve, _)| curve.total()) {
        Some((curve, next)) if curve.total() < before.total() => {
            *job = next;
            Ok((true, curve))
        }
        _ => Ok((false, before)),
    }
}
