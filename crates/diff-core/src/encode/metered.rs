//! Prices events while they are coded.

use smidgen_patch::internals::entropy::{Category, Coder, CostMeter};

use crate::api::Work;

/// A coder whose events are priced as they pass.
pub(crate) struct Metered<C> {
    pub(crate) inner: C,
    pub(crate) meter: CostMeter,
    /// How many events passed of each category, and how many references.
    events: [u64; 6],
    references: u64,
    category: usize,
}

impl<C> Metered<C> {
    pub(crate) fn new(inner: C) -> Self {
        Self { inner, meter: CostMeter::default(), events: [0; 6], references: 0, category: 0 }
    }

    /// The coder, and what passed.
    pub(crate) fn split(self) -> (C, Metered<()>) {
        let Self { inner, meter, events, references, category } = self;
        (inner, Metered { inner: (), meter, events, references, category })
    }

    /// Adds what passed in another lane.
    pub(crate) fn join(&mut self, other: &Self) {
        self.meter.costs.iter_mut().zip(other.meter.costs).for_each(|(cost, other)| *cost += other);
        self.events.iter_mut().zip(other.events).for_each(|(events, other)| *events += other);
        self.references += other.references;
    }

    /// What a decoder has to do for what passed.
    pub(crate) fn work(&self) -> Work {
        let [landmarks, control, unchanged, changed, references, literals] = self.events;
        Work {
            control: landmarks + control,
            unchanged,
            changed,
            literals,
            references,
            found: self.references,
        }
    }
}

impl<C: Coder> Coder for Metered<C> {
    fn code(&mut self, probability: u16, bit: bool) -> bool {
        let bit = self.inner.code(probability, bit);
        self.events[self.category] += 1;
        self.meter.code(probability, bit)
    }

    fn ready(&self) -> bool {
        self.inner.ready()
    }

    fn category(&mut self, category: Category) {
        // It begins once for each reference.
        self.references += u64::from(category == Category::References);
        self.category = category as usize;
        self.meter.category(category);
    }
}
