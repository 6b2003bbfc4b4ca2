//! A folder with files, and the program run in it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A folder of its own for one test.
pub(crate) struct Desk {
    folder: TempDir,
}

/// What a run left.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl Desk {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A folder with these files.
    pub(crate) fn with(files: &[(&str, &[u8])]) -> Self {
        let desk = Self::new();
        files.iter().for_each(|(name, bytes)| desk.write(name, bytes));
        desk
    }

    /// A folder with `old` and `new`.
    pub(crate) fn with_versions() -> Self {
        let (old, new) = versions();
        Self::with(&[("old", &old), ("new", &new)])
    }

    /// A folder with `old`, `new` and the package `patch` from one to the other.
    pub(crate) fn with_package() -> Self {
        let desk = Self::with_versions();
        desk.run("diff old new -o patch").succeeded();
        desk
    }

    /// Where a file is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Writes a file that only its owner may read.
    pub(crate) fn write_secret(&self, name: &str, bytes: &[u8]) {
        self.write(name, bytes);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    /// A folder with `old` and `new` and these files, as secrets: some take long to make and are made once.
    pub(crate) fn with_made(files: &[(&str, Vec<u8>)]) -> Self {
        let desk = Self::with_versions();
        files.iter().for_each(|(name, bytes)| desk.write_secret(name, bytes));
        desk
    }

    /// The files of these names, for [`Self::with_made`].
    pub(crate) fn made<const N: usize>(&self, names: [&'static str; N]) -> [(&'static str, Vec<u8>); N] {
        names.map(|name| (name, self.read(name)))
    }

    /// Reads a file.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// The names of all files, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A command that runs in the folder.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path());
        command
    }

    /// Runs smidgen in the folder; blanks separate arguments.
    pub(crate) fn run(&self, arguments: &str) -> Outcome {
        let mut command = self.command(smidgen());
        command.args(arguments.split(' ')).output().unwrap().into()
    }
}

/// Lets a command end by itself, which it must within a minute: one that waits for what never comes is stopped.
pub(crate) fn ends(mut command: Command) -> Outcome {
    let (stdout, stderr) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    command.stdout(stdout.try_clone().unwrap()).stderr(stderr.try_clone().unwrap());
    let mut child = command.stdin(Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it does not end: {command:?}");
        }
        thread::sleep(Duration::from_millis(10));
    };
    let text = |mut file: File| {
        file.rewind().unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        bytes
    };
    Output { status, stdout: text(stdout), stderr: text(stderr) }.into()
}

impl Outcome {
    /// Expects success.
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, 0, "{self:#?}");
        self
    }

    /// Expects a failure: its exit code, parts of its message, and nothing on standard output.
    pub(crate) fn failed(self, code: i32, parts: &[&str]) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        assert_eq!(self.stdout, "", "{self:#?}");
        assert!(self.stderr.starts_with("error: "), "{self:#?}");
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} is missing in {self:#?}");
        }
        self
    }

    /// Standard output as one JSON object.
    pub(crate) fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.stdout).unwrap();
        assert!(value.is_object());
        value
    }
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        // Ended by a signal, a program has no code.
        let code = output.status.code().unwrap_or(-1);
        Self { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// The program under test.
pub(crate) const fn smidgen() -> &'static str {
    env!("CARGO_BIN_EXE_smidgen")
}

/// Bytes without any order, always the same.
pub(crate) fn noise(size: usize) -> Vec<u8> {
    testkit::noise(size, 256, 1)
}

/// An image of 60 KB, and one with something changed, inserted, removed and moved.
pub(crate) fn versions() -> (Vec<u8>, Vec<u8>) {
    let old = noise(60_000);
    let mut new = [&old[40_000..], &[7; 300], &old[..20_000], &old[20_500..40_000]].concat();
    new.iter_mut().step_by(997).for_each(|byte| *byte = byte.wrapping_add(3));
    (old, new)
}

/// The SHA-256 of some bytes in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
