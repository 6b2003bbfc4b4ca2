//! Walks a plan with the decoder's own code: into bytes, or into a cost only.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;
use smidgen_patch::Error;
use smidgen_patch::header::{Forms, Header, ModelSize, Tuning};
use smidgen_patch::internals::apply::{Layout, Pause};
use smidgen_patch::internals::entropy::{Coder, CostMeter, RangeEncoder};
use smidgen_patch::internals::wire::Lane;

use super::metered::Metered;
use super::page_meter::PageMeter;
use super::pages::PageCosts;
use super::plan::{Plan, Told, operations};
use crate::api::Report;
use crate::images::Images;
use crate::refs::{PairReferences, Starts};

/// Everything that fixes a body of codec `cm` or `lite`.
#[derive(Clone)]
pub(crate) struct BodyJob<'a> {
    pub(crate) base: &'a [u8],
    pub(crate) plan: Plan<'a>,
    /// Sizes of the decoder's tables; the number of landmarks is the plan's.
    pub(crate) size: ModelSize,
    pub(crate) tuning: Tuning,
    /// The header fields that the models depend on, and the codec; its parameters, pages and flags are replaced.
    pub(crate) header: Header,
    pub(crate) catalogue: Arc<PairReferences<'a>>,
}

/// Points at which what a curve costs is known.
const PARTS: usize = 64;
/// The first point at which a curve may be given up, and every how many points from there: more often, those are given up
/// that make up for it later.
const TRUSTED: usize = 16;
const COMPARED: usize = 8;
/// What a body costs up to the point where rates and shares of memory are judged, in 1/256 bit: more of it tells little more.
const ENOUGH: u64 = (32 << 10) * 8 * 256;
/// Early on, totals within 1/MARGIN of the rival's count as equal.
const MARGIN: u64 = 32;

/// What a body would cost up to each part of the target, in 1/256 bit.
#[derive(Clone, Debug)]
pub(crate) struct CostCurve {
    lanes: Vec<LaneCurve>,
}

/// The same of one lane.
#[derive(Clone, Debug)]
struct LaneCurve {
    lane: Range<u32>,
    /// The cost up to the end of each part of the lane.
    parts: Vec<u64>,
    total: u64,
}

/// A body, and what it consists of.
pub(crate) struct Encoded {
    pub(crate) body: Vec<u8>,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) report: Report,
}

impl CostCurve {
    pub(crate) fn total(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.total).sum()
    }
}

impl LaneCurve {
    fn of(lane: Range<u32>) -> Self {
        Self { lane, parts: Vec::with_capacity(PARTS), total: 0 }
    }

    fn note(&mut self, position: u32, meter: &CostMeter) {
        let Range { start, end } = self.lane;
        let parts = (position - start) as usize * PARTS / ((end - start) as usize).max(1);
        if parts > self.parts.len() || position == end {
            self.total = meter.total();
            self.parts.resize(parts, self.total);
        }
    }

    /// Whether both are known up to a point that tells what the whole costs.
    fn is_enough(&self, other: &Self) -> bool {
        let known = self.parts.len();
        let theirs = known.checked_sub(1).and_then(|last| other.parts.get(last));
        theirs.is_some_and(|&theirs| known < PARTS && (known == other.parts.len() || theirs >= ENOUGH))
    }

    /// Puts as the total what the whole costs if it goes on as it began beside `other`.
    fn foretell(&mut self, other: &Self) {
        let last = self.parts.len().checked_sub(1);
        if let Some((mine, theirs)) = last.and_then(|last| self.parts.get(last).zip(other.parts.get(last))) {
            self.total = (u128::from(other.total) * u128::from(*mine) / u128::from(*theirs).max(1)) as u64;
        }
    }

    /// Whether this one may still turn out cheaper than `other`, by its last known point.
    fn may_beat(&self, other: &Self) -> bool {
        let (known, all) = (self.parts.len(), PARTS as u64);
        let Some(&theirs) = known.checked_sub(1).and_then(|last| other.parts.get(last)) else { return true };
        let margin = theirs * (all - known as u64) / (all * MARGIN);
        known < TRUSTED || known % COMPARED != 0 || self.parts[known - 1] <= theirs + margin
    }
}

