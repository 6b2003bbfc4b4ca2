//! A process that makes the streams of compressed files again: limited in memory and time, whatever a package says.

use std::env;
use std::io;
use std::panic;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use patch_nostd::Error;
use patch_nostd::container::{Maker, Opened, Worker, memory, serve};

use crate::arguments::MakeStreamsArguments;
use crate::console::Console;
use crate::failure::Failure;
use crate::secrets::PASSPHRASE;

/// Seconds of processor time that every package may take.
const SECONDS: u64 = 60;
/// Plain bytes that a slow machine makes streams of in a second, where the compressor searched for long.
const BYTES_A_SECOND: u64 = 8 << 10;

/// The process, as the one that restores sees it. It ends when this is dropped.
pub(crate) struct Process {
    child: Child,
    worker: Worker<ChildStdin, ChildStdout>,
}

impl Process {
    /// Starts it, with what this package states.
    pub(crate) fn start(package: &Opened<'_>) -> Result<Self, Error> {
        let seconds = SECONDS + package.target.plain() / BYTES_A_SECOND;
        // It cannot be started: as little can be written.
        Self::with(memory(&package.record), seconds).map_err(|_| Error::TargetWrite)
    }

    fn with(memory: u64, seconds: u64) -> io::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .args(["make-streams", "--memory", &memory.to_string(), "--seconds", &seconds.to_string()])
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // What works on bytes of strangers knows no secrets.
            .env_remove(PASSPHRASE)
            .spawn()?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(requests), Some(answers)) => Ok(Self { child, worker: Worker::new(requests, answers) }),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Who makes the streams.
    pub(crate) const fn maker(&self) -> &dyn Maker {
        &self.worker
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the process does.
pub(crate) fn run(arguments: &MakeStreamsArguments, console: &Console) -> Result<(), Failure> {
    // What panics is answered. Telling about it takes memory that there may not be, and a lock that the end for want of
    // memory waits for.
    panic::set_hook(Box::new(|_| {}));
    limit(arguments).map_err(|error| Failure::other(format!("no limits: {error}")))?;
    serve(io::stdin().lock(), console.output())
        .map_err(|error| Failure::other(format!("making streams: {error}")))
}

/// Limits this process, where the system can do that.
#[cfg(target_os = "linux")]
fn limit(arguments: &MakeStreamsArguments) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let status = std::fs::read_to_string("/proc/self/status")?;
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")?.split_whitespace().next());
    let size: u64 = size.and_then(|kib| kib.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    let limits = [
        (Resource::As, (size << 10).saturating_add(arguments.memory)),
        (Resource::Cpu, arguments.seconds),
        (Resource::Core, 0),
    ];
    for (resource, most) in limits {
        // Somebody may have set it lower, which only few may take back.
        let most = Some(getrlimit(resource).maximum.map_or(most, |maximum| maximum.min(most)));
        setrlimit(resource, Rlimit { current: most, maximum: most })?;
    }
    Ok(())
}

/// Nothing can be limited here; but what goes wrong, goes wrong in this process only.
#[cfg(not(target_os = "linux"))]
fn limit(_arguments: &MakeStreamsArguments) -> io::Result<()> {
    Ok(())
}
