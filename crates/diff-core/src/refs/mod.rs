//! What the search must not be disturbed by: reference operands, masked out (`docs/format.md`, section 7).

use std::borrow::Cow;

use patch_nostd::refs::{AddressSpace, REFERENCE_LENGTH, ReferenceKind};
use patch_nostd::wire::RegionKind;
use rayon::prelude::*;

/// Bytes masked as one unit of parallel work; a multiple of four.
const CHUNK: usize = 1 << 20;

/// A copy of `image` in which every reference that a region of `kind` could hold keeps only what does not move.
#[must_use]
pub fn masked<'a>(image: &'a [u8], kind: RegionKind, space: &AddressSpace) -> Cow<'a, [u8]> {
    let mut copy = Cow::Borrowed(image);
    if kind != RegionKind::Bytes {
        copy.to_mut().par_chunks_mut(CHUNK).enumerate().for_each(|(index, chunk)| {
            mask(chunk, kind, space.base_address.wrapping_add((index * CHUNK) as u32), space);
        });
    }
    copy
}

/// Masks in place; `address` is the first byte's.
fn mask(bytes: &mut [u8], kind: RegionKind, address: u32, space: &AddressSpace) {
    let mut at = 0;
    while let Some(found) = bytes.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<4>()) {
        match ReferenceKind::find(kind, *found, address.wrapping_add(at as u32), space) {
            Some(reference) => {
                *found = reference.mask(*found);
                at += REFERENCE_LENGTH;
            }
            None => at += 1,
        }
    }
}
