//! The progress bar: on a terminal only, and only for work that takes longer than half a second.

use std::fmt;
use std::io::{IsTerminal, stderr};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use smidgen_diff::{Progress, Stage};

use super::console::Console;
use super::stages::Stages;

/// Shorter work has no bar.
const DELAY: Duration = Duration::from_millis(500);
/// How often a bar moves by itself, to show that the program is alive.
pub(super) const TICK: Duration = Duration::from_millis(150);

/// A bar that appears after a delay and disappears when dropped. With `--verbose`, a line stays for each stage.
#[derive(Debug)]
pub(crate) struct Bar<'c> {
    console: &'c Console,
    stages: Mutex<Stages>,
    bar: ProgressBar,
    /// Absent where no bar is shown.
    starter: Option<Starter>,
}

/// A thread that shows the bar after the delay, as the work itself may report nothing for long.
#[derive(Debug)]
struct Starter {
    /// Ends the thread when dropped.
    keep: Sender<()>,
    thread: JoinHandle<()>,
}

impl<'c> Bar<'c> {
    /// A bar that is not shown yet.
    pub(crate) fn new(console: &'c Console) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let wanted = is_wanted(console);
        let starter = wanted.then(|| Starter::start(bar.clone())).flatten();
        let bar = Self { console, stages: Mutex::new(Stages::new()), bar, starter };
        bar.show("starting", 0);
        bar
    }

    /// Begins a new stage of `steps` steps; 0 if their number is unknown.
    pub(crate) fn stage(&self, name: &'static str, steps: u64) {
        self.tell(|stages| stages.begin(name));
        self.show(name, steps);
    }

    fn show(&self, name: &'static str, steps: u64) {
        self.bar.set_style(style(template(steps > 0)));
        self.bar.set_message(name);
        self.bar.set_length(steps);
        self.bar.set_position(0);
    }

    pub(crate) fn steps(&self, steps: u64) {
        self.bar.inc(steps);
    }

    /// Tells of a stage that has ended.
    fn tell(&self, change: impl FnOnce(&mut Stages) -> Option<(&'static str, Duration)>) {
        if let Some((name, time)) = change(&mut self.stages.lock().unwrap_or_else(PoisonError::into_inner)) {
            self.detail(format_args!("{name:10} {:.2} s", time.as_secs_f64()));
        }
    }

    fn detail(&self, text: fmt::Arguments<'_>) {
        self.bar.suspend(|| self.console.detail(text));
    }
}

impl Drop for Bar<'_> {
    fn drop(&mut self) {
        self.tell(Stages::end);
        self.starter.take().into_iter().for_each(Starter::stop);
        self.bar.finish_and_clear();
    }
}

impl Starter {
    /// Without a thread there is no bar: that is no reason to fail.
    fn start(bar: ProgressBar) -> Option<Self> {
        let (keep, kept) = channel();
        let wait = move || {
            if kept.recv_timeout(DELAY) == Err(RecvTimeoutError::Timeout) {
                bar.set_draw_target(ProgressDrawTarget::stderr());
                bar.enable_steady_tick(TICK);
            }
        };
        let thread = Builder::new().spawn(wait).ok()?;
        Some(Self { keep, thread })
    }

    /// Ends the thread; the bar is not shown from now on.
    fn stop(self) {
        drop(self.keep);
        let _ = self.thread.join();
    }
}

impl Progress for Bar<'_> {
    fn begin(&self, stage: Stage, steps: u64) {
        self.stage(stage.name(), steps);
    }

    fn advance(&self, steps: u64) {
        self.steps(steps);
    }

    fn explain(&self, text: fmt::Arguments<'_>) {
        self.detail(format_args!("  {text}"));
    }
}

pub(super) fn is_wanted(console: &Console) -> bool {
    !console.is_quiet() && stderr().is_terminal()
}

pub(super) fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
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
            let console = Console::of_tests();
            let bar = Bar::new(&console);
            bar.stage("testing", u64::from(bounded));
            bar.steps(1);
        }
    }

    #[test]
    fn short_work_shows_nothing() {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Starter::start(bar.clone()).unwrap().stop();
        assert!(bar.is_hidden());
    }

    #[test]
    fn a_quiet_bar_is_hidden() {
        let console = Console::of_tests();
        let bar = Bar::new(&console);
        assert!(bar.starter.is_none());
        assert!(bar.bar.is_hidden());
    }
}
