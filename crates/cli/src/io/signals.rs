//! What happens at Ctrl-C and SIGTERM: no temporary file stays, and people and programs are told what was written.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(unix)]
pub(crate) use unix::watch_signals;

/// The outputs of this process. A signal takes them and never gives them back, so none comes to its place after that.
#[derive(Debug)]
pub(super) struct Outputs {
    /// Temporary files, also those that are gone.
    pub(super) parts: Vec<PathBuf>,
    /// What is said if an output has come to its place, or a part of it to standard output.
    pub(super) written: Option<&'static str>,
}

static OUTPUTS: Mutex<Outputs> = Mutex::new(Outputs { parts: Vec::new(), written: None });

pub(super) fn outputs() -> MutexGuard<'static, Outputs> {
    OUTPUTS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::process;
    use std::thread;

    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    use super::outputs;
    use crate::report::{Console, Failure, Reason};

    /// From now on, Ctrl-C and SIGTERM end the program with this message, if nothing was written.
    pub(crate) fn watch_signals(console: &'static Console, message: &'static str) {
        let watched = [SIGINT, SIGTERM].into_iter().filter(|&signal| !is_ignored(signal));
        // Without them, signals end the program silently.
        let Ok(mut signals) = Signals::new(watched) else { return };
        let watch = move || {
            let mut signals = signals.forever();
            if let Some(signal) = signals.next() {
                // Standard output may be a pipe that nobody reads: the next signal does not wait for it.
                let _ = thread::Builder::new().spawn(move || stop(signal, console, message));
            }
            signals.next().into_iter().for_each(end);
        };
        let _ = thread::Builder::new().spawn(watch);
    }

    fn stop(signal: i32, console: &Console, message: &str) {
        let outputs = outputs();
        // Those that are gone cannot be removed.
        outputs.parts.iter().for_each(|part| drop(fs::remove_file(part)));
        let reason = if signal == SIGINT { Reason::Interrupted } else { Reason::Terminated };
        console.complain(&Failure::new(reason, outputs.written.unwrap_or(message)));
        end(signal);
    }

    /// Ends as the signal does, so that shells do not go on with their scripts; they call that exit code 128 and the signal.
    fn end(signal: i32) {
        // What signals do by default, they do not do to the first process of a container.
        if process::id() != 1 {
            let _ = emulate_default_handler(signal);
        }
        process::exit(128 + signal);
    }

    /// Whether whoever started the program had it ignore a signal, as shells do for jobs in the background.
    fn is_ignored(signal: i32) -> bool {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
        ignored >> (signal - 1) & 1 == 1
    }
}

/// Signals end the program silently.
#[cfg(not(unix))]
pub(crate) fn watch_signals(_console: &'static crate::report::Console, _message: &'static str) {}
