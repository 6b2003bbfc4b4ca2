//! Data on standard output, messages on standard error: neither can panic or send control characters to a terminal.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use serde_json::Value;
use smidgen_diff::EscapedLines;

use super::failure::Failure;
use super::stdout::Stdout;

/// Everything that is printed goes through this.
#[derive(Debug)]
pub(crate) struct Console {
    quiet: bool,
    json: bool,
    stdout: Stdout,
}

impl Console {
    /// A console that takes standard output away from libraries. If `quiet`, it prints errors and data only; if `json`,
    /// data as JSON.
    pub(crate) fn with_standard_output(quiet: bool, json: bool) -> Self {
        Self { quiet, json, stdout: Stdout::taken() }
    }

    /// A console of tests, which prints errors only.
    #[cfg(test)]
    pub(crate) fn of_tests() -> Self {
        Self { quiet: true, json: false, stdout: Stdout::default() }
    }

    /// What writes to standard output.
    pub(crate) const fn stdout(&self) -> &Stdout {
        &self.stdout
    }

    pub(crate) const fn is_quiet(&self) -> bool {
        self.quiet
    }

    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a message to standard error, unless quiet.
    pub(crate) fn say(&self, text: impl Display) {
        if !self.quiet {
            print_error(text);
        }
    }

    pub(crate) fn complain(&self, failure: &Failure) {
        print_error(format_args!("error: {failure}"));
    }

    /// Prints data to standard output.
    pub(crate) fn print(&self, data: impl Display) -> Result<(), Failure> {
        match self.stdout.write(format!("{}\n", EscapedLines(data)).as_bytes()) {
            // The reader has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Failure::other(format!("standard output: {error}"))),
            Ok(()) => Ok(()),
        }
    }

    /// Prints the result as JSON, if that is asked for.
    pub(crate) fn print_json(&self, json: impl FnOnce() -> Value) -> Result<(), Failure> {
        if self.json { self.print(json()) } else { Ok(()) }
    }

    /// Prints the result: as JSON if that is asked for, else as text.
    pub(crate) fn print_either(
        &self,
        json: impl FnOnce() -> Value,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.json { self.print(json()) } else { self.print(text()) }
    }

    /// The same, but no text if quiet.
    pub(crate) fn print_result(
        &self,
        json: impl FnOnce() -> Value,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.quiet && !self.json { Ok(()) } else { self.print_either(json, text) }
    }
}

/// Ignores errors: nothing is left to report that standard error is closed.
fn print_error(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{}", EscapedLines(text));
}
