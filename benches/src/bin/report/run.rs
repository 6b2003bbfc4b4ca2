//! Runs every tool over every pair, and writes the report's files.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use bench_suite::corpus::{Pair, all_pairs};
use bench_suite::picture::{self, Bar};
use rayon::prelude::*;
use smidgen::peers::units::{self, thousands};
use smidgen::peers::{Bench, Installed, Measured, Outcome, Tool, chosen, find_installed};
use smidgen_diff::release::internals::{hex, sha256};
use smidgen_diff::{Escaped, EscapedLines};

use crate::arguments::ReportArguments;
use crate::facts::facts;
use crate::page::page;
use crate::results::Results;
use crate::tools::all_tools;
use crate::work::OWN;
use crate::{records, table};

/// The whole report; the exit code is the program's.
pub fn report(arguments: &ReportArguments) -> ExitCode {
    match reported(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, message)) => {
            eprintln!("report: {}", Escaped(message));
            ExitCode::from(code)
        }
    }
}

/// An error is an exit code and a message.
fn reported(arguments: &ReportArguments) -> Result<(), (u8, String)> {
    let wrong_usage = |message| (2, message);
    let tools = chosen(&all_tools(), &arguments.tools).map_err(wrong_usage)?;
    let (tools, missing) = find_installed(tools, &arguments.python);
    if arguments.list {
        list(&tools, &missing);
        return Ok(());
    }
    let pairs = chosen_pairs(arguments).map_err(wrong_usage)?;
    let failed = |error: io::Error| (1, error.to_string());
    let facts = facts(arguments);
    let digests = pairs.iter().map(digests).collect::<io::Result<_>>().map_err(failed)?;
    let outcomes = outcomes(arguments, &pairs, &tools);
    let results = Results { pairs, digests, tools, missing, outcomes, facts };
    write(&arguments.output, &results)
        .map_err(|error| (1, format!("{}: {error}", arguments.output.display())))?;
    if !arguments.quiet {
        let folder = Escaped(arguments.output.display());
        eprintln!("wrote report.html, report.csv, report.md and sizes.svg to {folder}");
    }
    let printed = if arguments.json { records::json(&results) } else { markdown(&results, false) };
    // A reader that closed the pipe is no failure: the files are written.
    let _ = write!(io::stdout(), "{}", EscapedLines(printed));
    if results.failures().iter().any(|(_, tool, _)| tool.is_ours()) {
        return Err((1, "a package of Smidgen's did not restore its image".to_owned()));
    }
    Ok(())
}

fn list(tools: &[Installed], missing: &[Tool]) {
    let line = |tool: &Tool, version: &str| println!("{:<20} {version:<28} {}", tool.name, tool.about);
    tools.iter().for_each(|installed| line(&installed.tool, &installed.version));
    missing.iter().for_each(|tool| line(tool, "not installed"));
}

/// The pairs of the corpus that are wanted; an error is for the user to read.
fn chosen_pairs(arguments: &ReportArguments) -> Result<Vec<Pair>, String> {
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

fn digests(pair: &Pair) -> io::Result<[String; 2]> {
    let digest = |path| Ok::<_, io::Error>(hex(&sha256(&fs::read(path)?)));
    Ok([digest(&pair.old)?, digest(&pair.new)?])
}

/// For each pair, the outcome of each tool.
fn outcomes(arguments: &ReportArguments, pairs: &[Pair], tools: &[Installed]) -> Vec<Vec<Outcome>> {
    let ReportArguments { threads, level, timeout, repeat, .. } = *arguments;
    let bench = Bench { own: OWN, threads, level, firmware: false, limit: timeout, repeat };
    let (done, all) = (AtomicUsize::new(0), pairs.len() * tools.len());
    let outcome = |pair: &Pair, installed: &Installed| {
        let images = fs::read(&pair.old).and_then(|old| Ok((old, fs::read(&pair.new)?)));
        let images = images.map_err(|error| format!("reading the images: {error}"));
        let outcome = images.and_then(|(old, new)| bench.round_trip(installed, &old, &new));
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if !arguments.quiet {
            let (pair, tool) = (Escaped(&pair.name), installed.tool.name);
            eprintln!("[{done}/{all}] {pair}  {tool}  {}", talk(&outcome));
        }
        outcome
    };
    let of_pair = |pair| tools.par_iter().map(|installed| outcome(pair, installed)).collect();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.jobs.into()).build();
    pool.expect("threads can be started").install(|| pairs.par_iter().map(of_pair).collect())
}

fn talk(outcome: &Outcome) -> String {
    match outcome {
        Ok(Measured { size, make, restore, .. }) => {
            let [make, restore] = [make, restore].map(|cost| units::seconds(cost.wall));
            format!("{} bytes, {make} + {restore}", thousands(*size))
        }
        Err(why) => format!("FAILED: {}", Escaped(why)),
    }
}

/// Writes the files, each of which appears whole or not at all.
fn write(folder: &Path, results: &Results) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, text) in [
        ("report.html", page(results)),
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

/// Failures and means, and if `whole` sizes and the facts of the run too.
fn markdown(results: &Results, whole: bool) -> String {
    let mut tables: Vec<table::Table> = table::failures(results).into_iter().collect();
    let classes = results.classes();
    tables.extend(classes.iter().map(|class| table::means(results, class)));
    let mut text = String::new();
    if whole {
        text += "# Smidgen beside other tools\n\n";
        tables.extend(classes.iter().map(|class| table::sizes(results, class)));
        tables.extend([table::facts(results), table::tools(results), table::images(results)]);
    }
    text + &tables.iter().map(table::Table::markdown).collect::<String>()
}

/// The picture of all pairs that both Smidgen and another tool made a patch of.
fn picture(results: &Results) -> String {
    let classes = results.classes();
    let titles: Vec<String> = classes.iter().map(|class| class.title()).collect();
    let bar = |(pair, ours, other): (usize, u64, u64)| {
        let pair = Escaped(results.pairs[pair].class_and_name().1).to_string();
        Bar { pair, ours, other }
    };
    let bars = classes.iter().map(|class| results.beside(class).into_iter().map(bar).collect());
    let classes = titles.iter().map(String::as_str).zip(bars);
    picture::svg(&classes.filter(|(_, bars): &(_, Vec<Bar>)| !bars.is_empty()).collect::<Vec<_>>())
}
