//! What this program calls itself for: the work of the tools that are linked into it, and measuring.

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use ::smidgen::peers::{self, Own, Work, Worker};
use bench_suite::{classic, smidgen};
use qbsdiff::{Bsdiff, Bspatch};
use smidgen_diff::{Containers, Options, Silent};

use crate::tools::all_tools;

/// qbsdiff's level of bzip2.
const LEVEL: u32 = 9;

/// How this program is called for that.
pub const OWN: Own = Own {
    measure: |limit| vec!["measure".into(), limit.as_micros().to_string().into()],
    work: |tool, work, bench| {
        let (work, input, output) = match work {
            Work::Make => ("make", "new", "patch"),
            Work::Restore => ("restore", "patch", "out"),
        };
        let level = bench.level.to_string();
        ["work", tool.name, work, &level, "old", input, output].map(OsString::from).into()
    },
};

/// Runs a command for at most `limit` microseconds and prints how it ended, its times and its memory.
pub fn measure(limit: u64, command: &[OsString]) -> ExitCode {
    let answer = peers::answer(Duration::from_micros(limit), command);
    ended(answer.map(|answer| println!("{answer}")).map_err(Into::into))
}

/// Makes a patch or restores an image.
pub fn work(tool: &str, work: &str, level: u8, [old, input, output]: [&Path; 3]) -> ExitCode {
    ended(done(tool, work, level, [old, input, output]))
}

/// The exit code; what went wrong is printed to standard error.
fn ended(result: Result<(), Box<dyn Error>>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn done(tool: &str, work: &str, level: u8, [old, input, output]: [&Path; 3]) -> Result<(), Box<dyn Error>> {
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
            let options = options(tool).ok_or_else(|| format!("{tool}: no such tool"))?.with_level(level);
            made = smidgen_diff::diff(&old, &input, &options, &Silent)?.bytes;
        }
        _ => made = smidgen::patch(&old, &input)?,
    }
    Ok(fs::write(output, made)?)
}

/// What one of Smidgen's settings asks the engine for.
fn options(name: &str) -> Option<Options> {
    let tool = all_tools().into_iter().find(|tool| tool.name == name)?;
    let Worker::Smidgen(ram, codec) = tool.worker else { return None };
    // Compressed files are compared by their contents at any memory, as for devices with an operating system.
    Some(Options::default().with_ram(ram).with_codec(codec).with_containers(Some(Containers::Auto)))
}
