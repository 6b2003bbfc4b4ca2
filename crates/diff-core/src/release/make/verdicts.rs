//! Tells as soon as it is known whether a package is kept: a differential one may be too large, compared with the full one.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::finish::limit;
use super::progress::{Event, PackProgress};
use crate::release::model::{PackageEntry, PackageType};

/// What is told when a package is made, or found from an earlier run.
pub(crate) struct Verdicts<'a> {
    progress: &'a dyn PackProgress,
    /// The most percent of the full package; in shards, that is not known and nothing is dropped.
    share: Option<u8>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The most bytes of a differential package, once the full one is there.
    limit: Option<u64>,
    waiting: Vec<Made>,
}

struct Made {
    package: PackageEntry,
    reused: bool,
    time: Duration,
}

impl<'a> Verdicts<'a> {
    pub(crate) fn new(progress: &'a dyn PackProgress, share: Option<u8>) -> Self {
        Self { progress, share, state: Mutex::default() }
    }

    /// Tells about this package, and those that waited for it; or lets it wait for the full one.
    pub(crate) fn made(&self, package: &PackageEntry, reused: bool, time: Duration) {
        let made = Made { package: package.clone(), reused, time };
        let Some(share) = self.share else { return self.finished(&made) };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if package.kind == PackageType::Full {
            state.limit = Some(limit(package.size, share));
        }
        state.waiting.push(made);
        if let Some(limit) = state.limit {
            state.waiting.drain(..).for_each(|made| {
                if made.package.kind == PackageType::Full || made.package.size <= limit {
                    self.finished(&made);
                } else {
                    let Made { package, reused, .. } = &made;
                    self.progress.event(&Event::Dropped { package, reused: *reused, share, limit });
                }
            });
        }
    }

    fn finished(&self, made: &Made) {
        let Made { package, reused, time } = made;
        self.progress.event(&Event::Finished { package, reused: *reused, time: *time });
    }
}
