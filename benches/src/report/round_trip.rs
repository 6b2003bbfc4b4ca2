//! One tool on one pair: makes a patch, restores from it, compares.

use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use super::arguments::ReportArguments;
use super::corpus::Pair;
use super::measure::{self, Cost, Words};
use super::results::{Measured, Outcome};
use super::tool::{Memory, Tool, Worker};

/// What drives the peers that are Python packages.
const PYTHON_DRIVER: &str = include_str!("peers.py");

/// What every piece of work needs to know.
pub(crate) struct Bench<'a> {
    pub(crate) arguments: &'a ReportArguments,
    pub(crate) python: String,
}

impl Bench<'_> {
    /// What comes of a tool on a pair.
    pub(crate) fn outcome(&self, pair: &Pair, tool: &Tool) -> Outcome {
        let folder = tempfile::tempdir().map_err(|error| format!("no temporary directory: {error}"));
        let measured = folder.and_then(|folder| self.round_trip(pair, tool, folder.path()));
        measured.map_or_else(Outcome::Failed, Outcome::Restored)
    }

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
