//! The one way to restore an image, of a package of any sort: plain, of compressed files, encrypted, BSDIFF40.
//!
//! A package in place restores like any other here; [`replay_in_place`](crate::replay_in_place) applies it in its slot.

mod kept;
mod lanes;
mod streams;

pub use kept::Kept;
pub use streams::{Form, InMemory, Streams};

use md5::{Digest, Md5};
use smidgen_patch::container::{self, Limits, Opened};
use smidgen_patch::header::{HEADER_LIMIT, IMAGE_LIMIT};
use smidgen_patch::internals::wire::Lanes;
use smidgen_patch::secrecy::{DecryptionKey, NoKey};
use smidgen_patch::verify::{Anything, BackgroundSha256};
use smidgen_patch::{Error, Extensions, Header, Patcher, SoftwareSha256, Target, Vouched};
use thiserror::Error;

use crate::bsdiff40::{self, Bsdiff40Error};
use crate::digest::base_digest;

/// How an image is restored: by which key, and where expanded files are kept.
///
/// ```
/// use smidgen_diff::{Kept, Options, Restore, Silent, diff};
/// let (old, new) = (b"one image", b"another image");
/// let package = diff(old, new, &Options::default(), &Silent)?.bytes;
/// let mut target = Kept::all();
/// Restore::default().restore(old, &package, &mut target).expect("a sound package");
/// assert_eq!(target.bytes, new);
/// # Ok::<(), smidgen_diff::DiffError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Restore<'a, K = NoKey> {
    key: K,
    streams: &'a dyn Streams,
}

/// Why an image was not restored.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RestoreError<E> {
    /// The decoder refused the package, the base or the result, or the target failed.
    #[error(transparent)]
    Target(E),
    /// The BSDIFF40 patch is damaged.
    #[error(transparent)]
    Classic(Bsdiff40Error),
    /// The target's SHA-256 is right, and its MD5 is not the header's.
    #[error("the target has another MD5 than the package states")]
    Md5,
}

/// Workspace of a codec that needs one for the header only; the base is also checked in pieces of this size.
const PIECE: usize = 64 << 10;

impl Default for Restore<'_> {
    /// Without a key, expanded files in memory.
    fn default() -> Self {
        Self { key: NoKey, streams: &InMemory }
    }
}

impl<'a, K> Restore<'a, K> {
    /// The same with a key for encrypted packages.
    #[must_use]
    pub fn with_key<L: DecryptionKey>(self, key: L) -> Restore<'a, L> {
        Restore { key, streams: self.streams }
    }

    /// The same with expanded files kept there.
    #[must_use]
    pub fn with_streams(self, streams: &'a dyn Streams) -> Self {
        Self { streams, ..self }
    }
}

