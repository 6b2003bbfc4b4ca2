//! The progress bar: on a terminal only, and only for work that takes a while.

use std::io::{IsTerminal, stderr};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use diff_core::{Progress, Stage};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::console::Console;

/// Work shorter than this is not worth a bar.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often a bar moves by itself, to show that we are alive.
const TICK: Duration = Duration::from_millis(150);

/// A bar that shows up if the work takes longer, and vanishes when dropped.
#[derive(Debug)]
pub(crate) struct Bar {
    bar: ProgressBar,
    /// Absent if there is nobody to see the bar.
    curtain: Option<Curtain>,
}

/// A thread that shows a bar after a while, as the work itself may be silent for long.
#[derive(Debug)]
struct Curtain {
    /// Tells the thread to go away, when dropped.
    keep: Sender<()>,
    thread: JoinHandle<()>,
}

impl Bar {
    /// A bar that nobody sees yet.
    pub(crate) fn new(console: &Console) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let wanted = !console.is_quiet() && stderr().is_terminal();
        let curtain = wanted.then(|| Curtain::before(bar.clone())).flatten();
        let bar = Self { bar, curtain };
        bar.stage("starting", 0);
        bar
    }

    /// A new stage of so many steps begins.
    pub(crate) fn stage(&self, name: &'static str, steps: u64) {
        self.bar.set_style(style(steps > 0));
        self.bar.set_message(name);
        self.bar.set_length(steps);
        self.bar.set_position(0);
    }

    /// Some more steps are done.
    pub(crate) fn steps(&self, steps: u64) {
        self.bar.inc(steps);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.curtain.take().into_iter().for_each(Curtain::remove);
        self.bar.finish_and_clear();
    }
}

impl Curtain {
    /// A bar is no reason to fail: without a thread there is none.
    fn before(bar: ProgressBar) -> Option<Self> {
        let (keep, kept) = channel();
        let wait = move || {
            if kept.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                bar.set_draw_target(ProgressDrawTarget::stderr());
                bar.enable_steady_tick(TICK);
            }
        };
        let thread = Builder::new().spawn(wait).ok()?;
        Some(Self { keep, thread })
    }

    /// Makes sure that the bar will not be shown from now on.
    fn remove(self) {
        drop(self.keep);
        // It cannot panic, and if it did, there is just no bar.
        let _ = self.thread.join();
    }
}

impl Progress for Bar {
    fn begin(&self, stage: Stage, steps: u64) {
        self.stage(stage_name(stage), steps);
    }

    fn advance(&self, steps: u64) {
        self.steps(steps);
    }
}

/// What people are told that is done.
pub(crate) const fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Expand => "expanding",
        Stage::Analyse => "analysing",
        Stage::Search => "searching",
        Stage::Encode => "encoding",
        Stage::Prove => "proving",
    }
}

fn style(bounded: bool) -> ProgressStyle {
    ProgressStyle::with_template(template(bounded))
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

/// A bar where the end is known, else a spinner.
const fn template(bounded: bool) -> &'static str {
    if bounded { "{msg:10} [{bar:40}] {percent:>3} %  {elapsed}" } else { "{msg:10} {spinner}  {elapsed}" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_valid() {
        for bounded in [true, false] {
            assert!(ProgressStyle::with_template(template(bounded)).is_ok());
            let bar = Bar::new(&Console::new(true));
            bar.stage("testing", u64::from(bounded));
            bar.steps(1);
        }
    }

    #[test]
    fn short_work_shows_nothing() {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Curtain::before(bar.clone()).unwrap().remove();
        assert!(bar.is_hidden());
    }

    #[test]
    fn nobody_sees_a_quiet_bar() {
        let bar = Bar::new(&Console::new(true));
        assert!(bar.curtain.is_none());
        assert!(bar.bar.is_hidden());
    }
}
