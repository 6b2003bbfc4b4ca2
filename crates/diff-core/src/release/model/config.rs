//! Files of options in TOML or JSON: release files and device profiles. Errors state line and column.

use std::path::Path;

use serde::Deserialize;

use super::keys::QUOTED;
use crate::release::error::PackError;
use crate::release::regular::{self, Links, TEXT_FILE_LIMIT};

/// The text of such a file.
pub(super) struct Config<'p> {
    path: &'p Path,
    text: String,
    /// What it is meant to be, for errors.
    what: &'static str,
}

impl<'p> Config<'p> {
    /// Reads a file of at most 16 MB.
    pub(super) fn read(path: &'p Path, what: &'static str) -> Result<Self, PackError> {
        let bytes =
            regular::read(path, TEXT_FILE_LIMIT, Links::Followed).map_err(PackError::reading(path))?;
        let wrong = |error| PackError::file(path, format!("is not a {what}: {error}"));
        Ok(Self { path, text: String::from_utf8(bytes).map_err(wrong)?, what })
    }

    /// Parses it: a file whose name ends in `.json` is JSON, any other TOML.
    pub(super) fn parse<T: for<'de> Deserialize<'de>>(&self) -> Result<T, PackError> {
        // Some editors begin text with a byte order mark, which JSON does not allow.
        let text = self.text.trim_start_matches('\u{FEFF}');
        let is_json = self.path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
        let parsed = if is_json { json(text) } else { toml(text) };
        parsed.map_err(|Wrong { line, column, reason }| {
            self.wrong(&format!("line {line}, column {column}: {reason}"))
        })
    }

    pub(super) fn wrong(&self, reason: &str) -> PackError {
        PackError::file(self.path, format!("is not a {}: {reason}", self.what))
    }
}

/// Where a text is wrong, counted from 1, and why.
struct Wrong {
    line: usize,
    column: usize,
    reason: String,
}

fn json<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, Wrong> {
    serde_json::from_str(text).map_err(|error| {
        let reason = error.to_string();
        let reason = reason.rsplit_once(" at line ").map_or(&*reason, |(reason, _)| reason).to_owned();
        Wrong { line: error.line(), column: error.column(), reason }
    })
}

fn toml<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, Wrong> {
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or_default();
        let last = before.rsplit('\n').next().unwrap_or_default();
        let (line, column) = (before.matches('\n').count() + 1, last.chars().count() + 1);
        let mut reason = error.message().to_owned();
        if reason.starts_with("invalid float") {
            // A version without quotation marks.
            reason += &format!("; text is {QUOTED}");
        }
        Wrong { line, column, reason }
    })
}
