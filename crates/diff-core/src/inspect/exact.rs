//! Codecs `cm` and `lite`: what every step of the decoder costs.

use std::collections::{BTreeMap, VecDeque};
use std::sync::LazyLock;

use smidgen_patch::internals::apply::{Blind, Io, Layout, Pause, Walker};
use smidgen_patch::internals::entropy::{Category, Coder, RangeDecoder};
use smidgen_patch::internals::wire::{Lane, Lanes};
use smidgen_patch::{Error, Header};

use super::memory::{Memory, Stretch};
use super::piece::{Cost, Origin, Piece};
use crate::encode::Metered;

/// Costs in bytes, by category.
type Costs = [f64; 6];

/// What an event of each chance, in 1/65536, costs in bytes. The meter's 1/256 bits are too coarse to be added up place by
/// place: millions of events cost less.
static COSTS: LazyLock<Vec<f64>> =
    LazyLock::new(|| (0..=0x1_0000).map(|chance| (16.0 - f64::from(chance.max(1)).log2()) / 8.0).collect());

/// A decoder whose events are priced as they pass.
struct Priced<C> {
    inner: Metered<C>,
    costs: Costs,
    category: usize,
}

impl<C: Coder> Coder for Priced<C> {
    fn code(&mut self, probability: u16, bit: bool) -> bool {
        let bit = self.inner.code(probability, bit);
        let probability = usize::from(probability);
        let chance = if bit { probability } else { 0x1_0000 - probability };
        self.costs[self.category] += COSTS.get(chance).copied().unwrap_or_default();
        bit
    }

    fn ready(&self) -> bool {
        self.inner.ready()
    }

    fn category(&mut self, category: Category) {
        self.category = category as usize;
        self.inner.category(category);
    }
}

/// Decodes a body, lane after lane, and passes on its pieces. What is left of the body's bytes is returned.
pub(super) fn trace<F: FnMut(&Piece)>(
    (header, lanes): (&Header, &Lanes),
    mut body: &[u8],
    memory: &mut Memory<'_, F>,
) -> Result<f64, Error> {
    let mut all = Metered::new(());
    let mut placed = 0.0;
    for &lane in lanes.as_slice() {
        let part = body.split_off(..lane.body_length as usize).ok_or(Error::Truncated)?;
        let (passed, tracer) = trace_lane((header, lane), part, memory)?;
        all.join(&passed);
        placed += tracer.placed;
    }
    memory.report.take_costs(&all.meter);
    memory.report.work = all.work();
    Ok(f64::from(header.body_length) - placed)
}

fn trace_lane<F: FnMut(&Piece)>(
    (header, lane): (&Header, Lane),
    mut body: &[u8],
    memory: &mut Memory<'_, F>,
) -> Result<(Metered<()>, Tracer), Error> {
    let mut workspace = vec![0; header.ram as usize + 3];
    let start = workspace.as_ptr().align_offset(4);
    let layout = Layout::new(header, &mut workspace[start..])?;
    let decoder = RangeDecoder::new(layout.input, lane.body_length);
    let mut coder = Priced { inner: Metered::new(decoder), costs: Costs::default(), category: 0 };
    let mut walker = layout.walker;
    walker.enter(lane.range());
    let mut tracer = Tracer::default();
    loop {
        let taken = coder.inner.inner.fill(body);
        body = &body[taken..];
        while coder.ready() {
            let start = walker.position();
            let pause = walker.step(&mut coder, &Blind, memory)?;
            tracer.step(start, &walker, &coder.costs, memory);
            if pause == Pause::Done {
                return Ok((coder.inner.split().1, tracer));
            }
        }
        if body.is_empty() {
            return Err(Error::Truncated);
        }
    }
}

/// Divides costs among the steps, and steps into pieces once their bytes have been written.
#[derive(Default)]
struct Tracer {
    costs: Costs,
    /// What the landmarks cost whose covers have not come, by where they are in the target.
    landmarks: BTreeMap<u32, f64>,
    /// How many landmarks there were so far.
    count: usize,
    /// What the operation costs that is stated and not begun, and the one that has begun and made no byte yet.
    ahead: f64,
    begun: f64,
    /// Steps that wait for their bytes.
    waiting: VecDeque<Step>,
    /// Bytes of the body that pieces account for.
    placed: f64,
}

/// What one step of the decoder made.
struct Step {
    stretch: Stretch,
    /// Whether some byte was coded as a change.
    is_changed: bool,
    cost: Cost,
}

impl Tracer {
    fn step<F: FnMut(&Piece)>(
        &mut self,
        start: u32,
        walker: &Walker<'_>,
        costs: &Costs,
        memory: &mut Memory<'_, F>,
    ) {
        let before = std::mem::replace(&mut self.costs, *costs);
        let spent = |category: Category| {
            let index = category as usize;
            costs[index] - before[index]
        };
        let end = walker.position();
        if end > start {
            let operations = spent(Category::Control) + std::mem::take(&mut self.begun);
            let cost = Cost {
                operations,
                unchanged: spent(Category::Unchanged),
                changed: spent(Category::Changed),
                references: spent(Category::References),
                literals: spent(Category::Literals),
            };
            let stretch = memory.stretch(start..end);
            self.waiting.push_back(Step { stretch, is_changed: cost.changed > 0.0, cost });
        } else {
            self.note_operation(walker, spent(Category::Landmarks), spent(Category::Control), memory);
        }
        let written = memory.target.len();
        while self.waiting.front().is_some_and(|step| step.stretch.end as usize <= written) {
            self.waiting.pop_front().into_iter().for_each(|step| self.pass_on(&step, memory));
        }
    }

    /// Keeps what a step cost that made no byte: it stated a landmark or an operation, or began one.
    fn note_operation<F: FnMut(&Piece)>(
        &mut self,
        walker: &Walker<'_>,
        landmark: f64,
        operation: f64,
        memory: &mut Memory<'_, F>,
    ) {
        if landmark > 0.0 {
            let stated = walker.landmarks().get(self.count);
            self.count += 1;
            stated
                .into_iter()
                .for_each(|stated| *self.landmarks.entry(stated.target).or_default() += landmark);
        }
        if let Some(operation) = walker.announced() {
            memory.announce(operation);
            self.begun += std::mem::take(&mut self.ahead);
            let at = walker.position() + operation.literals;
            let landmark = operation.cover.and_then(|_| self.landmarks.remove(&at));
            self.begun += landmark.unwrap_or_default();
        }
        self.ahead += operation;
    }

    fn pass_on<F: FnMut(&Piece)>(&mut self, step: &Step, memory: &mut Memory<'_, F>) {
        let mut pieces = Vec::new();
        memory.divide(&step.stretch, step.is_changed, |piece| pieces.push(piece));
        let Cost { operations, unchanged, changed, references, literals } = step.cost;
        if let Some(first) = pieces.first_mut() {
            first.cost = Cost { operations, unchanged, literals, ..first.cost };
        }
        // What is coded last in a step is a reference or a change.
        let differs = |piece: &Piece| matches!(piece.origin, Origin::Predicted | Origin::Changed);
        let last = pieces.iter().rposition(differs).or_else(|| pieces.len().checked_sub(1));
        if let Some(last) = last.and_then(|last| pieces.get_mut(last)) {
            last.cost = Cost { changed, references, ..last.cost };
        }
        for piece in &pieces {
            self.placed += piece.cost.total();
            (memory.receive)(piece);
        }
    }
}
