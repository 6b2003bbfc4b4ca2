//! Puts a container's package together: the recipes, then the body between the expanded forms.

use md5::{Digest, Md5};
use miniz_oxide::deflate::compress_to_vec;
use patch_nostd::internals::container::{Level, Record, part_limit};
use patch_nostd::internals::wire::Extensions;

use super::Expanded;
use crate::api::{DiffError, Options, Package, Progress, Stage};
use crate::digest::{base_digest, sha256};
use crate::engine::{self, TargetImage};
use crate::proof;

/// Makes the package and proves it.
pub(crate) fn assemble(
    (base, target): (&[u8], &[u8]),
    expanded: &Expanded,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Package, DiffError> {
    let inner = Options { md5: false, body_digest: false, ..options.clone() };
    let inner = engine::make(&expanded.base, &TargetImage::new(&expanded.target), &inner, progress)?;
    let recipes = Level::write_both(&expanded.recipes.0, &expanded.recipes.1);
    let (_, made) = &expanded.recipes;
    let parts = expanded.recipes.0.parts() + made.parts();
    let packed = packed(&recipes, parts);
    let record = Record {
        base_size: inner.header.base_size,
        target_size: inner.header.target_size,
        recipe_size: packed.len() as u32,
        recipe_length: recipes.len() as u32,
        // Beyond all limits the proof refuses them.
        parts: u32::try_from(parts).unwrap_or(u32::MAX),
        piece: u32::try_from(made.held()).unwrap_or(u32::MAX),
    };
    let start = inner.bytes.len() - inner.header.body_length as usize;
    let body = [&packed, &inner.bytes[start..]].concat();
    let mut header = inner.header;
    header.base_size = base.len() as u32;
    header.target_size = target.len() as u32;
    header.base_digest = base_digest(base);
    header.target_digest = sha256(target);
    header.target_md5 = options.md5.then(|| Md5::digest(target).into());
    header.body_length = body.len() as u32;
    header.body_digest = options.body_digest.then(|| sha256(&body));
    let value = record.to_bytes();
    let extensions = Extensions { container: Some(&value), ..options.identity.extensions()? };
    let mut bytes = header.to_bytes_with(&extensions);
    bytes.extend_from_slice(&body);
    progress.begin(Stage::Prove, 1);
    proof::prove_container((base, target), (&expanded.base, &expanded.target), &bytes)
        .map_err(DiffError::NotProved)?;
    Ok(Package { bytes, header, report: inner.report, notes: Vec::new() })
}

/// The recipes deflated, if that makes them smaller, but not too small for what is in them.
fn packed(recipes: &[u8], parts: usize) -> Vec<u8> {
    let packed = compress_to_vec(recipes, 9);
    let allowed = parts as u64 <= part_limit(packed.len() as u32);
    if allowed && packed.len() < recipes.len() { packed } else { recipes.to_vec() }
}
