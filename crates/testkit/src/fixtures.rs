//! The files in `fixtures/`, and the format's document.

use std::fs;
use std::path::{Path, PathBuf};

/// `docs/format.md`.
pub const FORMAT: &str = include_str!("../../../docs/format.md");

/// The folder of all fixtures.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// A file there, by its path.
pub fn fixture(path: &str) -> Vec<u8> {
    fs::read(fixtures().join(path)).unwrap_or_else(|error| panic!("fixtures/{path}: {error}"))
}

/// A version of the fixture firmware: 1, 2 or 3.
pub fn firmware(version: u32) -> Vec<u8> {
    fixture(&format!("firmware/app-v{version}.bin"))
}
