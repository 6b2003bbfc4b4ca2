//! Which tools are installed here, and in which versions.

use std::path::Path;
use std::process::Command;

use super::tool::{Tool, Worker};

/// This workspace's lock file tells the versions of what is linked in.
const LOCK: &str = include_str!("../../../Cargo.lock");

/// A tool, and what was found out about it.
#[derive(Clone, Debug)]
pub(crate) struct Probed {
    pub(crate) tool: Tool,
    /// Its version; none if it is not installed.
    pub(crate) version: Option<String>,
}

/// Python itself, past any script that stands for it: starting that would be part of every time.
pub(crate) fn real_python(python: &Path) -> String {
    let program = python.to_string_lossy().into_owned();
    said(&program, &["-c", "import sys; print(sys.executable)"]).unwrap_or(program)
}

/// Asks for the versions of all.
pub(crate) fn probe(tools: Vec<Tool>, python: &str) -> Vec<Probed> {
    tools.into_iter().map(|tool| Probed { tool, version: version(&tool, python) }).collect()
}

fn version(tool: &Tool, python: &str) -> Option<String> {
    match tool.worker {
        Worker::Own => locked(tool),
        Worker::Programs(make, restore) => {
            let installed = on_path(make) && on_path(restore);
            installed.then(|| program_version(make).unwrap_or_else(|| "unknown version".to_owned()))
        }
        Worker::Python(module) => module_version(python, module),
    }
}

fn locked(tool: &Tool) -> Option<String> {
    match tool.name {
        "bsdiff-crate" => lock_version("bsdiff"),
        "qbsdiff" => lock_version("qbsdiff"),
        _ => Some(our_version()),
    }
}

/// The version with the commit, if this is a checkout: between releases only that tells versions apart.
fn our_version() -> String {
    let folder = env!("CARGO_MANIFEST_DIR");
    let commit = said("git", &["-C", folder, "describe", "--always", "--dirty"]);
    let version = env!("CARGO_PKG_VERSION");
    commit.map_or_else(|| version.to_owned(), |commit| format!("{version} ({commit})"))
}

fn lock_version(package: &str) -> Option<String> {
    let (_, rest) = LOCK.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    rest.split_once('"').map(|(version, _)| version.to_owned())
}

fn on_path(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else { return false };
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// bsdiff has no option that tells; the system's package manager may know.
fn program_version(program: &str) -> Option<String> {
    let line = match program {
        "bsdiff" => said("dpkg-query", &["-W", "-f", "${Version}", "bsdiff"]),
        "xdelta3" => said(program, &["-V"]),
        _ => said(program, &["--version"]),
    }?;
    let is_version =
        |word: &&str| word.trim_start_matches('v').starts_with(|first: char| first.is_ascii_digit());
    let word = line.split([' ', ',']).find(is_version)?;
    Some(word.trim_start_matches('v').to_owned())
}

/// Imports it too: a package that cannot be loaded is as good as none.
fn module_version(python: &str, module: &str) -> Option<String> {
    let ask = format!("import {module}, importlib.metadata as m; print(m.version('{module}'))");
    said(python, &["-c", &ask])
}

/// The first line that a program says, if it does and ends well.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output =
        Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    let line = String::from_utf8_lossy(&said).lines().next()?.trim().to_owned();
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_tells_versions() {
        for package in ["bsdiff", "qbsdiff"] {
            let version = lock_version(package).unwrap();
            assert!(version.split('.').all(|part| part.parse::<u32>().is_ok()), "{version}");
        }
        assert_eq!(lock_version("no-such-package"), None);
    }

    #[test]
    fn what_is_not_there_has_no_version() {
        assert!(!on_path("no-such-program"));
        assert_eq!(module_version("no-such-python", "detools"), None);
    }
}
