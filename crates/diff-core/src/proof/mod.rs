//! Proof: every package is applied by the device's own decoder before it is returned.

mod in_place;

pub(crate) use in_place::prove_in_place;

use smidgen_patch::Vouched;
use smidgen_patch::container::{InProcess, Opened, Scratch, restore};
use smidgen_patch::secrecy::{DecryptionKey, NoKey};
use smidgen_patch::verify::{Anything, BackgroundSha256};
use smidgen_patch::{Error, Header, Patcher, SoftwareSha256, Target};

use crate::digest::base_digest;
use crate::images::Images;

/// Applies `package` to `base` and compares what comes out with `target`, byte by byte.
///
/// Both digests are checked as on a device, but beside the decoder: of large images they take longer than all the rest.
///
/// # Errors
/// What the decoder reports; [`Error::BaseDigest`] for another base, [`Error::TargetDigest`] for another target.
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
    let (header, _) = Header::parse(package)?;
    let (digest, applied) =
        rayon::join(|| base_digest(base), || apply(&header, Images { base, target }, package, key));
    // Another size is an error of its own. Otherwise a wrong base explains every error.
    if digest == header.base_digest || applied == Err(Error::BaseSize) {
        applied
    } else {
        Err(Error::BaseDigest)
    }
}

fn apply<K: DecryptionKey>(
    header: &Header,
    Images { base, target }: Images,
    package: &[u8],
    key: K,
) -> Result<(), Error> {
    let mut memory = vec![0; header.ram as usize + 3];
    let start = memory.as_ptr().align_offset(4);
    let output = Comparison { expected: target, position: 0 };
    // Exactly the memory that the header states.
    let workspace = &mut memory[start..start + header.ram as usize];
    let base = Vouched { base, digest: header.base_digest };
    let mut patcher =
        Patcher::<_, _, BackgroundSha256, _, _>::with_key(workspace, base, output, Anything, key);
    patcher.push(package)?;
    let output = patcher.finish()?;
    if output.position == target.len() { Ok(()) } else { Err(Error::TargetDigest) }
}

/// Applies the package of a container; `expanded` are the forms that its recipes make of both files.
pub(crate) fn prove_container(
    Images { base, target }: Images,
    expanded: Images,
    package: &[u8],
) -> Result<(), Error> {
    let package = Opened::new::<SoftwareSha256>(package)?.ok_or(Error::Corrupt)?;
    let [output, expanded_base, written] =
        [target, expanded.base, expanded.target].map(|expected| Comparison { expected, position: 0 });
    let output = restore::<_, _, BackgroundSha256>(
        &package,
        base,
        output,
        expanded_base,
        written,
        &InProcess::default(),
    )?;
    if output.position == target.len() { Ok(()) } else { Err(Error::TargetDigest) }
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
        if size as usize == self.expected.len() { Ok(()) } else { Err(Error::TargetWrite) }
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
