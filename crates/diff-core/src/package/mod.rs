//! Releases: what a fleet with many versions in the field is given, and what its delivery platform asks of it.

pub mod rules;

pub use rules::RuleError;
