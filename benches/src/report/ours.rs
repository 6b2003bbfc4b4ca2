//! Smidgen's settings in the report: the one place to add or change them.

use diff_core::{CodecChoice, Options, Ram};

/// A name, and what it asks the engine for.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// How reports call it.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// The engine's options.
    pub options: fn() -> Options,
}

/// All of them, in the order of the report.
pub const SETTINGS: &[Setting] = &[
    Setting { name: "smidgen-4K", about: "cm in 4 KiB", options: || within(4 << 10) },
    Setting { name: "smidgen-8K", about: "cm in 8 KiB", options: || within(8 << 10) },
    Setting { name: "smidgen-16K", about: "cm in 16 KiB", options: || within(16 << 10) },
    Setting { name: "smidgen-64K", about: "cm in 64 KiB", options: || within(64 << 10) },
    Setting { name: "smidgen-256K", about: "cm in 256 KiB", options: || within(256 << 10) },
    Setting { name: "smidgen-auto", about: "cm, memory by the image's size", options: Options::default },
    Setting { name: "smidgen-zstd", about: "zstd, memory by the image's size", options: zstd },
];

/// The setting of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

fn within(bytes: u64) -> Options {
    Options { ram: Ram::Bytes(bytes), ..Options::default() }
}

fn zstd() -> Options {
    Options { codec: CodecChoice::Zstd, ..Options::default() }
}
