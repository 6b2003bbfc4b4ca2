//! A folder with files, and the program run in it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use testkit::schema::Schema;

/// The passphrase of all keys.
pub(crate) const PASSPHRASE: &str = "correct horse battery staple";

/// A folder of its own for one test.
pub(crate) struct Desk {
    folder: TempDir,
}

#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

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
        desk.ok("diff old new -o patch");
        desk
    }

    /// A folder with `old`, `new`, `patch`, the passphrase in `phrase`, two keys that sign, a shared key and a device's.
    pub(crate) fn with_keys() -> Self {
        // Each takes a quarter of a second to make.
        static MADE: LazyLock<Vec<(&str, Vec<u8>)>> = LazyLock::new(|| {
            let desk = Desk::with_package();
            desk.ok("keygen key.pem key.pub");
            desk.ok("keygen next.pem next.pub");
            desk.ok("keygen shared.pem --kind shared --raw shared.key");
            desk.ok("keygen device.pem device.pub --kind x25519 --raw device.key");
            let names = "patch key.pem key.pub next.pem next.pub shared.pem shared.key device.pem device.pub device.key";
            names.split(' ').map(|name| (name, desk.read(name))).collect()
        });
        let desk = Self::with_versions();
        desk.write_secret("phrase", format!("{PASSPHRASE}\nsecond line\n").as_bytes());
        MADE.iter().for_each(|(name, bytes)| desk.write_secret(name, bytes));
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Writes a file that only its owner may read.
    pub(crate) fn write_secret(&self, name: &str, bytes: &[u8]) {
        self.write(name, bytes);
        #[cfg(unix)]
        self.set_mode(name, 0o600);
    }

    #[cfg(unix)]
    pub(crate) fn set_mode(&self, name: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    #[cfg(unix)]
    pub(crate) fn mode(&self, name: &str) -> u32 {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o777
    }

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

    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path());
        command
    }

    /// Runs smidgen in the folder, with the passphrase in its environment; blanks separate arguments.
    pub(crate) fn run(&self, arguments: &str) -> Outcome {
        self.run_with(&arguments.split(' ').collect::<Vec<_>>())
    }

    /// The same with arguments that may have blanks.
    pub(crate) fn run_with(&self, arguments: &[&str]) -> Outcome {
        let mut command = self.command(smidgen());
        command.env("SMIDGEN_PASSPHRASE", PASSPHRASE);
        command.args(arguments);
        let outcome = ends(command);
        if let Some(name) = arguments.iter().find(|word| !word.starts_with('-')) {
            expect_documented(name, outcome.code);
        }
        outcome
    }

    /// Runs smidgen, which must succeed.
    pub(crate) fn ok(&self, arguments: &str) -> Outcome {
        self.run(arguments).succeeded()
    }

    /// Runs smidgen, which must succeed and print one JSON object.
    pub(crate) fn json(&self, arguments: &str) -> Value {
        self.ok(&format!("{arguments} --json")).json()
    }

    /// Runs a line of shell, in which `smidgen` is the program under test, without the passphrase.
    pub(crate) fn sh(&self, line: &str) -> Outcome {
        let mut command = self.command("sh");
        command.args(["-c", &line.replace("smidgen ", &format!("{} ", smidgen()))]);
        ends(command)
    }
}

/// Expects the help of a command to have this exit code.
fn expect_documented(name: &str, code: i32) {
    static HELP: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
        let help = |arguments: &[&str]| {
            let output = Command::new(smidgen()).args(arguments).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let all = help(&["--help"]);
        let commands = all.split_once("Commands:\n").unwrap().1.split("\n\n").next().unwrap();
        let names = commands.lines().filter_map(|line| line.split_whitespace().next());
        names.map(|name| (name.to_owned(), help(&[name, "--help"]))).collect()
    });
    // Others are aliases, or no commands.
    if let Some(help) = HELP.get(name) {
        assert!(help.contains(&format!("\n  {code}  ")), "{name} --help lacks the exit code {code}");
    }
}

/// Lets a command end by itself, which it must within five minutes: one that waits for ever is stopped.
pub(crate) fn ends(mut command: Command) -> Outcome {
    let (stdout, stderr) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    command.stdout(stdout.try_clone().unwrap()).stderr(stderr.try_clone().unwrap());
    let mut child = command.stdin(Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > Duration::from_secs(300) {
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
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, 0, "{self:#?}");
        self
    }

    /// Expects a failure: its exit code, parts of its message, and nothing on standard output but with `--json`.
    pub(crate) fn failed(self, code: i32, parts: &[&str]) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        if self.stdout.starts_with('{') {
            assert_eq!(self.json()["error"]["exit"], code, "{self:#?}");
        } else {
            assert_eq!(self.stdout, "", "{self:#?}");
        }
        assert!(self.stderr.starts_with("error: "), "{self:#?}");
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} is missing in {self:#?}");
        }
        self
    }

    /// The object on standard output, which must be what its schema says.
    pub(crate) fn json(&self) -> Value {
        fits(serde_json::from_str(&self.stdout).unwrap())
    }

    /// The objects on standard output, a line each.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| fits(serde_json::from_str(line).unwrap())).collect()
    }
}

/// Expects a value to be what the schema that it names says.
fn fits(value: Value) -> Value {
    // Manifests state a version instead.
    let name = value["schema"].as_str().map_or("manifest", |name| name.split('/').nth(1).unwrap());
    SCHEMAS
        .with(|schemas| schemas[name].check(&value))
        .unwrap_or_else(|fault| panic!("{name}: {fault}: {value:#}"));
    value
}

thread_local! {
    /// The schemas that the program prints, by name.
    ///
    /// Of each test by itself: they note which members they have seen.
    pub(crate) static SCHEMAS: BTreeMap<String, Schema> = {
        let printed: Value = serde_json::from_str(&Desk::new().ok("schema").stdout).unwrap();
        printed.as_object().unwrap().iter().map(|(name, schema)| (name.clone(), Schema::new(schema))).collect()
    };
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        // Ended by a signal, a program has no code.
        let code = output.status.code().unwrap_or(-1);
        Self { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

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
    hex(&Sha256::digest(bytes))
}

/// The MD5 of some bytes in hexadecimal digits.
pub(crate) fn md5(bytes: &[u8]) -> String {
    use md5::{Digest, Md5};
    hex(&Md5::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
