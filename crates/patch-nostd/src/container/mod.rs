//! Packages of compressed files: the streams inside are expanded, patched and made again (`docs/format.md`, section 14).
//!
//! Two builds of a compressed file share almost nothing as bytes. A package of this sort says where the
//! streams of both files are. The base is expanded with that, the body turns the expanded base into the expanded
//! target, and each stream of the target is made again to the bit.
//!
//! This needs an operating system: a heap, room for what is expanded, and as much time as compressing takes. The
//! [`Patcher`](crate::Patcher) of small devices refuses such packages with [`Error::Container`](crate::Error).

mod compress;
pub(crate) mod compressor;
pub(crate) mod deflate;
mod directory;
pub(crate) mod expand;
pub(crate) mod inflate;
mod rebuild;
pub(crate) mod recipe;
#[cfg(feature = "encode")]
mod recipe_writer;
pub(crate) mod record;
mod recreate;
mod restore;
mod scratch;
mod sink;
pub(crate) mod source;
mod totals;
mod walk;

pub use record::Limits;
pub use restore::{Opened, restore};
pub use scratch::{FileScratch, Scratch};

/// How deep streams may lie in streams: a file, an archive in it, a file in that, and one more.
pub const DEPTH_LIMIT: u32 = 4;
/// Where the plain bytes of a stream begin in the expanded form: at a multiple of this, so that code and words lie as
/// they do when they run, however long the names before them are.
const ALIGNMENT: u32 = 256;

/// Zero bytes before the plain bytes of a stream that would begin at this position of the expanded form.
const fn padding(position: u32) -> u32 {
    position.wrapping_neg() % ALIGNMENT
}
