//! Instructions of making and applying packages of fixed pairs, counted by valgrind: nearly the same in every run.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use bench_suite::pair::{self, Pair};
use bench_suite::smidgen;
use smidgen_diff::CodecChoice;

use crate::{Result, Row, output};

/// Counts the work of each pair.
pub fn measure() -> Result<Vec<Row>> {
    let compiler = output(Command::new("rustc").arg("--version"))?;
    let library = output(Command::new("ldd").arg("--version"))?;
    let with = format!("{}, {}", compiler.trim(), library.lines().next().unwrap_or(""));
    let mut rows = Vec::new();
    for Pair { name, old, new } in pair::counted() {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("old.bin"), old)?;
        fs::write(folder.path().join("new.bin"), &new)?;
        // Decoding comes second, as it needs the package.
        for work in ["encode", "decode"] {
            rows.push([&name, work, &count(work, folder.path())?, &with].map(str::to_owned).to_vec());
        }
        if fs::read(folder.path().join("restored.bin"))? != new {
            return Err(format!("{name}: the restored image is another one").into());
        }
    }
    Ok(rows)
}

/// One thread, no environment and no random addresses: what is left is the work itself.
fn count(work: &str, pair: &Path) -> Result<String> {
    let log = pair.join("log");
    let mut command = Command::new("env");
    command.args(["-i", "PATH=/usr/bin:/bin", "RAYON_NUM_THREADS=1", "setarch", "-R", "valgrind"]);
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(format!("--log-file={}", log.display())).arg(env::current_exe()?).arg(work).arg(pair);
    output(&mut command)?;
    let log = fs::read_to_string(log)?;
    let counted = log.lines().find_map(|line| line.split_once("Collected :"));
    counted.map(|(_, count)| count.trim().to_owned()).ok_or_else(|| log.clone().into())
}

/// Makes PAIR/package, and nothing else.
pub fn encode(folder: &Path) -> Result<()> {
    let (old, new) = (fs::read(folder.join("old.bin"))?, fs::read(folder.join("new.bin"))?);
    let pair = Pair { name: String::new(), old, new };
    Ok(fs::write(folder.join("package"), smidgen::diff(&pair, CodecChoice::Cm))?)
}

/// Makes PAIR/restored.bin of PAIR/package.
pub fn decode(folder: &Path) -> Result<()> {
    let (old, package) = (fs::read(folder.join("old.bin"))?, fs::read(folder.join("package"))?);
    Ok(fs::write(folder.join("restored.bin"), smidgen::patch(&old, &package)?)?)
}
