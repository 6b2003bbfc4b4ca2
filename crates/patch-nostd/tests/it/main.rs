//! The decoder as its callers see it, under each set of features.

#[cfg(feature = "sha2")]
mod bad_packages;
// Against a decoder that has all that the C one has.
#[cfg(all(
    feature = "cm",
    feature = "lite",
    feature = "lanes",
    feature = "sha2",
    feature = "all-architectures"
))]
mod c_decoder;
#[cfg(all(
    feature = "cm",
    feature = "lite",
    feature = "simulator",
    feature = "sha2",
    feature = "all-architectures"
))]
mod c_flash;
#[cfg(all(feature = "sha2", feature = "all-architectures"))]
mod c_host;
#[cfg(feature = "sha2")]
mod common;
#[cfg(all(feature = "sha2", feature = "containers", feature = "all-architectures"))]
mod containers;
#[cfg(feature = "sha2")]
mod damage;
// Headers of codec cm.
#[cfg(feature = "cm")]
mod document;
#[cfg(all(feature = "sha2", feature = "chacha20", feature = "aes", feature = "x25519"))]
mod encrypted;
#[cfg(all(feature = "simulator", feature = "sha2", feature = "chacha20", feature = "all-architectures"))]
mod encrypted_flash;
mod floors;
#[cfg(feature = "sha2")]
mod garbage;
#[cfg(all(feature = "simulator", feature = "sha2", feature = "all-architectures"))]
mod geometries;
#[cfg(feature = "sha2")]
mod golden;
#[cfg(all(feature = "sha2", feature = "encode"))]
mod lookahead;
#[cfg(all(feature = "simulator", feature = "sha2"))]
mod power;
#[cfg(all(feature = "simulator", feature = "sha2", feature = "all-architectures"))]
mod power_ab;
#[cfg(all(feature = "simulator", feature = "sha2", feature = "all-architectures"))]
mod power_in_place;
#[cfg(all(feature = "simulator", feature = "sha2", feature = "all-architectures"))]
mod preconditions;
#[cfg(all(feature = "simulator", feature = "encode", feature = "sha2", feature = "all-architectures"))]
mod resume;
#[cfg(feature = "sha2")]
mod surroundings;
#[cfg(feature = "encode")]
mod zstd_body;
