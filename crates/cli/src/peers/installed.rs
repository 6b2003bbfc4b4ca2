//! Which tools are installed, in which versions, and the commands that run them.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::measure::wait;
use super::tools::{Sizes, Tool, Worker};

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(10);
/// What stands between the steps of a command.
pub(super) const THEN: &str = "&&";

/// A tool that can be run here.
#[derive(Clone, Debug)]
pub struct Installed {
    /// The tool.
    pub tool: Tool,
    /// Its version, or that it is unknown.
    pub version: String,
    /// What each step begins with, if it is not a program on the path.
    start: Vec<OsString>,
}

/// Those of the tools that are installed, and those that are not; modules are those of this Python.
#[must_use]
pub fn find_installed(tools: Vec<Tool>, python: &Path) -> (Vec<Installed>, Vec<Tool>) {
    let python = &real_python(python);
    // All at once: some take a second to say their version, and one that hangs takes long.
    let found: Vec<Option<Installed>> = thread::scope(|scope| {
        let searches: Vec<_> =
            tools.iter().map(|&tool| scope.spawn(move || Installed::find(tool, python))).collect();
        searches.into_iter().map(|search| search.join().ok().flatten()).collect()
    });
    let missing =
        tools.iter().zip(&found).filter(|(_, found)| found.is_none()).map(|(tool, _)| *tool).collect();
    (found.into_iter().flatten().collect(), missing)
}

impl Installed {
    /// Looks for a tool.
    #[must_use]
    pub fn find(tool: Tool, python: &OsStr) -> Option<Self> {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        let (version, start) = match tool.worker {
            Worker::Smidgen(..) => (env!("CARGO_PKG_VERSION").to_owned(), Vec::new()),
            Worker::Linked(version) => (version.to_owned(), Vec::new()),
            Worker::Programs(ask) => {
                let steps = steps(tool.make).chain(steps(tool.restore));
                let mut programs = steps.filter_map(|step| step.split_whitespace().next());
                if !programs.all(|program| on_path(program).is_some()) {
                    return None;
                }
                (version_in(&said(&words(ask)).unwrap_or_default()), Vec::new())
            }
            Worker::Module(module) => match module_version(module, python) {
                Some(version) => (version, [&[python.to_owned()][..], &words(&["-m", module])].concat()),
                None => {
                    let program = on_path(module)?.into_os_string();
                    let version = said(&[program.clone(), "--version".into()]).unwrap_or_default();
                    (version_in(&version), vec![program])
                }
            },
            Worker::Script(module, script) => (
                module_version(module, python)?,
                [&[python.to_owned()][..], &words(&["-c", script])].concat(),
            ),
        };
        Some(Self { tool, version, start })
    }

    /// The steps of a command, with [`THEN`] between them.
    pub(super) fn command(&self, template: &str, sizes: Sizes) -> Vec<OsString> {
        let mut command = Vec::new();
        for step in steps(template) {
            if !command.is_empty() {
                command.push(THEN.into());
            }
            let mut words = step.split_whitespace().map(|word| fill(word, sizes));
            if self.start.is_empty() {
                command.extend(words.next().map(|name| on_path(&name).map_or(name.into(), Into::into)));
            }
            command.extend(self.start.iter().cloned());
            command.extend(words.map(OsString::from));
        }
        command
    }
}

/// Python itself, past any script that stands for it: starting that would be part of every time.
fn real_python(python: &Path) -> OsString {
    let ask = ["-c", "import sys; print(sys.executable)"].map(OsString::from);
    let real = said(&[&[python.as_os_str().to_owned()][..], &ask].concat());
    real.map_or_else(|| python.as_os_str().to_owned(), OsString::from)
}

fn steps(template: &str) -> impl Iterator<Item = &str> {
    template.split(THEN).filter(|step| !step.trim().is_empty())
}

