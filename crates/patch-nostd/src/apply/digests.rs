//! Digests of a restore: the base's is compared before anything is written (`docs/format.md`, section 8).

use core::ops::Range;

use super::io::Base;
use crate::Error;
use crate::verify::Sha256;
#[cfg(feature = "containers")]
use crate::wire::Header;

/// Compares size and SHA-256 of the base, all at once.
#[cfg(feature = "containers")]
pub(crate) fn check_base<B, D, E>(base: &mut B, header: &Header, buffer: &mut [u8]) -> Result<(), E>
where
    B: Base<Error: Into<E>>,
    D: Sha256,
    E: From<Error>,
{
    if base.size() != header.base_size {
        return Err(Error::BaseSize.into());
    }
    if header.base_size == 0 {
        return Ok(());
    }
    let mut known = base.digest();
    if known.is_none() {
        let mut digest = D::start();
        hash_base(base, &mut digest, 0..header.base_size, buffer)?;
        known = beginning(digest);
    }
    if known == Some(header.base_digest) { Ok(()) } else { Err(Error::BaseDigest.into()) }
}

/// Adds a part of the base to a digest, a buffer at a time.
pub(super) fn hash_base<B, D, E>(
    base: &mut B,
    digest: &mut D,
    part: Range<u32>,
    buffer: &mut [u8],
) -> Result<(), E>
where
    B: Base<Error: Into<E>>,
    D: Sha256,
    E: From<Error>,
{
    let Range { start: mut offset, end } = part;
    while offset < end {
        let count = buffer.len().min((end - offset) as usize);
        let part = buffer.get_mut(..count).filter(|part| !part.is_empty()).ok_or(Error::WorkspaceTooSmall)?;
        base.read(offset, part).map_err(Into::into)?;
        digest.update(part);
        offset += count as u32;
    }
    Ok(())
}

/// The first 16 bytes of a SHA-256.
pub(super) fn beginning<D: Sha256>(digest: D) -> Option<[u8; 16]> {
    digest.finish().first_chunk().copied()
}

/// Whether a digest that was kept is the expected one; where none was kept, none is expected.
pub(super) fn matches<D: Sha256>(digest: &mut Option<D>, expected: Option<&[u8; 32]>) -> bool {
    match (digest.take(), expected) {
        (Some(digest), Some(expected)) => digest.finish() == *expected,
        (digest, expected) => digest.is_none() && expected.is_none(),
    }
}
