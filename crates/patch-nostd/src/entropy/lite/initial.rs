//! Where the counters of codec `lite` begin (`docs/format.md`, section 5.8).

use crate::entropy::counter;

/// Sets all counters.
pub(super) fn begin(counters: &mut [u16]) {
    counters.fill(counter::NEW | 2);
}
