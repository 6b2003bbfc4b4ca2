//! Walks a plan with the decoder's own code: into bytes, or into a cost only.

use std::sync::Arc;

use smidgen_patch::Error;
use smidgen_patch::header::{Codec, Forms, Header, ModelSize, Tuning};
use smidgen_patch::internals::apply::{Layout, Operation, Oracle, Pause};
use smidgen_patch::internals::entropy::{Coder, CostMeter, RangeEncoder};
use smidgen_patch::internals::refs::Landmark;

use super::metered::Metered;
use super::page_meter::PageMeter;
use super::pages::PageCosts;
use super::plan::{Plan, operations};
use crate::api::Report;
use crate::images::Images;
use crate::refs::{PairReferences, Starts};

/// Everything that fixes a `cm` body.
#[derive(Clone)]
pub(crate) struct BodyJob<'a> {
    pub(crate) base: &'a [u8],
    pub(crate) plan: Plan<'a>,
    /// Sizes of the decoder's tables; the number of landmarks is the plan's.
    pub(crate) size: ModelSize,
    pub(crate) tuning: Tuning,
    /// The header fields that the models depend on; its codec, pages and flags are replaced.
    pub(crate) header: Header,
    pub(crate) catalogue: Arc<PairReferences<'a>>,
}

/// Points at which a curve is compared with another.
const PARTS: usize = 64;
/// The first point at which a curve may be given up.
const TRUSTED: usize = 16;
/// What a body costs up to the point where rates and shares of memory are judged, in 1/256 bit: more of it tells little more.
const ENOUGH: u64 = (32 << 10) * 8 * 256;
/// Early on, totals within 1/MARGIN of the rival's count as equal.
const MARGIN: u64 = 32;

/// What a body would cost up to each part of the target, in 1/256 bit.
#[derive(Clone, Debug)]
pub(crate) struct CostCurve {
    size: usize,
    /// The cost up to the end of each part of the target.
    parts: Vec<u64>,
    total: u64,
}

