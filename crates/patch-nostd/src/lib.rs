//! Restores firmware images from Smidgen packages on a device: the normative decoder of `docs/format.md`.
//!
//! A package holds what turns one exact *base image* into one exact *target image*. The crate's modules are floors, each of
//! which imports from those below only: the format ([`wire`]), the adaptive models ([`entropy`]), the prediction of
//! references ([`refs`]), digests, signatures and policies ([`verify`]), encryption ([`secrecy`]), the streaming restore
//! ([`apply`]), and on top updates over flash (`flash`) and packages of compressed files (`container`). The build machine's
//! encoder drives the very same models (feature `encode`), so there is no second copy that could drift.
//!
//! The crate has no heap, no unsafe code, no floats and no recursion. All memory is one caller-owned
//! workspace whose exact size the package header states; every value read from a package is checked, and no
//! input can cause a panic.
//!
//! ```
//! # #[cfg(feature = "sha2")] fn example(package: &[u8], base: &[u8], workspace: &mut [u8], slot: &mut [u8]) -> Result<(), patch_nostd::Error> {
//! use patch_nostd::{Patcher, SliceTarget, SoftwareSha256};
//! let target = SliceTarget::new(slot);
//! let mut patcher = Patcher::<_, _, SoftwareSha256>::new(workspace, base, target);
//! for piece in package.chunks(20) {
//!     patcher.push(piece)?; // as it arrives over the radio
//! }
//! patcher.finish()?; // the digest of the whole target has been checked
//! # Ok(()) }
//! ```
#![no_std]
#![forbid(unsafe_code)]

#[cfg(any(feature = "std", feature = "encode", test))]
extern crate std;

pub mod apply;
#[cfg(feature = "containers")]
pub mod container;
pub mod entropy;
mod error;
#[cfg(feature = "flash")]
pub mod flash;
pub mod refs;
pub mod secrecy;
#[cfg_attr(not(feature = "flash"), allow(dead_code))]
mod state;
pub mod verify;
pub mod wire;
mod workspace;

pub use apply::{Base, Patcher, SliceTarget, Target};
pub use error::Error;
#[cfg(feature = "sha2")]
pub use verify::SoftwareSha256;
pub use verify::{Anything, Device, Policy, Sha256};
pub use wire::{Extensions, Header, required_ram};
pub use workspace::Workspace;
