//! The streaming restore: package bytes in, target image out (`docs/format.md`, section 8).

mod body;
mod digests;
mod io;
mod layout;
mod operation;
mod patcher;
mod surroundings;
mod walker;
#[cfg(feature = "zstd")]
mod zstd;

#[cfg(feature = "zstd")]
pub use self::zstd::ZstdBody;
#[cfg(feature = "containers")]
pub(crate) use body::decode_body;
#[cfg(feature = "containers")]
pub use body::decode_lane;
#[cfg(feature = "containers")]
pub(crate) use digests::check_base;
pub use io::{Base, BaseFn, Io, SliceTarget, Target, Vouched};
pub use layout::Layout;
pub use operation::{Blind, Cover, Operation, Oracle, Source};
pub use patcher::Patcher;
#[cfg(feature = "flash")]
pub(crate) use patcher::percent;
pub use walker::{Pause, Walker};
