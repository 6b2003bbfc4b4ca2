//! What users and scripts see: data on standard output, talk on standard error, neither of which can panic or steer a
//! terminal.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::path::{self, Path};

use diff_core::{Escaped, EscapedLines};

use crate::failure::Failure;
use crate::hush::Hush;

/// Where everything that is told goes through.
#[derive(Debug)]
pub(crate) struct Console {
    quiet: bool,
    output: Hush,
}

impl Console {
    /// A console that, if `quiet`, tells errors and data only.
    pub(crate) const fn new(quiet: bool) -> Self {
        Self { quiet, output: Hush::none() }
    }

    /// The same, and from now on the only one that standard output listens to.
    pub(crate) fn alone(self) -> Self {
        Self { output: Hush::new(), ..self }
    }

    /// What writes to standard output.
    pub(crate) const fn output(&self) -> &Hush {
        &self.output
    }

    /// Whether only errors are told.
    pub(crate) const fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Tells people something on standard error.
    pub(crate) fn say(&self, text: impl Display) {
        if !self.quiet {
            tell(text);
        }
    }

    /// Tells people what went wrong.
    pub(crate) fn complain(&self, failure: &Failure) {
        tell(format_args!("error: {failure}"));
    }

    /// Prints data to standard output.
    pub(crate) fn print(&self, data: impl Display) -> Result<(), Failure> {
        match self.output.write(format!("{}\n", EscapedLines(data)).as_bytes()) {
            // Whoever read us has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Failure::other(format!("standard output: {error}"))),
            Ok(()) => Ok(()),
        }
    }
}

/// A path as it is shown in a line: names of files may be by somebody else.
pub(crate) fn shown(path: &Path) -> Escaped<path::Display<'_>> {
    Escaped(path.display())
}

/// Nobody can be told that standard error is closed.
fn tell(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{}", EscapedLines(text));
}
