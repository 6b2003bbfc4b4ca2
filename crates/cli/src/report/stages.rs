//! Where the time of a piece of work goes: its stages, one after the other.

use std::time::{Duration, Instant};

/// The stage that is under way, and those that are done.
#[derive(Debug)]
pub(super) struct Stages {
    done: Vec<(&'static str, Duration)>,
    current: Option<(&'static str, Instant)>,
}

impl Stages {
    pub(super) const fn new() -> Self {
        Self { done: Vec::new(), current: None }
    }

    /// Begins a stage, which ends the one before; its name and how long that took.
    pub(super) fn begin(&mut self, name: &'static str) -> Option<(&'static str, Duration)> {
        let ended = self.end();
        self.current = Some((name, Instant::now()));
        ended
    }

    /// Ends the current stage; its name and how long it took.
    pub(super) fn end(&mut self) -> Option<(&'static str, Duration)> {
        let (name, started) = self.current.take()?;
        let ended = (name, started.elapsed());
        self.done.push(ended);
        Some(ended)
    }

    /// All of them in a line, if there were any. Where it is known that they took `all` together, the last one is what the
    /// others leave of that: its end may be told late.
    pub(super) fn line(mut self, all: Option<Duration>) -> Option<String> {
        self.end();
        if let (Some(all), Some(((_, last), others))) = (all, self.done.split_last_mut()) {
            *last = all.saturating_sub(others.iter().map(|(_, time)| *time).sum());
        }
        let stage = |(name, time): &(&str, Duration)| format!("{name} {:.2} s", time.as_secs_f64());
        let stages: Vec<String> = self.done.iter().map(stage).collect();
        (!stages.is_empty()).then(|| stages.join(", "))
    }
}