impl<K: DecryptionKey + Send> Restore<'_, K> {
    /// Restores the image of `package` from `base` into `target`, which must not be used after an error.
    ///
    /// The decoder is the device's own, in exactly the memory that the package states. Both digests are checked as there, but
    /// beside it, so a target may be written before a wrong base is found; so is the MD5 where the header has one. A
    /// BSDIFF40 patch has no digests: whatever comes out is taken.
    ///
    /// # Errors
    /// Why the package or the base is refused; errors of the target.
    pub fn restore<T>(self, base: &[u8], package: &[u8], target: T) -> Result<(), RestoreError<T::Error>>
    where
        T: Target<Error: Send> + Send,
    {
        if bsdiff40::is_bsdiff40(package) {
            return restore_classic(base, package, target);
        }
        let (header, extensions, length) = Header::parse_extended(package)?;
        let lanes = Lanes::read(extensions.lanes.filter(|_| extensions.container.is_none()), &header)?;
        let in_lanes = (lanes.as_slice().len() > 1 && extensions.encryption.is_none()).then_some(lanes);
        let mut md5 = header.target_md5.map(|_| Md5::new());
        let target = Summed { target, md5: md5.as_mut() };
        // Another size is an error of its own. Otherwise a wrong base explains every error.
        let is_other = || base.len() == header.base_size as usize && base_digest(base) != header.base_digest;
        let (is_other, restored) = rayon::join(is_other, || match &in_lanes {
            Some(lanes) => lanes::restore(base, (&header, lanes), &package[length..], target),
            None => self.decode(base, package, (&header, &extensions), target),
        });
        if is_other {
            return Err(Error::BaseDigest.into());
        }
        restored.map_err(RestoreError::Target)?;
        let found: Option<[u8; 16]> = md5.map(|md5| md5.finalize().into());
        if found == header.target_md5 { Ok(()) } else { Err(RestoreError::Md5) }
    }

    fn decode<T: Target>(
        self,
        base: &[u8],
        package: &[u8],
        (header, extensions): (&Header, &Extensions<'_>),
        target: T,
    ) -> Result<(), T::Error> {
        let base = Vouched { base, digest: header.base_digest };
        if extensions.container.is_some() {
            return self.rebuild(base, package, extensions.encryption.is_some(), target);
        }
        let length = header.codec.models().map_or(PIECE, |_| HEADER_LIMIT.max(header.ram as usize));
        // The decoder's workspace is aligned to four bytes.
        let mut memory = vec![0; length + 3];
        let start = memory.as_ptr().align_offset(4);
        let workspace = &mut memory[start..start + length];
        let mut patcher =
            Patcher::<_, _, BackgroundSha256, _, _>::with_key(workspace, base, target, Anything, self.key);
        patcher.push(package)?;
        patcher.finish().map(drop)
    }

    /// Restores a compressed file.
    fn rebuild<T: Target>(
        self,
        base: Vouched<&[u8]>,
        package: &[u8],
        encrypted: bool,
        target: T,
    ) -> Result<(), T::Error> {
        let mut room = Vec::new();
        let opened = if encrypted {
            Opened::unlocked::<SoftwareSha256, _, _>(package, &Anything, &self.key, &Limits::NONE, &mut room)
        } else {
            Opened::new::<SoftwareSha256>(package)
        };
        let package = opened?.ok_or(Error::Corrupt)?;
        let record = &package.record;
        let written = if package.header.read_back { record.target_size } else { 0 };
        let expanded = self.streams.scratch(Form::Base, record.base_size)?;
        let written = self.streams.scratch(Form::Target, written)?;
        container::restore::<_, _, BackgroundSha256>(&package, base, target, expanded, written).map(drop)
    }
}

fn restore_classic<T: Target>(
    base: &[u8],
    package: &[u8],
    mut target: T,
) -> Result<(), RestoreError<T::Error>> {
    let limit = u64::from(target.limit().min(IMAGE_LIMIT));
    let made = bsdiff40::decode(base, package, limit).map_err(RestoreError::Classic)?;
    target.begin(made.len() as u32).and_then(|()| target.write(&made)).map_err(RestoreError::Target)
}

impl<E: From<Error>> From<Error> for RestoreError<E> {
    fn from(error: Error) -> Self {
        Self::Target(error.into())
    }
}

impl RestoreError<Error> {
    /// The decoder's error that is nearest: for those who know no others.
    #[must_use]
    pub const fn code(&self) -> Error {
        match self {
            Self::Target(error) => *error,
            Self::Classic(_) => Error::Corrupt,
            Self::Md5 => Error::TargetDigest,
        }
    }
}

/// A target whose MD5 is computed.
struct Summed<'m, T> {
    target: T,
    md5: Option<&'m mut Md5>,
}

impl<T: Target> Target for Summed<'_, T> {
    type Error = T::Error;

    fn limit(&self) -> u32 {
        self.target.limit()
    }

    fn announce(&mut self, header: &Header) -> Result<(), T::Error> {
        self.target.announce(header)
    }

    fn begin(&mut self, size: u32) -> Result<(), T::Error> {
        self.target.begin(size)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), T::Error> {
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
        self.target.write(bytes)
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), T::Error> {
        self.target.read(offset, buffer)
    }
}
