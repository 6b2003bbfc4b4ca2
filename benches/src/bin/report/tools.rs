//! The tools of the report: those that `smidgen compare` knows, and the crates that are linked in here.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use smidgen::peers::{Memory, TOOLS, Tool, Worker};

/// This workspace's lock file has the versions of what is linked in.
const LOCK: &str = include_str!("../../../../Cargo.lock");

/// All, in the order of the report.
pub fn all_tools() -> Vec<Tool> {
    let linked = |name, about, package| Tool {
        name,
        about,
        worker: Worker::Linked(locked_version(package)),
        make: "",
        restore: "",
        memory: Memory::Measured,
    };
    let mut tools = TOOLS.to_vec();
    let program = tools.iter().position(|tool| tool.name == "bsdiff").map_or(tools.len(), |place| place + 1);
    let crates = [
        linked("bsdiff-crate", "the crate, patch in bzip2", "bsdiff"),
        linked("qbsdiff", "the crate, bzip2 level 9", "qbsdiff"),
    ];
    tools.splice(program..program, crates);
    tools
}

fn locked_version(package: &str) -> &'static str {
    let entry = LOCK.split_once(&format!("name = \"{package}\"\nversion = \""));
    entry.and_then(|(_, rest)| rest.split_once('"')).map_or("unknown version", |(version, _)| version)
}

/// The commit that this program is built from, as far as the source tree says: between releases, versions differ by
/// nothing else.
pub fn commit() -> Option<String> {
    let describe = ["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty"].map(OsString::from);
    said(Path::new("git"), &describe)
}

/// The first line that a program prints, if it ends well.
pub fn said(program: &Path, arguments: &[OsString]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let line = String::from_utf8_lossy(&output.stdout).lines().next()?.trim().to_owned();
    (output.status.success() && !line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_stand_beside_the_program_and_have_versions() {
        let tools = all_tools();
        let names: Vec<&str> = tools.iter().map(|tool| tool.name).collect();
        assert!(names.join(" ").contains("bsdiff bsdiff-crate qbsdiff xdelta3"), "{names:?}");
        assert!(["bsdiff", "qbsdiff"].map(locked_version).iter().all(|version| version.contains('.')));
    }
}
