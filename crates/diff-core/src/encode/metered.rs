//! Prices events while they are coded.

use smidgen_patch::internals::entropy::{Category, Coder, CostMeter};

/// A coder whose events are priced as they pass.
pub(crate) struct Metered<C> {
    pub(crate) inner: C,
    pub(crate) meter: CostMeter,
    /// How many events passed.
    pub(crate) events: u64,
}

impl<C> Metered<C> {
    pub(crate) fn new(inner: C) -> Self {
        Self { inner, meter: CostMeter::default(), events: 0 }
    }
}

impl<C: Coder> Coder for Metered<C> {
    fn code(&mut self, probability: u16, bit: bool) -> bool {
        let bit = self.inner.code(probability, bit);
        self.events += 1;
        self.meter.code(probability, bit)
    }

    fn ready(&self) -> bool {
        self.inner.ready()
    }

    fn category(&mut self, category: Category) {
        self.meter.category(category);
    }
}
