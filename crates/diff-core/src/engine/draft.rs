//! A first draft of the covers: what the search finds with references of one mask masked out, and about what it costs.

use patch_nostd::wire::RegionKind;
use rayon::prelude::*;

use super::level::Choice;
use super::subject::Subject;
use crate::api::{DiffError, Report};
use crate::cover::{
    Matches, Piece, Prices, References, Repeats, available_covers, choose, estimate, pieces, pool, refine,
};
use crate::encode::{Placed, Regions, Trace, cheapest, operations};
use crate::limits::LARGE;
use crate::refs::Mask;
use crate::search::{CoverOptions, Equal, Index, find_covers_around};

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
    pub(crate) regions: Regions,
    /// The kinds that are worth a trial encoding.
    pub(crate) kinds: Vec<RegionKind>,
    /// The covers in order of the new image, with where each begins there.
    pub(crate) covers: Vec<Placed>,
    /// What covers can be chosen from, if they are chosen by price.
    pub(crate) pieces: Vec<Piece>,
}

impl Draft {
    /// What the search finds in images with references of `mask` masked out.
    pub(crate) fn new(subject: &Subject, mask: Mask, repeats: Option<&Repeats>) -> Result<Self, DiffError> {
        let (old, new) = rayon::join(
            || mask.apply(subject.old, &subject.space),
            || mask.apply(subject.new, &subject.space),
        );
        let masked = *old != *subject.old || *new != *subject.new;
        let (covers, pieces) = search(subject, (&old, &new), repeats)?;
        let regions = Regions::uniform(if masked { mask.kind() } else { RegionKind::Bytes });
        let kinds = if subject.effort.regions { subject.kinds.clone() } else { Vec::new() };
        Ok(Self { cost: 0, mask, regions, kinds, covers, pieces })
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
        let small = subject.old.len().max(subject.new.len()) <= subject.effort.small;
        let estimates = subject.effort.regions && small;
        if estimates {
            (_, self.regions) = estimated_regions(subject, &self.covers);
        }
        if let (Choice::All(width), false) = (subject.effort.choice, pieces.is_empty()) {
            let references =
                References::new(&subject.catalogue, subject.new, self.regions.clone(), &self.covers);
            let images = (subject.old, subject.new);
            self.covers = choose(images, (pieces, width.lanes), &Prices::default(), &references);
        }
        if estimates {
            self.estimate(subject);
        }
    }

    /// About what it costs, and which kinds of pages are worth a trial.
    fn estimate(&mut self, subject: &Subject) {
        let (copies, regions) = estimated_regions(subject, &self.covers);
        let Report { literals, base_covers, .. } = Report::of(operations(subject.new.len(), &self.covers));
        self.cost = copies + LITERAL * literals + COVER * base_covers;
        self.kinds = regions.kinds.as_slice().to_vec();
        self.regions = regions;
    }
}

/// Covers, and what others could be chosen from.
type Found = (Vec<Placed>, Vec<Piece>);

/// The search's covers, those of gaps chosen by price if that is wanted, and what all can be chosen from if that is.
fn search(
    subject: &Subject,
    (old, new): (&[u8], &[u8]),
    repeats: Option<&Repeats>,
) -> Result<Found, DiffError> {
    let equal = Equal::find_in_large(old, new);
    // Beside masked copies of both images, there is not memory to sort more.
    let eighths = if std::ptr::eq(old, subject.old) { 8 } else { 5 };
    let index = Index::around(old, &equal, eighths)?;
    let found = find_covers_around(&index, new, &equal, &CoverOptions::default());
    let covers: Vec<Placed> =
        found.iter().map(|found| Placed::of_base(found.new_start, found.old_start, found.length)).collect();
    let available = |covers: Vec<Placed>| match subject.in_place {
        Some(plan) => available_covers(plan, &covers),
        None => covers,
    };
    let covers = available(covers);
    let matches = Matches {
        index: &index,
        masked: new,
        old: subject.old,
        new: subject.new,
        repeats,
        in_place: subject.in_place,
    };
    let large = old.len().max(new.len()) > LARGE;
    Ok(match subject.effort.choice {
        Choice::Search => (covers, Vec::new()),
        Choice::All(width) if !large => {
            let pieces = pieces(&matches, &covers, width);
            (covers, pieces)
        }
        Choice::Gaps | Choice::All(_) => (available(refine(&matches, &covers)), Vec::new()),
    })
}

/// The kinds of pages that these covers suggest, by habitual prices, and about what copying costs then.
fn estimated_regions(subject: &Subject, covers: &[Placed]) -> (u64, Regions) {
    let estimate = |&kind: &RegionKind| (kind, estimate(&subject.catalogue, subject.new, kind, covers));
    let traces: Vec<(RegionKind, Trace)> = subject.kinds.par_iter().map(estimate).collect();
    cheapest(&traces)
}
