//! How long one stage of making a package takes, from the outside.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use smidgen_diff::{Options, Progress, Stage};

use crate::pair::Pair;

/// Runs while a certain stage does.
#[derive(Debug)]
struct Clock {
    stage: Stage,
    /// When the stage began, if it is the one at work, and the time before that.
    state: Mutex<(Option<Instant>, Duration)>,
}

/// The time that one stage takes in the making of the smallest package of a pair.
pub fn time_of(stage: Stage, pair: &Pair) -> Duration {
    let clock = Clock { stage, state: Mutex::default() };
    smidgen_diff::diff(&pair.old, &pair.new, &Options::default(), &clock).expect("a package");
    clock.restart(None)
}

impl Clock {
    /// Stops, says how long it has run, and starts again.
    fn restart(&self, began: Option<Instant>) -> Duration {
        let (running, total) = &mut *self.state.lock().expect("no thread panics with the lock");
        *total += running.map_or(Duration::ZERO, |began| began.elapsed());
        *running = began;
        *total
    }
}

impl Progress for Clock {
    fn begin(&self, stage: Stage, _steps: u64) {
        self.restart((stage == self.stage).then(Instant::now));
    }
}
