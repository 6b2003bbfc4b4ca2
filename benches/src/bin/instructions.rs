//! The work whose instructions `.ci/instructions` counts: one package is made or applied, and nothing else is done.
//!
//! Instructions, unlike times, are nearly the same in every run, so a small loss is seen before it is part of a
//! larger one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bench_suite::pair::Pair;
use bench_suite::{pair, smidgen};
use clap::{Parser, Subcommand};
use diff_core::CodecChoice;

/// Makes or applies one package, for counting instructions.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    work: Work,
}

#[derive(Debug, Subcommand)]
enum Work {
    /// Write the pairs to a directory, each in one of its own, as old.bin and new.bin.
    Pairs {
        /// The directory.
        folder: PathBuf,
    },
    /// Make PAIR/package.
    Encode {
        /// The directory of the pair.
        pair: PathBuf,
    },
    /// Make PAIR/restored.bin from PAIR/package.
    Decode {
        /// The directory of the pair.
        pair: PathBuf,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().work {
        Work::Pairs { folder } => pairs(&folder),
        Work::Encode { pair } => encode(&pair),
        Work::Decode { pair } => decode(&pair),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("instructions: {error}");
            ExitCode::FAILURE
        }
    }
}

fn pairs(folder: &Path) -> io::Result<()> {
    for Pair { name, old, new } in pair::counted() {
        let folder = folder.join(name);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("old.bin"), old)?;
        fs::write(folder.join("new.bin"), new)?;
    }
    Ok(())
}

fn encode(folder: &Path) -> io::Result<()> {
    let (old, new) = (fs::read(folder.join("old.bin"))?, fs::read(folder.join("new.bin"))?);
    let pair = Pair { name: String::new(), old, new };
    fs::write(folder.join("package"), smidgen::diff(&pair, CodecChoice::Cm))
}

fn decode(folder: &Path) -> io::Result<()> {
    let (old, package) = (fs::read(folder.join("old.bin"))?, fs::read(folder.join("package"))?);
    fs::write(folder.join("restored.bin"), smidgen::patch(&old, &package))
}