impl BodyJob<'_> {
    /// The header of the package that this job makes, but for the body's length and digest.
    pub(crate) fn header(&self) -> Header {
        let size = ModelSize { landmarks: self.plan.landmark_count() as u32, ..self.size };
        let tuning = Tuning { high_first: self.plan.pages.has_halfwords(), ..self.tuning };
        let mut header = Header {
            codec: self.header.codec.with_models(size, tuning),
            kinds: self.plan.pages.kinds,
            forms: if self.plan.pages.has_forms() { self.header.forms } else { Forms::NONE },
            read_back: self.plan.reads_back(),
            ..self.header
        };
        header.ram = header.requirements().workspace;
        header
    }

    /// What the header's bytes cost, in 1/256 bit.
    pub(crate) fn header_cost(&self) -> u64 {
        self.header().to_bytes().len() as u64 * 8 * 256
    }

    /// The body, and what it consists of.
    pub(crate) fn encode(&self) -> Result<Encoded, Error> {
        let coders = self
            .walk_all(&[], |told| self.walk_lane(Metered::new(RangeEncoder::default()), told, |_, _| true))?;
        let mut all = Metered::new(());
        let (mut body, mut lanes) = (Vec::new(), Vec::new());
        for (coder, lane) in coders.into_iter().zip(self.plan.lanes.ranges(self.plan.target.len())) {
            let (coder, passed) = coder.split();
            all.join(&passed);
            let mut coded = coder.finish();
            // Lanes have at least one byte each (`docs/format.md`, section 4.5).
            if coded.is_empty() && self.plan.lanes.count() > 1 {
                coded.push(0);
            }
            lanes.push(Lane { start: lane.start, end: lane.end, body_length: coded.len() as u32 });
            body.extend_from_slice(&coded);
        }
        let mut report = Report::of(operations(self.plan.target.len(), &self.plan.covers));
        report.take_costs(&all.meter);
        report.work = all.work();
        Ok(Encoded { body, lanes, report })
    }

    /// What the body would cost, in 1/256 bit.
    pub(crate) fn cost(&self) -> Result<u64, Error> {
        let meters = self.try_all(|told| self.walk_lane(CostMeter::default(), told, |_, _| true))?;
        Ok(meters.iter().map(CostMeter::total).sum())
    }

    /// What the body would cost; nothing once `other` is certainly cheaper in some lane.
    pub(crate) fn curve(&self, other: Option<&CostCurve>) -> Result<Option<CostCurve>, Error> {
        self.curve_until(other, |_, _| false)
    }

    /// The same beside `other`, of a lane foretold from its beginning if that costs enough.
    pub(crate) fn beginning(&self, other: &CostCurve) -> Result<Option<CostCurve>, Error> {
        self.curve_until(Some(other), LaneCurve::is_enough)
    }

    /// What the body would cost, of each lane foretold from what is known when it is enough beside `other`.
    fn curve_until(
        &self,
        other: Option<&CostCurve>,
        is_enough: fn(&LaneCurve, &LaneCurve) -> bool,
    ) -> Result<Option<CostCurve>, Error> {
        let curves = self.try_all(|told| {
            let mut curve = LaneCurve::of(told.lane.clone());
            let other = other.and_then(|other| other.lanes.iter().find(|other| other.lane == told.lane));
            let (mut may_beat, mut enough) = (true, false);
            self.walk_lane(CostMeter::default(), told, |meter: &CostMeter, position| {
                curve.note(position, meter);
                may_beat = other.is_none_or(|other| curve.may_beat(other));
                enough = other.is_some_and(|other| is_enough(&curve, other));
                may_beat && !enough
            })?;
            if let Some(other) = other.filter(|_| enough) {
                curve.foretell(other);
            }
            Ok(may_beat.then_some(curve))
        })?;
        let lanes: Option<Vec<LaneCurve>> = curves.into_iter().collect();
        Ok(lanes.map(|lanes| CostCurve { lanes }))
    }

    /// What the body would cost but for its literals; of pages where a kind that was tried before, the
    /// `rival`, is certainly better, perhaps less than that.
    pub(crate) fn page_costs(&self, rival: Option<&PageCosts>) -> Result<PageCosts, Error> {
        let size = self.plan.target.len();
        let lanes = self.try_all(|told| {
            Ok(self.walk_lane(PageMeter::beside(rival), told, |_, _| true)?.page_costs(size))
        })?;
        Ok(PageCosts::of_lanes(lanes))
    }

    /// Has a watcher of each lane see the position and the costs so far, by category, after each step.
    pub(crate) fn watch<W: Send>(
        &self,
        watcher: impl Fn(u32) -> W + Sync,
        watch: impl Fn(&mut W, u32, &[u64; 6]) + Sync,
    ) -> Result<(CostCurve, Vec<W>), Error> {
        let watched = self.try_all(|told| {
            let mut curve = LaneCurve::of(told.lane.clone());
            let mut watcher = watcher(told.lane.start);
            self.walk_lane(CostMeter::default(), told, |meter: &CostMeter, position| {
                curve.note(position, meter);
                watch(&mut watcher, position, &meter.costs);
                true
            })?;
            Ok((curve, watcher))
        })?;
        let (lanes, watchers) = watched.into_iter().unzip();
        Ok((CostCurve { lanes }, watchers))
    }

    /// Walks for their costs only through all lanes, with references from the catalogue.
    fn try_all<R: Send>(&self, walk: impl Fn(&Told) -> Result<R, Error> + Sync) -> Result<Vec<R>, Error> {
        let kinds = self.plan.pages.kinds;
        let starts: Vec<_> = kinds.as_slice().iter().map(|&kind| self.catalogue.base.starts(kind)).collect();
        self.walk_all(&starts, walk)
    }

    /// Walks through all lanes.
    fn walk_all<R: Send>(
        &self,
        starts: &[Arc<Starts<'_>>],
        walk: impl Fn(&Told) -> Result<R, Error> + Sync,
    ) -> Result<Vec<R>, Error> {
        let lanes: Vec<Range<u32>> = self.plan.lanes.ranges(self.plan.target.len()).collect();
        let told = |(index, lane): (usize, Range<u32>)| {
            let landmarks = self.plan.landmarks.get(index).map_or(&[][..], |landmarks| landmarks);
            walk(&Told { plan: &self.plan, lane, landmarks, starts })
        };
        lanes.into_par_iter().enumerate().map(told).collect()
    }

    /// Walks to the end of a lane, or until `watch` has seen enough.
    fn walk_lane<C: Coder>(
        &self,
        mut coder: C,
        told: &Told,
        mut watch: impl FnMut(&C, u32) -> bool,
    ) -> Result<C, Error> {
        let header = self.header();
        let mut memory = vec![0; header.requirements().workspace as usize + 3];
        let start = memory.as_ptr().align_offset(4);
        let mut walker = Layout::new(&header, &mut memory[start..])?.walker;
        walker.enter(told.lane.clone());
        let mut io = Images { base: self.base, target: self.plan.target };
        while walker.step(&mut coder, told, &mut io)? != Pause::Done {
            if !watch(&coder, walker.position()) {
                return Ok(coder);
            }
        }
        watch(&coder, walker.position());
        Ok(coder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(parts: &[u64], total: u64) -> LaneCurve {
        LaneCurve { lane: 0..100, parts: parts.to_vec(), total }
    }

    #[test]
    fn the_beginning_of_a_lane_foretells_what_costs_much() {
        let whole = curve(&[ENOUGH / 2, ENOUGH, ENOUGH * 3], ENOUGH * 30);
        let empty = curve(&[], 0);
        // Before anything is known there is nothing to tell from, beside a lane of no cost, too.
        assert!(!empty.is_enough(&whole) && !empty.is_enough(&empty));
        let mut begun = curve(&[ENOUGH / 2, ENOUGH / 2], 0);
        assert!(!curve(&begun.parts[..1], 0).is_enough(&whole) && begun.is_enough(&whole));
        begun.foretell(&whole);
        assert_eq!(begun.total, ENOUGH * 15);
        // What was foretold is known no further.
        assert!(curve(&[0, ENOUGH / 4], 0).is_enough(&begun));
    }
}
