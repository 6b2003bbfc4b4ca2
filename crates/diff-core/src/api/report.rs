//! Where the bytes of a package go: cover statistics and cost by category.

use patch_nostd::internals::apply::{Operation, Source};
use patch_nostd::internals::entropy::CostMeter;

/// Names of the cost categories, in the order of [`Report::costs`].
pub const CATEGORIES: [&str; 6] = ["landmarks", "control", "unchanged", "changed", "references", "literals"];

/// What a package's body consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Covers that copy from the base image, and the bytes of target they make.
    pub base_covers: u64,
    /// Bytes of target that they make.
    pub base_covered: u64,
    /// Covers that copy from the target itself.
    pub target_covers: u64,
    /// Bytes of target that they make.
    pub target_covered: u64,
    /// The longest cover, in bytes.
    pub longest_cover: u64,
    /// Bytes of target in no cover.
    pub literals: u64,
    /// What each category of [`CATEGORIES`] costs, in bytes, rounded; all zero where the codec cannot tell.
    pub costs: [u64; 6],
}

impl Report {
    pub(crate) fn count(&mut self, operation: Operation) {
        self.literals += u64::from(operation.literals);
        let Some(cover) = operation.cover else { return };
        let length = u64::from(cover.length);
        self.longest_cover = self.longest_cover.max(length);
        match cover.source {
            Source::Base => {
                self.base_covers += 1;
                self.base_covered += length;
            }
            Source::Target => {
                self.target_covers += 1;
                self.target_covered += length;
            }
        }
    }

    /// The cover statistics of these operations.
    pub(crate) fn of(operations: impl Iterator<Item = Operation>) -> Self {
        let mut report = Self::default();
        operations.for_each(|operation| report.count(operation));
        report
    }

    pub(crate) fn take_costs(&mut self, meter: &CostMeter) {
        self.costs = meter.costs.map(|cost| (cost + 1024) >> 11);
    }
}
