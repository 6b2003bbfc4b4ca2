//! How long one stage of making a package takes, from the outside.

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use diff_core::{Options, Progress, Stage};

use crate::pair::Pair;

/// Runs while a certain stage does.
#[derive(Debug)]
struct Clock {
    stage: Stage,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the stage began, if it is the one at work.
    began: Option<Instant>,
    total: Duration,
}

/// The time that one stage takes in the making of the smallest package of a pair.
///
/// # Panics
/// If no package can be made.
#[must_use]
pub fn time_of(stage: Stage, pair: &Pair) -> Duration {
    let clock = Clock { stage, state: Mutex::default() };
    diff_core::diff(&pair.old, &pair.new, &Options::default(), &clock).expect("a package");
    let mut state = clock.state();
    state.stop();
    state.total
}

impl Clock {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with the lock")
    }
}

impl State {
    fn stop(&mut self) {
        self.total += self.began.take().map_or(Duration::ZERO, |began| began.elapsed());
    }
}

impl Progress for Clock {
    fn begin(&self, stage: Stage, _steps: u64) {
        let mut state = self.state();
        state.stop();
        state.began = (stage == self.stage).then(Instant::now);
    }
}
