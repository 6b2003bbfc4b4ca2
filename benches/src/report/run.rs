//! Runs every tool over every pair, in as many threads as asked for, and hands the results to the writers.

use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::arguments::ReportArguments;
use super::corpus::{self, Pair};
use super::measure::{self, Cost, Words};
use super::probe::{Probed, probe, real_python};
use super::results::{Conditions, Measured, Outcome, Results};
use super::tool::{Family, Memory, Tool, Worker};
use super::{json, markdown, output, text, tools};

/// What drives the peers that are Python packages.
const PYTHON_DRIVER: &str = include_str!("peers.py");

/// What every piece of work needs to know.
struct Bench<'a> {
    arguments: &'a ReportArguments,
    python: String,
}

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
    if arguments.json {
        print!("{}", json::whole(&results))
    } else {
        print!("{}", markdown::means(&results))
    }
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

/// The tools that these names or beginnings of names mean; all if there are none.
fn chosen_tools(names: &[String]) -> Result<Vec<Tool>, String> {
    let all = tools::all();
    if let Some(name) = names.iter().find(|name| !all.iter().any(|tool| tool.name.starts_with(name.as_str())))
    {
        let known: Vec<&str> = all.iter().map(|tool| tool.name).collect();
        return Err(format!("\"{name}\": no such tool; there are {}", known.join(", ")));
    }
    // A whole name means that tool alone: "bsdiff" is not "bsdiff-crate".
    let means = |name: &String, tool: &Tool| {
        let whole = all.iter().any(|other| other.name == name);
        if whole { tool.name == name } else { tool.name.starts_with(name.as_str()) }
    };
    let chosen = |tool: &&Tool| names.is_empty() || names.iter().any(|name| means(name, tool));
    Ok(all.iter().filter(chosen).copied().collect())
}

fn chosen_pairs(arguments: &ReportArguments) -> Result<Vec<Pair>, String> {
    let folder = arguments.corpus.as_deref().unwrap_or(Path::new("."));
    let mut pairs = corpus::pairs(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    if pairs.is_empty() {
        return Err(format!("{}: no directory in it has a file old* and a file new*", folder.display()));
    }
    let wanted = |pair: &Pair| {
        let size = pair.old_size.max(pair.new_size);
        let named = arguments.pairs.is_empty() || arguments.pairs.iter().any(|text| pair.name.contains(text));
        named && arguments.max_size.is_none_or(|limit| size <= limit)
    };
    pairs.retain(wanted);
    if pairs.is_empty() { Err("no pair is left: see --pairs and --max-size".to_owned()) } else { Ok(pairs) }
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

    fn outcome(&self, pair: &Pair, tool: &Tool) -> Outcome {
        let folder = tempfile::tempdir().map_err(|error| format!("no temporary directory: {error}"));
        let measured = folder.and_then(|folder| self.round_trip(pair, tool, folder.path()));
        measured.map_or_else(Outcome::Failed, Outcome::Restored)
    }

    /// Makes a patch, restores from it, compares.
    fn round_trip(&self, pair: &Pair, tool: &Tool, folder: &Path) -> Result<Measured, String> {
        let (patch, out) = (folder.join("patch"), folder.join("out"));
        let make = self.fastest(&self.command(tool, true, pair, &patch, &out), folder);
        let make = make.map_err(|why| format!("making: {why}"))?;
        let size = fs::metadata(&patch).map_err(|_| "making: no patch was written".to_owned())?.len();
        let restore = self.fastest(&self.command(tool, false, pair, &patch, &out), folder);
        let restore = restore.map_err(|why| format!("restoring: {why}"))?;
        match same(&out, &pair.new) {
            Ok(true) => {}
            Ok(false) => return Err("restoring: the image is another one".to_owned()),
            Err(error) => return Err(format!("restoring: no image to compare: {error}")),
        }
        let memory = memory(tool, pair, &patch, restore)?;
        Ok(Measured { size, make, restore, memory })
    }

    fn fastest(&self, command: &Words, folder: &Path) -> Result<Cost, String> {
        let run = || measure::run(command, self.arguments.threads, self.arguments.timeout, folder);
        let mut best = run()?;
        for _ in 1..self.arguments.repeat {
            let cost = run()?;
            if cost.wall < best.wall {
                best = cost;
            }
        }
        Ok(best)
    }

    fn command(&self, tool: &Tool, make: bool, pair: &Pair, patch: &Path, out: &Path) -> Words {
        let own = || {
            std::env::current_exe().map_or_else(|_| "report".to_owned(), |path| path.display().to_string())
        };
        let mut words = match tool.worker {
            Worker::Own => vec![own()],
            Worker::Programs(maker, restorer) => vec![if make { maker } else { restorer }.to_owned()],
            Worker::Python(_) => vec![self.python.clone(), "-c".to_owned(), PYTHON_DRIVER.to_owned()],
        };
        let template = if make { tool.make } else { tool.restore };
        words.extend(template.split_whitespace().map(|word| fill(word, tool, pair, patch, out)));
        words
    }
}

/// A word of a template with its brace filled in.
fn fill(word: &str, tool: &Tool, pair: &Pair, patch: &Path, out: &Path) -> String {
    let larger = pair.old_size.max(pair.new_size).max(1);
    // A window must reach over the old and the new image; zstd's own limits are 10 and 31.
    let window_log = (2 * larger).next_power_of_two().ilog2().clamp(10, 31);
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
    values.iter().fold(word.to_owned(), |word, (name, value)| word.replace(name, value))
}

fn memory(tool: &Tool, pair: &Pair, patch: &Path, restore: Cost) -> Result<u64, String> {
    match tool.memory {
        Memory::Documented(_, bytes) => Ok(bytes(pair)),
        Memory::Measured => Ok(restore.peak),
        Memory::Header => {
            let package = fs::read(patch).map_err(|error| error.to_string())?;
            let header = patch_nostd::Header::parse(&package).map_err(|error| error.to_string())?;
            Ok(header.0.ram.into())
        }
    }
}

/// Whether two files hold the same bytes, without either being in memory as a whole.
fn same(one: &Path, other: &Path) -> io::Result<bool> {
    let open = |path: &Path| fs::File::open(path).map(|file| io::BufReader::with_capacity(1 << 16, file));
    let (mut one, mut other) = (open(one)?, open(other)?);
    let (mut mine, mut yours) = ([0; 1 << 14], [0; 1 << 14]);
    loop {
        let length = one.read(&mut mine)?;
        match other.read_exact(&mut yours[..length]) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(false),
            read => read?,
        }
        if mine[..length] != yours[..length] {
            return Ok(false);
        }
        if length == 0 {
            return Ok(other.read(&mut yours)? == 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_name_means_one_tool_and_a_beginning_many() {
        let names = |text: &str| -> Vec<&str> {
            let tools = chosen_tools(&[text.to_owned()]).unwrap();
            tools.iter().map(|tool| tool.name).collect()
        };
        assert_eq!(names("bsdiff"), ["bsdiff"]);
        assert!(names("smidgen").len() > 3);
        assert!(chosen_tools(&["gdiff".to_owned()]).is_err());
    }

    #[test]
    fn files_are_compared_to_their_ends() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        };
        let long = vec![7; 100_000];
        let (one, other) = (file("one", &long), file("other", &long));
        assert!(same(&one, &other).unwrap());
        let (shorter, empty) = (file("shorter", &long[1..]), file("empty", &[]));
        assert!(!same(&one, &shorter).unwrap() && !same(&shorter, &one).unwrap());
        assert!(!same(&empty, &one).unwrap() && same(&empty, &empty).unwrap());
    }
}
