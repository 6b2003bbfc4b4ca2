//! Starts the limited process that rebuilds the streams of compressed files.

use std::env;
use std::io;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use smidgen_patch::Error;
use smidgen_patch::container::{Maker, Opened, Worker};

use super::secrets::PASSPHRASE;

/// Seconds of processor time for any package.
const SECONDS: u64 = 60;
/// Plain bytes a second that a slow machine compresses where the compressor searches for long; they add to the time.
const BYTES_A_SECOND: u64 = 8 << 10;

/// A process that is limited in memory and time. It ends when this is dropped.
pub(crate) struct Process {
    child: Child,
    worker: Worker<ChildStdin, ChildStdout>,
}

impl Process {
    /// Starts the process, with the limits that follow from the package.
    pub(crate) fn start(package: &Opened<'_>) -> Result<Self, Error> {
        let seconds = SECONDS + package.target.plain() / BYTES_A_SECOND;
        // A decoder has no error for this; the target cannot be written without it.
        Self::with(package.memory(), seconds).map_err(|_| Error::TargetWrite)
    }

    fn with(memory: u64, seconds: u64) -> io::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        // Ctrl-C is for the program that tells of it, not for this one, which ends with its input.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command
            .args(["make-streams", "--memory", &memory.to_string(), "--seconds", &seconds.to_string()])
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // The process works on untrusted bytes: it must know no secrets.
            .env_remove(PASSPHRASE)
            .spawn()?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(requests), Some(answers)) => Ok(Self { child, worker: Worker::new(requests, answers) }),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Maker for Process {
    fn begin(&self) -> Result<(), Error> {
        self.worker.begin()
    }

    fn piece(&self, plain: &[u8], corrections: &[u8], room: u32) -> Result<Vec<u8>, Error> {
        self.worker.piece(plain, corrections, room)
    }

    fn end(&self) -> Result<(), Error> {
        self.worker.end()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
