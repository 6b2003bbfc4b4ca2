//! Restoring with the device's own decoder, with progress and the check of the MD5, which the decoder leaves out.

use std::time::Duration;

use md5::{Digest, Md5};
use smidgen_diff::release::Keys;
use smidgen_patch::Vouched;
use smidgen_patch::container::Opened;
use smidgen_patch::header::{Codec, HEADER_LIMIT};
use smidgen_patch::verify::BackgroundSha256;
use smidgen_patch::{Anything, Base, Error, Header, Patcher, Target};

use super::containers;
use super::image::Image;
use super::output::Stopped;
use super::package::Smidgen;
use crate::report::{Bar, Failure, Object, json, seconds, sha256};

/// Workspace of a codec that needs one for the header only; the base is also checked in pieces of this size.
const PIECE: usize = 64 << 10;

/// Restores the target image of `package` into `target`, which must not be used after an error.
pub(crate) fn restore(
    base: &Image,
    package: &Smidgen,
    target: impl Target<Error: Into<Stopped>>,
    bar: &Bar,
) -> Result<(), Failure> {
    let mut md5 = package.header.target_md5.map(|_| Md5::new());
    bar.stage("restoring", package.header.target_size.into());
    let watched = Watched { target, md5: md5.as_mut(), bar };
    run(base, package, watched).map_err(|stopped| match stopped {
        Stopped::Decoder(error) => package.explain(error, base),
        Stopped::Output(failure) => failure,
    })?;
    let found: Option<[u8; 16]> = md5.map(|md5| md5.finalize().into());
    if found == package.header.target_md5 { Ok(()) } else { Err(wrong_md5(package)) }
}

/// The members for `--json` of a target that was restored.
pub(crate) fn restored_json(package: &Smidgen, time: Duration) -> Object {
    let mut fields = json::summary(&package.header, package.file.len());
    fields.insert("seconds".to_owned(), seconds(time));
    fields
}

fn run(image: &Image, package: &Smidgen, target: impl Target<Error = Stopped>) -> Result<(), Stopped> {
    // The output has a temporary name until the end, so decoding need not wait for the base's digest.
    let base = Vouched { base: &**image, digest: package.header.base_digest };
    std::thread::scope(|scope| {
        let digest = scope.spawn(|| sha256(image));
        let restored = decode(package, base, target);
        let digest_is_right =
            digest.join().is_ok_and(|digest| digest.starts_with(&package.header.base_digest));
        // An empty base has no digest, and another size is an error of its own. A wrong base explains all other errors.
        let vouched = !image.is_empty() && image.len() == package.header.base_size as usize;
        if vouched && !digest_is_right { Err(Error::BaseDigest.into()) } else { restored }
    })
}

fn decode(
    package: &Smidgen,
    base: impl Base<Error = Error>,
    target: impl Target<Error = Stopped>,
) -> Result<(), Stopped> {
    if let Some(container) = Opened::new::<BackgroundSha256>(package.plain())? {
        return containers::restore(base, &container, target);
    }
    let length = workspace_length(&package.header);
    // The decoder's workspace is aligned to four bytes.
    let mut memory = vec![0; length + 3];
    let start = memory.as_ptr().align_offset(4);
    let workspace = &mut memory[start..start + length];
    let keys = Keys(&package.keys);
    let mut patcher =
        Patcher::<_, _, BackgroundSha256, _, _>::with_key(workspace, base, target, Anything, keys);
    patcher.push(&package.file)?;
    patcher.finish().map(drop)
}

/// For `cm` exactly what the header states, which proves it; other codecs take their memory from the heap.
fn workspace_length(header: &Header) -> usize {
    match header.codec {
        Codec::Cm { .. } => HEADER_LIMIT.max(header.ram as usize),
        Codec::Zstd { .. } => PIECE,
    }
}

fn wrong_md5(package: &Smidgen) -> Failure {
    Failure::package("the restored image has the wrong MD5")
        .about(package.file.path())
        .note("its SHA-256 is right: the header was made with a wrong MD5, make it anew")
}

/// A target that shows progress and computes the MD5.
struct Watched<'a, T> {
    target: T,
    md5: Option<&'a mut Md5>,
    bar: &'a Bar,
}

impl<T: Target<Error: Into<Stopped>>> Target for Watched<'_, T> {
    type Error = Stopped;

    fn limit(&self) -> u32 {
        self.target.limit()
    }

    fn begin(&mut self, size: u32) -> Result<(), Stopped> {
        self.target.begin(size).map_err(Into::into)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Stopped> {
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
        self.bar.steps(bytes.len() as u64);
        self.target.write(bytes).map_err(Into::into)
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Stopped> {
        self.target.read(offset, buffer).map_err(Into::into)
    }
}
