//! A finished package, and what its bytes are spent on: cover statistics and cost by category.

use smidgen_patch::Header;
use smidgen_patch::internals::apply::{Operation, Source};
use smidgen_patch::internals::entropy::CostMeter;

use super::note::Note;

/// A finished package.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Package {
    /// The package itself: what is shipped.
    pub bytes: Vec<u8>,
    /// Its header.
    pub header: Header,
    /// What its body consists of.
    pub report: Report,
    /// Remarks for the user.
    pub notes: Vec<Note>,
}

/// What a package's body consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Covers that copy from the base image.
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
    /// What a decoder does for it; all zero for codec `zstd`.
    pub work: Work,
    /// What the body's bytes are spent on; all zero for codec `zstd`, which does not code operation by operation.
    pub costs: Costs,
}

/// What a decoder does for a body, as far as its time depends on it: the binary events that it decodes, by what they are
/// about, and references.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Work {
    /// Events about operations and landmarks.
    pub control: u64,
    /// Events about whether copied blocks and bytes are unchanged.
    pub unchanged: u64,
    /// Events about new values of copied bytes.
    pub changed: u64,
    /// Events about bytes in no cover.
    pub literals: u64,
    /// Events about which prediction of a reference is right.
    pub references: u64,
    /// References that it finds in what it copies.
    pub found: u64,
}

/// What the bytes of a body are spent on, each rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Costs {
    /// Covers that are sent ahead.
    pub landmarks: u64,
    /// Operations: counts of literals, sources, lengths and displacements of covers.
    pub control: u64,
    /// Copied bytes that are unchanged.
    pub unchanged: u64,
    /// Copied bytes that are changed.
    pub changed: u64,
    /// References.
    pub references: u64,
    /// Bytes in no cover.
    pub literals: u64,
}

impl Costs {
    /// Each with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let Self { landmarks, control, unchanged, changed, references, literals } = *self;
        let named = [
            ("landmarks", landmarks),
            ("control", control),
            ("unchanged", unchanged),
            ("changed", changed),
            ("references", references),
            ("literals", literals),
        ];
        named.into_iter()
    }
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
        let [landmarks, control, unchanged, changed, references, literals] =
            meter.costs.map(|cost| (cost + 1024) >> 11);
        self.costs = Costs { landmarks, control, unchanged, changed, references, literals };
    }
}
