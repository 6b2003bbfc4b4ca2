//! The streaming restore: package bytes in, target image out (`docs/format.md`, section 8).

mod base;
#[cfg(feature = "containers")]
mod body;
mod copy;
mod io;
mod layout;
mod operation;
mod patcher;
mod references;
mod walker;
#[cfg(feature = "zstd")]
mod zstd;

#[cfg(feature = "zstd")]
pub use self::zstd::ZstdBody;
#[cfg(feature = "containers")]
pub(crate) use base::check_base;
#[cfg(feature = "containers")]
pub(crate) use body::decode_body;
pub use io::{Base, Io, SliceTarget, Target};
#[cfg(all(feature = "flash", not(feature = "encode")))]
pub(crate) use layout::Layout;
pub(crate) use layout::ram;
#[cfg(feature = "encode")]
pub use layout::{FIXED_RAM, LANDMARK_RAM, LEARNED_RAM, Layout, SLOT_RAM};
pub use layout::{codec_ram, required_ram};
pub use operation::{Blind, Cover, Operation, Oracle, Source};
pub use patcher::Patcher;
#[cfg(feature = "flash")]
pub(crate) use patcher::percent;
pub use walker::{Progress, Walker};
