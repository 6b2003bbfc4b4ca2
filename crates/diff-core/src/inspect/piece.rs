//! A piece of a target: where its bytes come from, and what they cost.

use std::ops::{AddAssign, Mul};

use smidgen_patch::internals::apply;

/// Bytes of the target that come from one place in one way.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Piece {
    /// Where it begins in the target, in bytes.
    pub offset: u32,
    /// Bytes, at least one.
    pub length: u32,
    /// How its bytes came about.
    pub origin: Origin,
    /// Where its bytes, or those that they were made from, are; nothing for new bytes.
    pub source: Option<Source>,
    /// What it costs.
    pub cost: Cost,
}

/// How bytes of a target come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Copied from the same offset of the base.
    Same,
    /// Copied from another offset of the base.
    Moved,
    /// Copied, and rewritten as a prediction says: references to what has moved.
    Predicted,
    /// Copied, and corrected by the package.
    Changed,
    /// Copied from the target itself, further ahead in it.
    Repeat,
    /// Sent as they are.
    New,
}

/// An offset, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Of the base.
    Base(u32),
    /// Of the target.
    Target(u32),
}

/// Bytes of package, in fractions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Cost {
    /// Operations and landmarks: which bytes are copied from where, or are new.
    pub operations: f64,
    /// That copied bytes are unchanged, or not.
    pub unchanged: f64,
    /// Corrections of copied bytes.
    pub changed: f64,
    /// References.
    pub references: f64,
    /// New bytes.
    pub literals: f64,
}

impl Origin {
    /// All of them, from the cheapest to the dearest.
    pub const ALL: [Self; 6] =
        [Self::Same, Self::Moved, Self::Repeat, Self::Predicted, Self::Changed, Self::New];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Moved => "moved",
            Self::Predicted => "predicted",
            Self::Changed => "changed",
            Self::Repeat => "repeat",
            Self::New => "new",
        }
    }
}

impl Source {
    pub(super) const fn new(source: apply::Source, offset: u32) -> Self {
        match source {
            apply::Source::Base => Self::Base(offset),
            apply::Source::Target => Self::Target(offset),
        }
    }

    /// What lies `distance` bytes behind it.
    #[must_use]
    pub const fn behind(self, distance: u32) -> Self {
        match self {
            Self::Base(offset) => Self::Base(offset.saturating_add(distance)),
            Self::Target(offset) => Self::Target(offset.saturating_add(distance)),
        }
    }
}

impl Cost {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.operations + self.unchanged + self.changed + self.references + self.literals
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.operations += other.operations;
        self.unchanged += other.unchanged;
        self.changed += other.changed;
        self.references += other.references;
        self.literals += other.literals;
    }
}

impl Mul<f64> for Cost {
    type Output = Self;

    fn mul(self, share: f64) -> Self {
        Self {
            operations: self.operations * share,
            unchanged: self.unchanged * share,
            changed: self.changed * share,
            references: self.references * share,
            literals: self.literals * share,
        }
    }
}
