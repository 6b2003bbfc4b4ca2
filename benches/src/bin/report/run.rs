//! Runs every tool over every pair: makes a patch, restores from it, compares; then writes the report's files.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use bench_suite::corpus::{Pair, all_pairs};
use bench_suite::picture::{self, Bar, thousands};
use rayon::prelude::*;
use smidgen_patch::container::Opened;
use smidgen_patch::{Header, SoftwareSha256};

use crate::arguments::ReportArguments;
use crate::measure::{self, Cost};
use crate::results::{Measured, Outcome, Results};
use crate::tools::{Memory, Tool, Worker, chosen_tools, real_python, version};
use crate::{records, table, units};

/// What drives the peers that are Python packages.
const PYTHON_DRIVER: &str = include_str!("peers.py");

/// The whole report; the exit code is the program's.
pub fn report(arguments: &ReportArguments) -> ExitCode {
    match reported(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, message)) => {
            eprintln!("report: {message}");
            ExitCode::from(code)
        }
    }
}

/// An error is an exit code and a message.
fn reported(arguments: &ReportArguments) -> Result<(), (u8, String)> {
    let wrong_usage = |message| (2, message);
    let python = real_python(&arguments.python);
    let chosen = chosen_tools(&arguments.tools).map_err(wrong_usage)?;
    let (mut tools, mut missing) = (Vec::new(), Vec::new());
    for tool in chosen {
        let version = version(tool, &python);
        if arguments.list {
            println!(
                "{:<20} {:<28} {}",
                tool.name,
                version.as_deref().unwrap_or("not installed"),
                tool.about
            );
        }
        match version {
            Some(version) => tools.push((tool, version)),
            None => missing.push(tool),
        }
    }
    if arguments.list {
        return Ok(());
    }
    let pairs = chosen_pairs(arguments).map_err(wrong_usage)?;
    let results = Bench { arguments, python, done: AtomicUsize::new(0) }.run(pairs, tools, missing);
    write(&arguments.output, &results)
        .map_err(|error| (1, format!("{}: {error}", arguments.output.display())))?;
    if !arguments.quiet {
        eprintln!("wrote report.csv, report.md and sizes.svg to {}", arguments.output.display());
    }
    let printed = if arguments.json { records::json(&results) } else { markdown(&results, false) };
    // A reader that closed the pipe is no failure: the files are written.
    let _ = io::stdout().write_all(printed.as_bytes());
    if results.failures().iter().any(|(_, tool, _)| tool.is_ours()) {
        return Err((1, "a package of Smidgen's did not restore its image".to_owned()));
    }
    Ok(())
}

/// Means and failures, and if `whole` sizes and tools too.
fn markdown(results: &Results, whole: bool) -> String {
    let mut text = table::failures(results);
    let classes = results.classes();
    text.extend(classes.iter().map(|(class, pairs)| table::means(results, class, pairs)));
    if whole {
        text.insert_str(0, &format!("# Patches by tool\n\n{}\n\n", results.conditions));
        text.extend(classes.iter().map(|(class, pairs)| table::sizes(results, class, pairs)));
        text += &table::tools(results);
    }
    text
}

/// The picture of all pairs that both Smidgen and another tool made a patch of.
fn picture(results: &Results) -> String {
    let bar = |&pair: &usize| {
        let (ours, other) = (results.smallest(pair, true)?, results.smallest(pair, false)?);
        Some(Bar { pair: results.pairs[pair].class_and_name().1.to_owned(), ours, other })
    };
    let bars = |(class, pairs): (_, Vec<usize>)| (class, pairs.iter().filter_map(bar).collect());
    let classes = results.classes().into_iter().map(bars);
    picture::svg(&classes.filter(|(_, bars): &(_, Vec<Bar>)| !bars.is_empty()).collect::<Vec<_>>())
}

/// Writes the files, each of which appears whole or not at all.
fn write(folder: &Path, results: &Results) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, text) in [
        ("report.csv", records::csv(results)),
        ("report.md", markdown(results, true)),
        ("sizes.svg", picture(results)),
    ] {
        let part = folder.join(format!(".{name}.part"));
        fs::write(&part, text)?;
        fs::rename(part, folder.join(name))?;
    }
    Ok(())
}

/// The pairs of the corpus that are wanted; an error is for the user to read.
pub fn chosen_pairs(arguments: &ReportArguments) -> Result<Vec<Pair>, String> {
    let folder = arguments.corpus.as_deref().unwrap_or(Path::new("."));
    let mut pairs = all_pairs(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    if pairs.is_empty() {
        return Err(format!("{}: no directory in it has a file old* and a file new*", folder.display()));
    }
    pairs.retain(|pair| {
        let named = arguments.pairs.is_empty() || arguments.pairs.iter().any(|text| pair.name.contains(text));
        named && arguments.max_size.is_none_or(|limit| pair.largest() <= limit)
    });
    if pairs.is_empty() { Err("no pair is left: see --pairs and --max-size".to_owned()) } else { Ok(pairs) }
}

/// What every piece of work needs to know.
struct Bench<'a> {
    arguments: &'a ReportArguments,
    python: String,
    /// Round trips that have ended.
    done: AtomicUsize,
}

