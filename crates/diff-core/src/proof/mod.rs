//! Proof: every package is applied by the device's own decoder before it is returned.

mod in_place;

pub(crate) use in_place::prove_in_place;
pub use in_place::replay_in_place;

use smidgen_patch::container::Scratch;
use smidgen_patch::secrecy::{DecryptionKey, NoKey};
use smidgen_patch::{Error, Target};

use crate::images::Images;
use crate::restore::{Form, InMemory, Restore, Streams};

/// Applies `package` to `base` and compares what comes out with `target`, byte by byte: a package of any sort.
///
/// Both digests are checked as on a device, but beside the decoder: of large images they take longer than all the rest.
///
/// # Errors
/// What the decoder reports: [`Error::BaseSize`] or [`Error::BaseDigest`] for another base, and [`Error::TargetDigest`] for
/// another target, also of another size; [`Error::Corrupt`] for BSDIFF40 with a larger one.
pub fn prove(base: &[u8], target: &[u8], package: &[u8]) -> Result<(), Error> {
    prove_with(base, target, package, NoKey)
}

/// The same of a package that may be encrypted, with a key for it.
pub(crate) fn prove_with<K: DecryptionKey + Send>(
    base: &[u8],
    target: &[u8],
    package: &[u8],
    key: K,
) -> Result<(), Error> {
    compare(Restore::default().with_key(key), Images { base, target }, package, &InMemory)
}

/// Applies the package of a container; `expanded` are the forms that its recipes make of both files.
pub(crate) fn prove_container(images: Images, expanded: Images, package: &[u8]) -> Result<(), Error> {
    compare(Restore::default(), images, package, &Expanded(expanded))
}

fn compare<K: DecryptionKey + Send>(
    restore: Restore<'_, K>,
    Images { base, target }: Images,
    package: &[u8],
    streams: &dyn Streams,
) -> Result<(), Error> {
    let mut output = Comparison { expected: target, position: 0 };
    let restored = restore.with_streams(streams).restore(base, package, &mut output);
    restored.map_err(|error| match error.code() {
        Error::SlotSize => Error::TargetDigest,
        error => error,
    })?;
    if output.position == target.len() { Ok(()) } else { Err(Error::TargetDigest) }
}

/// Expanded forms that are known.
struct Expanded<'a>(Images<'a>);

impl Streams for Expanded<'_> {
    fn scratch(&self, form: Form, _size: u32) -> Result<Box<dyn Scratch + '_>, Error> {
        let expected = match form {
            Form::Base => self.0.base,
            Form::Target => self.0.target,
        };
        Ok(Box::new(Comparison { expected, position: 0 }))
    }
}

/// A target whose contents are known: every write must match them.
struct Comparison<'a> {
    expected: &'a [u8],
    position: usize,
}

impl Target for Comparison<'_> {
    type Error = Error;

    fn limit(&self) -> u32 {
        u32::try_from(self.expected.len()).unwrap_or(u32::MAX)
    }

    fn begin(&mut self, size: u32) -> Result<(), Error> {
        if size as usize == self.expected.len() { Ok(()) } else { Err(Error::TargetDigest) }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let end = self.position + bytes.len();
        if self.expected.get(self.position..end) != Some(bytes) {
            return Err(Error::TargetDigest);
        }
        self.position = end;
        Ok(())
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        let start = offset as usize;
        let bytes = self.expected.get(start..start + buffer.len()).ok_or(Error::TargetRead)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

impl Scratch for Comparison<'_> {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.write(bytes)
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        Target::read(self, offset, buffer)
    }
}
