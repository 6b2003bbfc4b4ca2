//! The limits of the delivery platform's firmware parameters (`docs/platform.md`).

/// The parameters that rules are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Parameter {
    /// The name of a firmware.
    Name,
    /// The version of a target or source image.
    Version,
    /// The name of a module.
    Module,
    /// The description of a firmware.
    Description,
}

/// The longest name of a firmware, in characters.
pub const NAME_LIMIT: usize = 40;
/// The longest version, in characters.
pub const VERSION_LIMIT: usize = 64;
/// The longest name of a module, in characters.
pub const MODULE_LIMIT: usize = 64;
/// The module where none is named: the whole device.
pub const DEFAULT_MODULE: &str = "default";
/// The longest description, in characters of any script.
pub const DESCRIPTION_LIMIT: usize = 100;
/// The largest file, in bytes. The platform says "1,000 MB": powers of ten keep within both readings.
pub const FILE_LIMIT: u64 = 1_000_000_000;
/// The largest file that devices can download over MQTT, in bytes; larger ones need HTTPS.
pub const MQTT_LIMIT: u64 = 16_000_000;
/// The allowed endings of a file's name.
pub const ENDINGS: [&str; 6] = [".bin", ".tar", ".gz", ".tar.gz", ".zip", ".gzip"];
/// The most packages of one account.
pub const CATALOGUE_LIMIT: usize = 500;
