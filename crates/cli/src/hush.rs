//! Keeps libraries off standard output: preflate-rs prints there what it could not explain, and our data goes there.

use std::fs::File;
use std::io::{self, Write};

/// Standard output as it was, with what libraries print leading nowhere, where the system can do that.
#[derive(Debug)]
pub(crate) struct Hush {
    #[cfg(unix)]
    saved: Option<File>,
}

#[cfg(unix)]
impl Hush {
    /// Standard output as it is.
    pub(crate) const fn none() -> Self {
        Self { saved: None }
    }

    /// From now on, only what is written through this gets out.
    pub(crate) fn new() -> Self {
        let nowhere = File::options().write(true).open("/dev/null").ok();
        let saved = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3).ok();
        let (Some(nowhere), Some(saved)) = (nowhere, saved) else { return Self { saved: None } };
        let hushed = rustix::stdio::dup2_stdout(nowhere).is_ok();
        Self { saved: hushed.then(|| saved.into()) }
    }

    fn saved(&self) -> Option<&File> {
        self.saved.as_ref()
    }
}

#[cfg(not(unix))]
impl Hush {
    /// Nothing can be done here.
    pub(crate) const fn none() -> Self {
        Self {}
    }

    /// The same.
    pub(crate) const fn new() -> Self {
        Self {}
    }

    const fn saved(&self) -> Option<&File> {
        None
    }
}

impl Hush {
    /// Writes to standard output at once, in one piece where the system can.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        // Also keeps lines of several threads apart.
        let mut stdout = io::stdout().lock();
        match self.saved() {
            Some(mut saved) => saved.write_all(bytes),
            None => stdout.write_all(bytes).and_then(|()| stdout.flush()),
        }
    }
}

impl Write for &Hush {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Hush::write(self, bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
