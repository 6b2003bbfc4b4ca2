//! Makes the packages in `fixtures/packages`: `cargo run -p smidgen-diff --features release --example make_fixtures`.
//!
//! Golden packages are what version 5 of the format is; they are made only where they are missing, and never again
//! once the version is out. Before that, `-- --anew` makes them and their images again after a change of the format.
//! Bad packages are derived from golden ones, always the same way, and always made anew.

mod bad;
mod bodies;
mod encrypted;
mod golden;
mod handmade;
mod raw_header;

use std::fs;
use std::path::PathBuf;

/// The folder of all packages.
fn folder() -> PathBuf {
    testkit::fixtures().join("packages")
}

/// A file there.
fn read(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Removes all packages and images.
fn remove_all() {
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let made = ["smdg", "bin", "bsdiff40"].iter().any(|&end| path.extension().is_some_and(|e| e == end));
        if made {
            fs::remove_file(path).unwrap();
        }
    }
}

fn main() {
    fs::create_dir_all(folder()).unwrap();
    match &std::env::args().skip(1).collect::<Vec<_>>()[..] {
        [] => {}
        [argument] if argument == "--anew" => remove_all(),
        other => panic!("nothing or --anew, not {other:?}"),
    }
    golden::make_missing();
    bad::make_all();
}
