//! Restores firmware images from Smidgen packages on a device: the normative decoder of `docs/format.md`.
#![cfg_attr(feature = "sha2", doc = "\n", doc = include_str!("../README.md"))]
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
        ByteOrder, Codec, Description, Extensions, Forms, HEADER_LIMIT, Header, IMAGE_LIMIT, InPlacePlan,
        MAX_FORMS, MAX_KINDS, MAX_PARTS, MAX_WINDOWS, ModelSize, Origin, PREFIX_LENGTH, PageKind, PageKinds,
        Part, Reach, Requirements, Text, Tuning, VERSION, Window, WordForm, is_name, is_product,
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
        pub mod deflate {
            pub use crate::container::deflate::*;
        }
        pub mod compressor {
            pub use crate::container::compressor::*;
        }
        pub use crate::container::expand::expand;
        pub use crate::container::inflate::Inflater;
        pub use crate::container::recipe::{Frame, Item, Kept, Level, Making, Side};
        pub use crate::container::record::{Record, memory, part_limit, storage};
        pub use crate::container::source::Source;
    }
    pub mod secrecy {
        #[cfg(feature = "x25519")]
        pub use crate::secrecy::hpke::seal;
        #[cfg(feature = "encode")]
        pub use crate::secrecy::shared::salt;
        pub use crate::secrecy::unlock::{BODY_POSITION, unlock};
    }
}