impl Bench<'_> {
    fn run(
        &self,
        pairs: Vec<Pair>,
        tools: Vec<(&'static Tool, String)>,
        missing: Vec<&'static Tool>,
    ) -> Results {
        let all = pairs.len() * tools.len();
        let work = || {
            let of_pair =
                |pair| tools.par_iter().map(move |(tool, _)| self.outcome(pair, tool, all)).collect();
            pairs.par_iter().map(of_pair).collect()
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.arguments.jobs.into()).build();
        let outcomes = pool.expect("threads can be started").install(work);
        Results { pairs, tools, missing, outcomes, conditions: self.conditions() }
    }

    fn conditions(&self) -> String {
        let ReportArguments { jobs, threads, repeat, .. } = *self.arguments;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = if threads == 0 { cores } else { threads };
        let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
        let mut text = format!(
            "Measured under {system} on {machine} with {cores} cores, Smidgen and the crates with up to {threads} threads."
        );
        if repeat > 1 {
            text += &format!(" Times are the shortest of {repeat} runs.");
        }
        if jobs > 1 {
            text += &format!(" {jobs} pieces of work ran at a time, which makes times meaningless.");
        }
        text
    }

    fn outcome(&self, pair: &Pair, tool: &Tool, all: usize) -> Outcome {
        let folder = tempfile::tempdir().map_err(|error| format!("no temporary directory: {error}"));
        let outcome = folder.and_then(|folder| self.round_trip(pair, tool, folder.path()));
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let what = match &outcome {
            Ok(Measured { size, make, restore, .. }) => {
                let (make, restore) = (units::seconds(make.wall), units::seconds(restore.wall));
                format!("{} bytes, {make} + {restore}", thousands(*size))
            }
            Err(why) => format!("FAILED: {why}"),
        };
        if !self.arguments.quiet {
            eprintln!("[{done}/{all}] {}  {}  {what}", pair.name, tool.name);
        }
        outcome
    }

    fn round_trip(&self, pair: &Pair, tool: &Tool, folder: &Path) -> Outcome {
        let (patch, out) = (folder.join("patch"), folder.join("out"));
        let work = |make: bool| self.fastest(&self.command(tool, make, pair, &patch, &out), folder);
        let make = work(true).map_err(|why| format!("making: {why}"))?;
        let package = fs::read(&patch).map_err(|_| "making: no patch was written".to_owned())?;
        let restore = work(false).map_err(|why| format!("restoring: {why}"))?;
        let restored = fs::read(&out).map_err(|error| format!("restoring: no image to compare: {error}"))?;
        if restored != fs::read(&pair.new).map_err(|error| error.to_string())? {
            return Err("restoring: the image is another one".to_owned());
        }
        let memory = match tool.memory {
            Memory::Documented(_, bytes) => bytes(pair),
            Memory::Measured => restore.peak,
            Memory::Header => stated_memory(&package).map_err(|error| error.to_string())?,
        };
        Ok(Measured { size: package.len() as u64, make, restore, memory })
    }

    fn fastest(&self, command: &[String], folder: &Path) -> Result<Cost, String> {
        let run = || measure::run(command, self.arguments.threads, self.arguments.timeout, folder);
        (1..self.arguments.repeat).try_fold(run()?, |best, _| {
            let cost = run()?;
            Ok(if cost.wall < best.wall { cost } else { best })
        })
    }

    fn command(&self, tool: &Tool, make: bool, pair: &Pair, patch: &Path, out: &Path) -> Vec<String> {
        let mut words = match tool.worker {
            Worker::Own(_) => {
                vec![std::env::current_exe().map_or("report".to_owned(), |path| path.display().to_string())]
            }
            Worker::Programs(maker, restorer, _) => vec![if make { maker } else { restorer }.to_owned()],
            Worker::Python(_) => vec![self.python.clone(), "-c".to_owned(), PYTHON_DRIVER.to_owned()],
        };
        // A window must reach over the old and the new image; zstd's own limits are 10 and 31.
        let window_log = (2 * pair.largest().max(1)).next_power_of_two().ilog2().clamp(10, 31);
        let values = [
            ("{tool}", tool.name.to_owned()),
            ("{old}", pair.old.display().to_string()),
            ("{new}", pair.new.display().to_string()),
            ("{patch}", patch.display().to_string()),
            ("{out}", out.display().to_string()),
            ("{source-window}", pair.old_size.next_power_of_two().clamp(1 << 26, 1 << 31).to_string()),
            ("{window-log}", window_log.to_string()),
            ("{chain-log}", (window_log + 1).min(30).to_string()),
        ];
        let fill =
            |word: &str| values.iter().fold(word.to_owned(), |word, (name, value)| word.replace(name, value));
        let template = if make { tool.make } else { tool.restore };
        words.extend(template.split_whitespace().map(fill));
        words
    }
}

/// The workspace that the header states, and the heap that restoring a compressed file takes.
fn stated_memory(package: &[u8]) -> Result<u64, smidgen_patch::Error> {
    let ram = Header::parse(package)?.0.ram.into();
    let opened = Opened::new::<SoftwareSha256>(package)?;
    Ok(opened.map_or(ram, |opened| ram + opened.memory()))
}
