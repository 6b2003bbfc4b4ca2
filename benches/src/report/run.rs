//! Runs every tool over every pair, in as many threads as asked for, and hands the results to the writers.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::arguments::ReportArguments;
use super::choose::{chosen_pairs, chosen_tools};
use super::corpus::Pair;
use super::probe::{Probed, probe, real_python};
use super::results::{Conditions, Outcome, Results};
use super::round_trip::Bench;
use super::tool::{Family, Tool};
use super::{json, markdown, output, text};

/// The whole report; the exit code is the program's.
#[must_use]
pub fn report(arguments: &ReportArguments) -> ExitCode {
    let python = real_python(&arguments.python);
    let chosen = match chosen_tools(&arguments.tools) {
        Ok(chosen) => chosen,
        Err(message) => return failed(2, &message),
    };
    let probed = probe(chosen, &python);
    if arguments.list {
        list(&probed);
        return ExitCode::SUCCESS;
    }
    let pairs = match chosen_pairs(arguments) {
        Ok(pairs) => pairs,
        Err(message) => return failed(2, &message),
    };
    let results = Bench { arguments, python }.run(pairs, probed);
    if let Err(error) = output::write(&arguments.output, &results) {
        return failed(1, &format!("{}: {error}", arguments.output.display()));
    }
    if !arguments.quiet {
        eprintln!("wrote report.csv, report.md and report.html to {}", arguments.output.display());
    }
    let told = if arguments.json { json::whole(&results) } else { markdown::means(&results) };
    // Whoever reads may have had enough; the files are written.
    let _ = io::stdout().write_all(told.as_bytes());
    if results.failures().any(|(_, tool, _)| tool.tool.family == Family::Smidgen) {
        return failed(1, "a package of Smidgen's did not restore its image");
    }
    ExitCode::SUCCESS
}

fn failed(code: u8, message: &str) -> ExitCode {
    eprintln!("report: {message}");
    ExitCode::from(code)
}

fn list(probed: &[Probed]) {
    for Probed { tool, version } in probed {
        println!("{:<20} {:<28} {}", tool.name, version.as_deref().unwrap_or("not installed"), tool.about);
    }
}

impl Bench<'_> {
    /// Runs everything that is installed; results are in the order of pairs, then of tools.
    fn run(&self, pairs: Vec<Pair>, probed: Vec<Probed>) -> Results {
        let installed: Vec<usize> =
            (0..probed.len()).filter(|&tool| probed[tool].version.is_some()).collect();
        let work: Vec<(usize, usize)> =
            (0..pairs.len()).flat_map(|pair| installed.iter().map(move |&tool| (pair, tool))).collect();
        let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(work.len())));
        let worker = || {
            while let Some(&(pair, tool)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                let outcome = self.outcome(&pairs[pair], &probed[tool].tool);
                let mut done = done.lock().expect("nobody panics");
                done.push((pair, tool, outcome));
                self.tell(done.len(), work.len(), &pairs[pair], &probed[tool].tool, &done[done.len() - 1].2);
            }
        };
        thread::scope(|scope| (0..self.arguments.jobs).for_each(|_| drop(scope.spawn(worker))));
        let mut rows = done.into_inner().expect("nobody panics");
        rows.sort_by_key(|&(pair, tool, _)| (pair, tool));
        Results { pairs, tools: probed, rows, conditions: self.conditions() }
    }

    fn conditions(&self) -> Conditions {
        let ReportArguments { jobs, threads, repeat, .. } = *self.arguments;
        Conditions::here(jobs, threads, repeat)
    }

    fn tell(&self, done: usize, all: usize, pair: &Pair, tool: &Tool, outcome: &Outcome) {
        if self.arguments.quiet {
            return;
        }
        let what = match outcome {
            Outcome::Restored(measured) => {
                let (make, restore) = (measured.make.wall, measured.restore.wall);
                format!(
                    "{} bytes, {} + {}",
                    text::thousands(measured.size),
                    text::seconds(make),
                    text::seconds(restore)
                )
            }
            Outcome::Failed(why) => format!("FAILED: {why}"),
        };
        eprintln!("[{done}/{all}] {}  {}  {what}", pair.name, tool.name);
    }
}
