//! The work of the tools that are linked into this program, each time in a process of its own.

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use diff_core::Silent;
use qbsdiff::{Bsdiff, Bspatch};

use super::ours;
use crate::{classic, smidgen};

/// qbsdiff's level of bzip2.
const LEVEL: u32 = 9;

/// Makes a patch or restores an image, and says on standard error what went wrong.
#[must_use]
pub fn work(tool: &str, work: &str, old: &Path, input: &Path, output: &Path) -> ExitCode {
    match done(tool, work, old, input)
        .and_then(|bytes| fs::write(output, bytes).map_err(|error| error.to_string()))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn done(tool: &str, work: &str, old: &Path, input: &Path) -> Result<Vec<u8>, String> {
    let read = |path: &Path| fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let (old, input) = (read(old)?, read(input)?);
    match work {
        "make" => make(tool, &old, &input),
        "restore" => restore(tool, &old, &input),
        _ => Err(format!("{work}: no such work")),
    }
}

fn make(tool: &str, old: &[u8], new: &[u8]) -> Result<Vec<u8>, String> {
    match tool {
        "bsdiff-crate" => Ok(classic::in_bzip2(&classic::raw(old, new))),
        "qbsdiff" => make_qbsdiff(old, new).map_err(|error| error.to_string()),
        _ => {
            let setting = ours::find(tool).ok_or_else(|| format!("{tool}: no such tool"))?;
            let package = diff_core::diff(old, new, &(setting.options)(), &Silent);
            package.map(|package| package.bytes).map_err(|error| error.to_string())
        }
    }
}

fn restore(tool: &str, old: &[u8], patch: &[u8]) -> Result<Vec<u8>, String> {
    match tool {
        "bsdiff-crate" => Ok(classic::patch(old, patch)),
        "qbsdiff" => restore_qbsdiff(old, patch).map_err(|error| error.to_string()),
        _ => Ok(smidgen::patch(old, patch)),
    }
}

fn make_qbsdiff(old: &[u8], new: &[u8]) -> io::Result<Vec<u8>> {
    let mut patch = Vec::new();
    Bsdiff::new(old, new).compression_level(LEVEL).compare(io::Cursor::new(&mut patch))?;
    Ok(patch)
}

fn restore_qbsdiff(old: &[u8], patch: &[u8]) -> io::Result<Vec<u8>> {
    let mut new = Vec::new();
    Bspatch::new(patch)?.apply(old, io::Cursor::new(&mut new))?;
    Ok(new)
}
