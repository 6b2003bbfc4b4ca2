//! A first draft of the covers: what the search finds with references of one mask masked out, and about what it costs.

use patch_nostd::internals::wire::PageKind;
use rayon::prelude::*;

use super::level::Choice;
use super::subject::Subject;
use crate::api::{DiffError, Report};
use crate::cover::{
    Piece, Prices, References, Repeats, Sources, available_covers, choose, estimate, fill_gaps, pieces, pool,
};
use crate::encode::{PageCosts, Pages, Placed, cheapest, operations};
use crate::limits::LARGE;
use crate::refs::Mask;
use crate::search::{Equal, Index, SearchOptions, find_matches_around};

/// About what a literal and a cover cost, in 1/256 bit.
pub(crate) const LITERAL: u64 = 27 * 256 / 4;
const COVER: u64 = 28 * 256;

/// Covers, and what others could be chosen from.
#[derive(Clone)]
pub(crate) struct Draft {
    /// An estimate, in 1/256 bit.
    pub(crate) cost: u64,
    pub(crate) mask: Mask,
    /// The kinds of pages that seem right.
    pub(crate) pages: Pages,
    /// The kinds that are worth a trial encoding.
    pub(crate) kinds: Vec<PageKind>,
    /// The covers in order of the target, with where each begins there.
    pub(crate) covers: Vec<Placed>,
    /// What covers can be chosen from, if they are chosen by price.
    pub(crate) pieces: Vec<Piece>,
}

impl Draft {
    /// What the search finds in images with references of `mask` masked out.
    pub(crate) fn new(subject: &Subject, mask: Mask, repeats: Option<&Repeats>) -> Result<Self, DiffError> {
        let (base, target) = rayon::join(
            || mask.apply(subject.base, &subject.space),
            || mask.apply(subject.target, &subject.space),
        );
        let masked = *base != *subject.base || *target != *subject.target;
        let (covers, pieces) = search(subject, (&base, &target), repeats)?;
        let pages = Pages::uniform(if masked { mask.kind() } else { PageKind::Bytes });
        let kinds = if subject.effort.pages { subject.kinds.clone() } else { Vec::new() };
        Ok(Self { cost: 0, mask, pages, kinds, covers, pieces })
    }

    /// The cheapest of some drafts, each with its covers chosen from what all have found.
    ///
    /// Where a cover leads depends on what the others tell about references, so each draft leads somewhere else.
    pub(crate) fn best_of(mut drafts: Vec<Self>, subject: &Subject) -> Option<Self> {
        let mut pieces = std::mem::take(&mut drafts.first_mut()?.pieces);
        drafts.iter().for_each(|other| pool(&mut pieces, &other.pieces));
        drafts.dedup_by(|one, other| one.covers == other.covers);
        drafts.par_iter_mut().for_each(|draft| draft.choose(subject, &pieces));
        let mut best = drafts.into_iter().min_by_key(|draft| (draft.cost, draft.mask))?;
        best.pieces = pieces;
        Some(best)
    }

    /// Chooses its covers by habitual prices, where covers are chosen by price at all.
    fn choose(&mut self, subject: &Subject, pieces: &[Piece]) {
        let small = subject.base.len().max(subject.target.len()) <= subject.effort.small;
        let estimates = subject.effort.pages && small;
        if estimates {
            (_, self.pages) = estimated_pages(subject, &self.covers);
        }
        if let (Choice::All(width), false) = (subject.effort.choice, pieces.is_empty()) {
            let references =
                References::new(&subject.catalogue, subject.target, self.pages.clone(), &self.covers);
            let images = (subject.base, subject.target);
            self.covers = choose(images, (pieces, width.lanes), &Prices::default(), &references);
        }
        if estimates {
            self.estimate(subject);
        }
    }

    /// About what it costs, and which kinds of pages are worth a trial.
    fn estimate(&mut self, subject: &Subject) {
        let (copies, pages) = estimated_pages(subject, &self.covers);
        let Report { literals, base_covers, .. } = Report::of(operations(subject.target.len(), &self.covers));
        self.cost = copies + LITERAL * literals + COVER * base_covers;
        self.kinds = pages.kinds.as_slice().to_vec();
        self.pages = pages;
    }
}

/// Covers, and what others could be chosen from.
type Found = (Vec<Placed>, Vec<Piece>);

/// The search's covers, those of gaps chosen by price if that is wanted, and what all can be chosen from if that is.
fn search(
    subject: &Subject,
    (base, target): (&[u8], &[u8]),
    repeats: Option<&Repeats>,
) -> Result<Found, DiffError> {
    let equal = Equal::find_in_large(base, target);
    // Beside masked copies of both images, there is not memory to sort more.
    let eighths = if std::ptr::eq(base, subject.base) { 8 } else { 5 };
    let index = Index::around(base, &equal, eighths)?;
    let found = find_matches_around(&index, target, &equal, &SearchOptions::default());
    let covers: Vec<Placed> = found
        .iter()
        .map(|found| Placed::of_base(found.target_start, found.base_start, found.length))
        .collect();
    let available = |covers: Vec<Placed>| match subject.in_place {
        Some(plan) => available_covers(plan, &covers),
        None => covers,
    };
    let covers = available(covers);
    let sources = Sources {
        index: &index,
        masked: target,
        base: subject.base,
        target: subject.target,
        repeats,
        in_place: subject.in_place,
    };
    let large = base.len().max(target.len()) > LARGE;
    Ok(match subject.effort.choice {
        Choice::Search => (covers, Vec::new()),
        Choice::All(width) if !large => {
            let pieces = pieces(&sources, &covers, width);
            (covers, pieces)
        }
        Choice::Gaps | Choice::All(_) => (available(fill_gaps(&sources, &covers)), Vec::new()),
    })
}

/// The kinds of pages that these covers suggest, by habitual prices, and about what copying costs then.
fn estimated_pages(subject: &Subject, covers: &[Placed]) -> (u64, Pages) {
    let estimate = |&kind: &PageKind| (kind, estimate(&subject.catalogue, subject.target, kind, covers));
    let costs_by_kind: Vec<(PageKind, PageCosts)> = subject.kinds.par_iter().map(estimate).collect();
    cheapest(&costs_by_kind)
}
