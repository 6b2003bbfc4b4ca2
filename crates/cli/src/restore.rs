//! Restoring with the device's own decoder, with progress and the MD5 that the decoder leaves to others.

use std::time::Duration;

use diff_core::release::Keys;
use md5::{Digest, Md5};
use patch_nostd::apply::Vouched;
use patch_nostd::container::Opened;
use patch_nostd::verify::BackgroundSha256;
use patch_nostd::wire::{Codec, HEADER_LIMIT};
use patch_nostd::{Anything, Base, Error, Header, Patcher, Target};
use serde_json::json;

use crate::containers;
use crate::failure::Failure;
use crate::image::Image;
use crate::json::{Object, base_digest, codec_name, hex, object, seconds, sha256};
use crate::package::Smidgen;
use crate::progress::Bar;

/// Workspace of a codec that needs none but for the header: also the pieces that the base is checked in.
const PIECE: usize = 64 << 10;

/// Restores the target image of `package` into `target`, which must not be used after an error.
pub(crate) fn restore(old: &Image, package: &Smidgen, target: impl Target, bar: &Bar) -> Result<(), Failure> {
    let mut md5 = package.header.target_md5.map(|_| Md5::new());
    bar.stage("restoring", package.header.target_size.into());
    let watched = Watched { target, md5: md5.as_mut(), bar };
    run(old, package, watched).map_err(|error| package.explain(error, old))?;
    let found: Option<[u8; 16]> = md5.map(|md5| md5.finalize().into());
    if found == package.header.target_md5 { Ok(()) } else { Err(wrong_md5(package)) }
}

/// What `--json` says about a target that was restored.
pub(crate) fn restored_json(package: &Smidgen, time: Duration) -> Object {
    let header = &package.header;
    object(json!({
        "format": "smidgen",
        "codec": codec_name(&header.codec),
        "package_size": package.file.len(),
        "base_size": header.base_size,
        "base_digest": base_digest(header),
        "target_size": header.target_size,
        "target_digest": hex(&header.target_digest),
        "target_md5": header.target_md5.map(|digest| hex(&digest)),
        "ram": header.ram,
        "seconds": seconds(time),
    }))
}

fn run(old: &Image, package: &Smidgen, target: impl Target) -> Result<(), Error> {
    // The output has a temporary name until all is known, so that decoding need not wait for the base's digest.
    let base = Vouched { base: &**old, digest: package.header.base_digest };
    std::thread::scope(|scope| {
        let digest = scope.spawn(|| sha256(old));
        let restored = decode(package, base, target);
        let digest_is_right =
            digest.join().is_ok_and(|digest| digest.starts_with(&package.header.base_digest));
        // An empty base has none, and another size is an error of its own. Otherwise a wrong base explains every error.
        let vouched = !old.is_empty() && old.len() == package.header.base_size as usize;
        if vouched && !digest_is_right { Err(Error::BaseDigest) } else { restored }
    })
}

fn decode(package: &Smidgen, base: impl Base, target: impl Target) -> Result<(), Error> {
    if let Some(container) = Opened::new::<BackgroundSha256>(package.plain())? {
        return containers::restore(base, &container, target);
    }
    let length = workspace_length(&package.header);
    // The decoder wants it aligned to four bytes.
    let mut memory = vec![0; length + 3];
    let start = memory.as_ptr().align_offset(4);
    let workspace = &mut memory[start..start + length];
    let keys = Keys(&package.keys);
    let mut patcher =
        Patcher::<_, _, BackgroundSha256, _, _>::with_key(workspace, base, target, Anything, keys);
    patcher.push(&package.file)?;
    patcher.finish().map(drop)
}

/// For `cm` exactly what the header states, so that it is proved; other codecs take theirs from the heap.
fn workspace_length(header: &Header) -> usize {
    match header.codec {
        Codec::Cm { .. } => HEADER_LIMIT.max(header.ram as usize),
        Codec::Zstd { .. } => PIECE,
    }
}

fn wrong_md5(package: &Smidgen) -> Failure {
    let message = format!("{}: the restored image has the wrong MD5", package.file.name());
    Failure::package(message).note("its SHA-256 is right: the header was made with a wrong MD5, make it anew")
}

/// A target whose growth is seen.
struct Watched<'a, T> {
    target: T,
    md5: Option<&'a mut Md5>,
    bar: &'a Bar,
}

impl<T: Target> Target for Watched<'_, T> {
    fn limit(&self) -> u32 {
        self.target.limit()
    }

    fn begin(&mut self, size: u32) -> Result<(), Error> {
        self.target.begin(size)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
        self.bar.steps(bytes.len() as u64);
        self.target.write(bytes)
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        self.target.read(offset, buffer)
    }
}
