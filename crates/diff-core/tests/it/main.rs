//! The encoder as its callers see it, and the decoder on what it makes.

mod architectures;
mod broken_containers;
mod bsdiff40;
mod common;
mod compressors;
mod container_attacks;
mod container_limits;
mod containers;
mod described;
#[cfg(feature = "release")]
mod encryption;
mod fixtures;
mod floors;
mod in_place;
mod inputs;
mod lanes;
mod lite;
mod matching;
#[cfg(feature = "release")]
mod pack;
#[cfg(feature = "release")]
mod pack_faults;
mod payloads;
mod renumbered;
mod restore;
mod round_trip;
mod scale;
#[cfg(feature = "release")]
mod signatures;
mod simulate;
mod snapshot;
#[cfg(feature = "symbols")]
mod symbols;
mod trace;
mod zstd_package;