impl CostCurve {
    fn of(size: usize) -> Self {
        Self { size, parts: Vec::with_capacity(PARTS), total: 0 }
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    fn note(&mut self, position: u32, meter: &CostMeter) {
        let parts = position as usize * PARTS / self.size.max(1);
        if parts > self.parts.len() || position as usize == self.size {
            self.total = meter.total();
            self.parts.resize(parts, self.total);
        }
    }

    /// Whether both are known up to a point that tells what the whole costs.
    fn is_enough(&self, other: &Self) -> bool {
        let known = self.parts.len();
        let theirs = known.checked_sub(1).and_then(|last| other.parts.get(last));
        known < PARTS && (known == other.parts.len() || theirs.is_some_and(|&theirs| theirs >= ENOUGH))
    }

    /// Puts as the total what the whole costs if it goes on as it began beside `other`.
    fn foretell(&mut self, other: &Self) {
        if let Some((mine, theirs)) = self.parts.last().zip(other.parts.get(self.parts.len() - 1)) {
            self.total = (u128::from(other.total) * u128::from(*mine) / u128::from(*theirs).max(1)) as u64;
        }
    }

    /// Whether this one may still turn out cheaper than `other`, by its last known point.
    fn may_beat(&self, other: &Self) -> bool {
        let (known, all) = (self.parts.len(), PARTS as u64);
        let Some(&theirs) = known.checked_sub(1).and_then(|last| other.parts.get(last)) else { return true };
        let margin = theirs * (all - known as u64) / (all * MARGIN);
        known < TRUSTED || self.parts[known - 1] <= theirs + margin
    }
}

impl BodyJob<'_> {
    /// The header of the package that this job makes, but for the body's length and digest.
    pub(crate) fn header(&self) -> Header {
        let size = ModelSize { landmarks: self.plan.landmarks.len() as u32, ..self.size };
        let tuning = Tuning { high_first: self.plan.pages.has_halfwords(), ..self.tuning };
        let mut header = Header {
            codec: Codec::Cm { size, tuning },
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
    pub(crate) fn encode(&self) -> Result<(Vec<u8>, Report), Error> {
        let coder = Metered::new(RangeEncoder::default());
        let coder = self.walk(coder, &self.plan, |_, _| true)?;
        let mut report = Report::of(operations(self.plan.target.len(), &self.plan.covers));
        report.take_costs(&coder.meter);
        report.work = coder.work();
        Ok((coder.inner.finish(), report))
    }

    /// What the body would cost, in 1/256 bit.
    pub(crate) fn cost(&self) -> Result<u64, Error> {
        Ok(self.try_walk(CostMeter::default(), |_, _| true)?.total())
    }

    /// What the body would cost; nothing once `other` is certainly cheaper.
    pub(crate) fn curve(&self, other: Option<&CostCurve>) -> Result<Option<CostCurve>, Error> {
        let mut curve = CostCurve::of(self.plan.target.len());
        let mut go_on = true;
        self.try_walk(CostMeter::default(), |meter: &CostMeter, position| {
            curve.note(position, meter);
            go_on = other.is_none_or(|other| curve.may_beat(other));
            go_on
        })?;
        Ok(go_on.then_some(curve))
    }

    /// What the body would cost beside `other`, foretold from its beginning if that costs enough; nothing once `other` is
    /// certainly cheaper.
    pub(crate) fn beginning(&self, other: &CostCurve) -> Result<Option<CostCurve>, Error> {
        let mut curve = CostCurve::of(self.plan.target.len());
        let mut may_beat = true;
        self.try_walk(CostMeter::default(), |meter: &CostMeter, position| {
            curve.note(position, meter);
            may_beat = curve.may_beat(other);
            may_beat && !curve.is_enough(other)
        })?;
        if curve.is_enough(other) {
            curve.foretell(other);
        }
        Ok(may_beat.then_some(curve))
    }

    /// What the body would cost but for its literals; of pages where a kind that was tried before, the
    /// `rival`, is certainly better, perhaps less than that.
    pub(crate) fn page_costs(&self, rival: Option<&PageCosts>) -> Result<PageCosts, Error> {
        let meter = self.try_walk(PageMeter::beside(rival), |_, _| true)?;
        Ok(meter.page_costs(self.plan.target.len()))
    }

    /// Calls `watch` after each step with the position and the costs so far, by category.
    pub(crate) fn watch(&self, mut watch: impl FnMut(u32, &[u64; 6])) -> Result<CostCurve, Error> {
        let mut curve = CostCurve::of(self.plan.target.len());
        self.try_walk(CostMeter::default(), |meter: &CostMeter, position| {
            curve.note(position, meter);
            watch(position, &meter.costs);
            true
        })?;
        Ok(curve)
    }

    /// A walk for its cost only, with references from the catalogue. It may overlook one just behind the start of a
    /// cover, where the real walk has another idea of where instructions begin.
    fn try_walk<C: Coder>(&self, coder: C, watch: impl FnMut(&C, u32) -> bool) -> Result<C, Error> {
        let kinds = self.plan.pages.kinds;
        let starts = kinds.as_slice().iter().map(|&kind| self.catalogue.base.starts(kind)).collect();
        self.walk(coder, &TrialOracle { plan: &self.plan, starts }, watch)
    }

    /// Walks to the end, or until `watch` has seen enough.
    fn walk<C: Coder, O: Oracle>(
        &self,
        mut coder: C,
        oracle: &O,
        mut watch: impl FnMut(&C, u32) -> bool,
    ) -> Result<C, Error> {
        let header = self.header();
        let Codec::Cm { size, tuning } = header.codec else { return Err(Error::UnsupportedCodec) };
        let mut memory = vec![0; header.requirements().workspace as usize + 3];
        let start = memory.as_ptr().align_offset(4);
        let mut walker = Layout::new(&header, size, tuning, &mut memory[start..])?.walker;
        let mut io = Images { base: self.base, target: self.plan.target };
        while walker.step(&mut coder, oracle, &mut io)? != Pause::Done {
            if !watch(&coder, walker.position()) {
                return Ok(coder);
            }
        }
        watch(&coder, walker.position());
        Ok(coder)
    }
}

/// A plan, and for each of its kinds of pages the references that are known beforehand.
struct TrialOracle<'a> {
    plan: &'a Plan<'a>,
    starts: Vec<Arc<Starts<'a>>>,
}

impl Oracle for TrialOracle<'_> {
    fn operation(&self, offset: u32) -> Operation {
        self.plan.operation(offset)
    }

    fn landmark(&self, index: u32) -> Landmark {
        self.plan.landmark(index)
    }

    fn kind(&self, page: u32) -> usize {
        self.plan.kind(page)
    }

    fn byte(&self, offset: u32) -> u8 {
        self.plan.byte(offset)
    }

    fn may_refer(&self, kind: usize, offset: u32) -> bool {
        self.starts.get(kind).is_none_or(|starts| starts.begins(offset as usize))
    }
}
