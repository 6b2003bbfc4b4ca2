//! Standard output, redirected for libraries: what one prints must not come between our data.

use std::fs::File;
use std::io::{self, IsTerminal, Write};

/// Standard output as it was at the start. Where the system can do that, other output to it is discarded.
#[derive(Debug, Default)]
pub(crate) struct Stdout {
    #[cfg(unix)]
    saved: Option<File>,
}

impl Stdout {
    /// Redirects standard output to nowhere; from now on only this writes to where it led.
    pub(crate) fn taken() -> Self {
        #[cfg(unix)]
        let saved = || {
            let nowhere = File::options().write(true).open("/dev/null").ok()?;
            let saved = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3).ok()?;
            rustix::stdio::dup2_stdout(nowhere).ok()?;
            Some(File::from(saved))
        };
        Self {
            #[cfg(unix)]
            saved: saved(),
        }
    }

    const fn saved(&self) -> Option<&File> {
        #[cfg(unix)]
        return self.saved.as_ref();
        #[cfg(not(unix))]
        None
    }

    pub(crate) fn is_terminal(&self) -> bool {
        self.saved().map_or_else(|| io::stdout().is_terminal(), File::is_terminal)
    }

    /// Writes to standard output at once, in one piece where the system can.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        // The lock also keeps lines of several threads apart.
        let mut stdout = io::stdout().lock();
        match self.saved() {
            Some(mut saved) => saved.write_all(bytes),
            None => stdout.write_all(bytes).and_then(|()| stdout.flush()),
        }
    }
}

impl Write for &Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Stdout::write(self, bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
