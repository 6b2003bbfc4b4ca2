//! Measures what is kept in `.ci/figures.tsv`, and compares or updates: the program of `.ci/figures`.

mod device;
mod instructions;
mod table;

use std::error::Error;
use std::path::Path;
use std::process::{Command, Stdio};

use clap::{Parser, Subcommand};
use table::{Figures, Row};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Measures, and fails if a figure is more than 3 % off the one in .ci/figures.tsv; run it in the repository's root.
#[derive(Debug, Parser)]
#[command(name = "figures")]
struct Arguments {
    /// Write what was measured, to the file and to the documents that show it.
    #[arg(long, global = true)]
    update: bool,
    #[command(subcommand)]
    work: Work,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Work {
    /// Code, stack and instructions of the decoder on emulated devices.
    Device,
    /// The same at more targets and levels of optimization.
    All,
    /// Restores of public firmware: of SMIDGEN_CORPUS, made by benches/fetch-corpus.
    Corpus,
    /// Packages of public firmware for 4 to 256 KiB of memory.
    Curve,
    /// Packages of public images beside the smallest of any other tool, which is kept.
    Sizes,
    /// Instructions of making and applying packages.
    Instructions,
    /// Nothing: only documents are compared with the file.
    Documents,
}

fn main() -> Result<()> {
    // What valgrind counts is this program too.
    let words: Vec<String> = std::env::args().collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "encode", pair] => return instructions::encode(Path::new(pair)),
        [_, "decode", pair] => return instructions::decode(Path::new(pair)),
        _ => {}
    }
    let Arguments { update, work } = Arguments::parse();
    let mut figures = Figures::read(Path::new("."))?;
    let mut complaints = if update { Vec::new() } else { figures.stale_documents()? };
    for (table, rows) in measure(work, update, &figures)? {
        rows.iter().for_each(|row| println!("{table}: {}", row.join(", ")));
        complaints.extend(figures.complaints(table, &rows));
        figures.put(table, rows);
    }
    if update {
        return figures.write();
    }
    if complaints.is_empty() {
        return Ok(());
    }
    complaints.iter().for_each(|complaint| println!("{complaint}"));
    Err("figures are off: if that is the price of something better, or good news, --update in the same commit".into())
}

fn measure(work: Work, update: bool, figures: &Figures) -> Result<Vec<(&'static str, Vec<Row>)>> {
    Ok(match work {
        Work::Device => {
            let mut measured =
                vec![("code", device::code(device::FEW)?), ("fixtures", device::fixtures("z")?)];
            if update {
                measured.push(("modules", device::modules()?));
            }
            measured
        }
        Work::All => {
            let mut all = measure(Work::Device, update, figures)?;
            all.push(("code", device::code(device::MORE)?));
            all.push(("fixtures", device::fixtures("s")?));
            all
        }
        Work::Corpus => vec![("corpus", device::corpus()?)],
        Work::Curve => vec![("curve", device::curve()?)],
        Work::Sizes => vec![("sizes", device::sizes(figures.table("sizes"))?)],
        Work::Instructions => vec![("instructions", instructions::measure()?)],
        Work::Documents => Vec::new(),
    })
}

/// Standard output of a command that ends well; its messages go where this program's go.
fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
