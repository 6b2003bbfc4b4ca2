//! Data on standard output, messages on standard error: neither can panic or send control characters to a terminal.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use serde_json::Value;
use smidgen_diff::EscapedLines;

use super::failure::Failure;
use super::json::Object;

/// How much is said on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Volume {
    /// Errors.
    Quiet,
    Usual,
    /// Also where the time goes, and what was chosen.
    Verbose,
}

/// Everything that is printed goes through this.
#[derive(Debug)]
pub(crate) struct Console {
    volume: Volume,
    json: bool,
    /// The name of the schema that describes what `--json` prints.
    schema: &'static str,
}

/// The schema of failures that come alone.
const ERROR_SCHEMA: &str = "smidgen/error/1";

impl Console {
    /// If quiet, it prints errors and data only; if `json`, data as JSON of this schema.
    pub(crate) const fn new(volume: Volume, json: bool, schema: &'static str) -> Self {
        Self { volume, json, schema }
    }

    /// A console of tests, which prints errors only.
    #[cfg(test)]
    pub(crate) fn of_tests() -> Self {
        Self::new(Volume::Quiet, false, ERROR_SCHEMA)
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.volume == Volume::Quiet
    }

    pub(crate) fn is_verbose(&self) -> bool {
        self.volume == Volume::Verbose
    }

    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a message to standard error, unless quiet.
    pub(crate) fn say(&self, text: impl Display) {
        if !self.is_quiet() {
            print_error(text);
        }
    }

    /// Prints a detail to standard error, if verbose.
    pub(crate) fn detail(&self, text: impl Display) {
        if self.is_verbose() {
            print_error(text);
        }
    }

    /// Prints a failure: to standard error as text, and to standard output as JSON, if that is asked for.
    pub(crate) fn complain(&self, failure: &Failure) {
        print_error(format_args!("error: {failure}"));
        self.answer(failure);
    }

    /// Prints a failure as JSON, if that is asked for.
    pub(crate) fn answer(&self, failure: &Failure) {
        if self.json {
            let schema = if failure.has_result() { self.schema } else { ERROR_SCHEMA };
            // Nothing is left to report that standard output is closed.
            let _ = self.print(of_schema(schema, failure.json()));
        }
    }

    /// Prints data to standard output.
    pub(crate) fn print(&self, data: impl Display) -> Result<(), Failure> {
        self.print_bytes(format!("{}\n", EscapedLines(data)).as_bytes())
    }

    /// The same for text of our own, which is printed as it is.
    pub(crate) fn print_bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        // The lock keeps lines of several threads apart.
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            // The reader has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Failure::other(format!("standard output: {error}"))),
            Ok(()) => Ok(()),
        }
    }

    /// Prints the result as JSON, if that is asked for.
    pub(crate) fn print_json(&self, json: impl FnOnce() -> Object) -> Result<(), Failure> {
        if self.json { self.print(of_schema(self.schema, json())) } else { Ok(()) }
    }

    /// Prints the result: as JSON if that is asked for, else as text.
    pub(crate) fn print_either(
        &self,
        json: impl FnOnce() -> Object,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.json { self.print_json(json) } else { self.print(text()) }
    }

    /// The same, but no text if quiet.
    pub(crate) fn print_result(
        &self,
        json: impl FnOnce() -> Object,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.is_quiet() && !self.json { Ok(()) } else { self.print_either(json, text) }
    }

    /// A failure after a result: prints that as text, unless quiet; as JSON, the failure becomes a member of it.
    pub(crate) fn found(
        &self,
        failure: Failure,
        json: impl FnOnce() -> Object,
        text: impl FnOnce() -> String,
    ) -> Failure {
        if self.json {
            return failure.with_result(json());
        }
        let printed = if self.is_quiet() { Ok(()) } else { self.print(text()) };
        printed.err().unwrap_or(failure)
    }
}

/// An object that names its schema.
fn of_schema(schema: &str, mut object: Object) -> Value {
    object.insert("schema".to_owned(), schema.into());
    object.into()
}

/// Ignores errors: nothing is left to report that standard error is closed.
fn print_error(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{}", EscapedLines(text));
}
