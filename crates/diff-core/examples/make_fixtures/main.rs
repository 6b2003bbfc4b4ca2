//! Makes the packages in `fixtures/packages`: `cargo run -p diff-core --example make_fixtures`.
//!
//! Golden packages are what version 1 of the format is; they are made only where they are missing, and never again.
//! Bad packages are derived from golden ones, always the same way, and always made anew.

#[path = "../../tests/common/mod.rs"]
mod common;

mod bad;
mod bodies;
mod golden;
mod handmade;
mod raw_header;

use std::fs;
use std::path::PathBuf;

/// The folder of all packages.
fn folder() -> PathBuf {
    common::fixtures().join("packages")
}

/// A file there.
fn read(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn main() {
    fs::create_dir_all(folder()).unwrap();
    golden::make_missing();
    bad::make_all();
}
