//! Versions: what may be one, and their order.

mod order;
mod rules;

pub use order::is_same as is_same_version;
pub(crate) use order::{Version, compare, is_same};
pub use rules::VersionError;
pub(crate) use rules::{check_version, check_versions, is_version};
