//! Restores firmware images from Smidgen packages on a device: the normative decoder of `docs/format.md`.
//!
//! A package holds what turns one exact *base image* into one exact *target image*. [`Patcher`] takes it in pieces of any
//! size, reads the base through [`Base`] and writes the target through [`Target`]. `flash::AbUpdate` and
//! `flash::InPlaceUpdate` do so over NOR flash and survive a loss of power. [`verify`] has digests, signatures and
//! policies, [`secrecy`] encrypted packages, `container` packages of compressed files, [`header`] what a package states.
//!
//! The crate has no heap, no unsafe code, no floats and no recursion. All memory is one caller-owned
//! workspace whose exact size the package header states; every value read from a package is checked, and no
//! input can cause a panic.
//!
//! ```
//! # #[cfg(feature = "sha2")] fn example(package: &[u8], base: &[u8], workspace: &mut [u8], slot: &mut [u8]) -> Result<(), patch_nostd::Error> {
//! use patch_nostd::{Patcher, SliceTarget};
//! let target = SliceTarget::new(slot);
//! let mut patcher = Patcher::new(workspace, base, target);
//! for piece in package.chunks(20) {
//!     patcher.push(piece)?; // as it arrives over the radio
//! }
//! patcher.complete()?; // the digest of the whole target has been checked
//! # Ok(()) }
//! ```
//!
//! # Features
//!
//! Features only add: none changes a type or what another one does.
//!
//! | feature | default | what it adds | cost |
//! |---|---|---|---|
//! | `sha2` | yes | SHA-256 in software; leave it out where the chip has an engine | 1 KB of code |
//! | `thumb`, `aarch64`, `arm`, `riscv`, `xtensa`, `x86` | yes | references in code of this architecture; a device links its own | 0.5 to 1.5 KB each |
//! | `words` | yes | words of data other than 32-bit little-endian addresses | a seventh of the code |
//! | `all-architectures` | yes | all of these | |
//! | `flash` | | updates over NOR flash: A/B and in place, with a journal | 4 KB, 12 KB in place |
//! | `ed25519`, `p256` | | signatures of packages; one is enough | code of that crate |
//! | `chacha20`, `aes` | | encrypted packages, with a key in memory | 2 KB, 6 KB |
//! | `x25519` | | content keys that are sealed to a device's own key | 8 KB |
//! | `defmt` | | `defmt::Format` for what a device logs | |
//! | `std` | | digests on other threads; code for speed, not for size | an operating system |
//! | `zstd` | | the codec `zstd` | libzstd |
//! | `containers` | | packages of compressed files | a heap, threads |
//! | `simulator` | | a flash in memory that loses power when a test says so | for tests |
//! | `encode` | | the encoder's side of the models; only `diff-core` needs it | for build machines |
//!
//! With no architecture, packages that name one are refused with [`Error::UnsupportedPageKind`].
//! [`internals`] is no part of the API.
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub, clippy::missing_errors_doc)]

#[cfg(any(feature = "std", test))]
extern crate std;

mod apply;
#[cfg(feature = "containers")]
pub mod container;
mod entropy;
mod error;
#[cfg(feature = "flash")]
pub mod flash;
mod refs;
pub mod secrecy;
#[cfg_attr(not(feature = "flash"), allow(dead_code))]
mod state;
pub mod verify;
mod wire;
mod workspace;

pub use apply::{Base, BaseFn, Patcher, SliceTarget, Target, Vouched};
pub use error::{Error, ErrorClass};
#[cfg(feature = "sha2")]
pub use verify::SoftwareSha256;
pub use verify::{Anything, Device, Policy, Sha256};
pub use wire::{Extensions, Header};
pub use workspace::Workspace;

/// What a package states before its body (`docs/format.md`, sections 2 and 3).
pub mod header {
    pub use crate::wire::{
        Codec, Extensions, HEADER_LIMIT, Header, IMAGE_LIMIT, InPlacePlan, MAX_KINDS, MAX_WINDOWS, ModelSize,
        Origin, PREFIX_LENGTH, PageKind, PageKinds, Requirements, Text, Tuning, VERSION, Window, WordForm,
    };
}

/// The decoder's parts, for the encoder and for tests of this repository: exempt from semantic versioning.
#[doc(hidden)]
#[allow(missing_docs, clippy::missing_errors_doc)]
pub mod internals {
    pub mod apply {
        pub use crate::apply::*;
    }
    pub mod entropy {
        pub use crate::entropy::*;
    }
    pub mod refs {
        pub use crate::refs::*;
    }
    pub mod wire {
        pub use crate::wire::*;
    }
    #[cfg(feature = "containers")]
    pub mod container {
        pub use crate::container::expand::expand;
        pub use crate::container::inflate::Inflater;
        pub use crate::container::recipe::{Frame, Item, Level, Piece, Side};
        pub use crate::container::record::{Record, memory, part_limit, storage};
        pub use crate::container::source::Source;
    }
    pub mod secrecy {
        #[cfg(feature = "x25519")]
        pub use crate::secrecy::hpke::seal;
        pub use crate::secrecy::shared::content_key;
        #[cfg(feature = "encode")]
        pub use crate::secrecy::shared::salt;
        pub use crate::secrecy::unlock::{BODY_POSITION, unlock};
    }
}