/// A word of a command, with what depends on the sizes of the images.
fn fill(word: &str, sizes: Sizes) -> String {
    let largest = sizes.old.max(sizes.new).max(1);
    // A window must reach over the old and the new image; zstd's own limits are 10 and 31.
    let window_log = (2 * largest).next_power_of_two().ilog2().clamp(10, 31);
    [
        ("{source-window}", sizes.old.next_power_of_two().clamp(1 << 26, 1 << 31)),
        ("{window-log}", window_log.into()),
        ("{chain-log}", (window_log + 1).min(30).into()),
    ]
    .iter()
    .fold(word.to_owned(), |word, (name, value)| word.replace(name, &value.to_string()))
}

/// Imports it too: a package that cannot be loaded is as good as none.
fn module_version(module: &str, python: &OsStr) -> Option<String> {
    let ask = format!("import {module}, importlib.metadata as m; print(m.version('{module}'))");
    said(&[python.to_owned(), "-c".into(), ask.into()])
}

/// The first word that looks like a version.
fn version_in(said: &str) -> String {
    let words = said.split(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')'));
    let mut words = words.map(|word| word.trim_start_matches('v'));
    let is_version = |word: &&str| {
        let looks_like = word.chars().all(|c| c.is_ascii_alphanumeric() || "._+~:-".contains(c));
        looks_like && word.contains('.') && word.starts_with(|first: char| first.is_ascii_digit())
    };
    words
        .find(is_version)
        .map_or_else(|| "unknown version".to_owned(), |word| word.chars().take(40).collect())
}

/// The file of a program on the path, in full: commands run in another folder.
fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    let files = std::env::split_paths(&path).map(|folder| folder.join(&file));
    files.filter_map(|file| std::path::absolute(file).ok()).find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    let Ok(metadata) = fs::metadata(file) else { return false };
    #[cfg(unix)]
    let may_run = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let may_run = true;
    metadata.is_file() && may_run
}

/// The first line that a program says, if it ends well and in time.
fn said(command: &[OsString]) -> Option<String> {
    let (program, arguments) = command.split_first()?;
    // Without a name, it does not stay if this program is stopped.
    let mut said = tempfile::tempfile().ok()?;
    let output = said.try_clone().ok()?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(output.try_clone().ok()?).stderr(output);
    let end = wait(&mut command, Instant::now(), PATIENCE, || false).ok()?;
    said.rewind().ok()?;
    let mut text = Vec::new();
    said.take(4096).read_to_end(&mut text).ok()?;
    let line = String::from_utf8_lossy(&text).lines().next()?.trim().to_owned();
    (end.is_empty() && !line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::super::tools::TOOLS;
    use super::*;

    fn tool(name: &str) -> Tool {
        *TOOLS.iter().find(|tool| tool.name == name).unwrap()
    }

    #[test]
    fn versions_are_found_in_what_programs_say() {
        let said = [
            "*** Zstandard CLI (64-bit) v1.5.4, by Yann Collet ***",
            "Xdelta version 3.0.11, Copyright",
            "4.3-23",
            "HDiffPatch::hdiffz v4.6.10",
            "detools",
        ];
        let expected = ["1.5.4", "3.0.11", "4.3-23", "4.6.10", "unknown version"];
        assert_eq!(said.map(version_in), expected);
    }

    #[test]
    fn words_in_braces_depend_on_the_sizes() {
        let sizes = Sizes { old: 100_000, new: 120_000 };
        let zstd =
            Installed { tool: tool("zstd-patch-from"), version: String::new(), start: vec!["x".into()] };
        let command = zstd.command("zstd --long={window-log} old && mv a b", sizes);
        assert_eq!(command, ["x", "zstd", "--long=18", "old", THEN, "x", "mv", "a", "b"]);
        for tool in TOOLS {
            let words = [tool.make, tool.restore].map(|template| fill(template, sizes));
            assert!(!words.concat().contains('{'), "{words:?}");
        }
    }

    #[test]
    fn what_is_linked_in_has_a_version_and_what_is_not_there_has_none() {
        let nowhere = OsStr::new("no-such-python");
        assert!(Installed::find(tool("smidgen-16K"), nowhere).unwrap().version.contains('.'));
        assert!(Installed::find(tool("hdiffpatch-lzma2"), nowhere).is_none());
    }
}
