//! The work of the tools that are linked into this program, each time in a process of its own.

use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use qbsdiff::{Bsdiff, Bspatch};
use smidgen_diff::Silent;

use crate::tools::options;
use bench_suite::{classic, smidgen};

/// qbsdiff's level of bzip2.
const LEVEL: u32 = 9;

/// Makes a patch or restores an image, and prints what went wrong on standard error.
pub fn work(tool: &str, work: &str, old: &Path, input: &Path, output: &Path) -> ExitCode {
    match done(tool, work, old, input, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn done(tool: &str, work: &str, old: &Path, input: &Path, output: &Path) -> Result<(), Box<dyn Error>> {
    let (old, input) = (fs::read(old)?, fs::read(input)?);
    let mut made = Vec::new();
    match (tool, work) {
        ("bsdiff-crate", "make") => made = classic::diff(&old, &input),
        ("bsdiff-crate", "restore") => made = classic::patch(&old, &input),
        ("qbsdiff", "make") => {
            Bsdiff::new(&old, &input).compression_level(LEVEL).compare(io::Cursor::new(&mut made))?;
        }
        ("qbsdiff", "restore") => drop(Bspatch::new(&input)?.apply(&old, io::Cursor::new(&mut made))?),
        (_, "make") => {
            let options = options(tool).ok_or_else(|| format!("{tool}: no such tool"))?;
            made = smidgen_diff::diff(&old, &input, &options, &Silent)?.bytes;
        }
        _ => made = smidgen::patch(&old, &input)?,
    }
    Ok(fs::write(output, made)?)
}
