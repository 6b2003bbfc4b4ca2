//! Packages of compressed files: finds the streams, chooses which to expand, and makes the package of their contents.
//!
//! The way is: `scan` both files, `select` the streams that are worth it, `analyse` how those of the target are
//! made, expand both files with the device's own code, make a package of the expanded forms, and put the recipes before
//! its body. The restoring side, and the recipes, are [`smidgen_patch::container`].

mod align;
mod analyse;
mod compressed;
mod followed;
mod found;
mod scan;
mod select;
mod sketch;
mod target;
mod unopened;

use md5::{Digest, Md5};
use miniz_oxide::deflate::compress_to_vec;
use smidgen_patch::header::{Extensions, Header, IMAGE_LIMIT};
use smidgen_patch::internals::container::{Level, Record, Side, expand, part_limit};

use crate::api::{DiffError, Note, Options, Package, Progress, Stage, Unexpanded};
use crate::digest::{base_digest, sha256};
use crate::engine::{self, TargetImage};
use crate::images::Images;
use crate::proof;
use found::{Found, level};
pub use target::TargetFile;

/// Both files expanded, and the recipes by which they were.
struct Expanded {
    base_recipe: Level,
    target_recipe: Level,
    base: Vec<u8>,
    target: Vec<u8>,
}

/// The outcome for two files with compressed streams.
#[derive(Default)]
pub(crate) struct Outcome {
    /// The package, unless expanding gains nothing.
    pub(crate) package: Option<Package>,
    /// Why streams were not expanded.
    pub(crate) notes: Vec<Note>,
    /// Why none was, if expanding some may have gained anything: said however small the package is.
    pub(crate) unexpanded: Option<Note>,
}

impl Outcome {
    /// The outcome for files that are not expanded for this reason.
    pub(crate) fn withheld(base: &[u8], target: &TargetFile, reason: Unexpanded) -> Self {
        let gains = selected(base, target).is_some();
        Self { unexpanded: gains.then_some(Note::NotExpanded { reason }), ..Self::default() }
    }
}

/// Makes and proves the package of two files through what is in them.
pub(crate) fn diff(
    base: &[u8],
    target: &TargetFile,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Outcome, DiffError> {
    progress.begin(Stage::Expand, 1);
    let images = Images { base, target: target.bytes() };
    let mut outcome = Outcome::default();
    outcome.notes.extend(target.unopened().map(|format| Note::NotOpened { format }));
    let Some((mut in_base, mut in_target)) = selected(base, target) else { return Ok(outcome) };
    let lost = analyse::analyse(images.base, &mut in_base, images.target, &mut in_target);
    outcome.notes.extend(lost.note());
    let Some(expanded) = expanded(images, &in_base, &in_target) else { return Ok(outcome) };
    match assemble(images, &expanded, options, progress) {
        Err(DiffError::NotProved(error)) => outcome.notes.push(Note::ContainerNotProved { error }),
        made => outcome.package = Some(made?),
    }
    Ok(outcome)
}

/// What is found in both files, with a mark at what is worth expanding; `None` if nothing is.
fn selected(base: &[u8], target: &TargetFile) -> Option<(Vec<Found>, Vec<Found>)> {
    let (mut in_base, mut in_target) = rayon::join(|| scan::scan(base), || target.found().to_vec());
    let images = Images { base, target: target.bytes() };
    select::select(images, &mut in_base, &mut in_target).then_some((in_base, in_target))
}

/// Expands both files; `None` if no stream is left, or what comes out is too large.
fn expanded(images: Images, in_base: &[Found], in_target: &[Found]) -> Option<Expanded> {
    let (base_recipe, target_recipe) = (level(in_base, Side::Base), level(in_target, Side::Target));
    if base_recipe.streams() == 0 && target_recipe.streams() == 0 {
        return None;
    }
    let (base, target) = rayon::join(
        || expand_all(images.base, &base_recipe, IMAGE_LIMIT),
        || expand_all(images.target, &target_recipe, IMAGE_LIMIT),
    );
    Some(Expanded { base_recipe, target_recipe, base: base?, target: target? })
}

/// Makes the package, which is the recipes and the body between the expanded forms, and proves it.
fn assemble(
    images: Images,
    expanded: &Expanded,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Package, DiffError> {
    let inner = Options { md5: false, body_digest: false, ..options.clone() };
    let inner = engine::make(&expanded.base, &TargetImage::new(&expanded.target), &inner, progress)?;
    let Expanded { base_recipe, target_recipe, .. } = expanded;
    let recipes = Level::write_both(base_recipe, target_recipe);
    let parts = base_recipe.parts() + target_recipe.parts();
    let packed = packed(&recipes, parts);
    let record = Record {
        base_size: inner.header.base_size,
        target_size: inner.header.target_size,
        recipe_size: packed.len() as u32,
        recipe_length: recipes.len() as u32,
        // Beyond all limits the proof refuses them.
        parts: u32::try_from(parts).unwrap_or(u32::MAX),
        tokens: u32::try_from(target_recipe.held()).unwrap_or(u32::MAX),
        kept: u32::try_from(base_recipe.kept().0).unwrap_or(u32::MAX),
        work: u32::try_from(base_recipe.work(Side::Base).max(target_recipe.work(Side::Target)))
            .unwrap_or(u32::MAX),
    };
    let start = inner.bytes.len() - inner.header.body_length as usize;
    let body = [&packed, &inner.bytes[start..]].concat();
    let mut header = inner.header;
    header.base_size = images.base.len() as u32;
    header.target_size = images.target.len() as u32;
    header.base_digest = base_digest(images.base);
    header.target_digest = sha256(images.target);
    header.target_md5 = options.md5.then(|| Md5::digest(images.target).into());
    header.body_length = body.len() as u32;
    header.body_digest = options.body_digest.then(|| sha256(&body));
    let value = record.to_bytes();
    let (_, Extensions { lanes, .. }, _) = Header::parse_extended(&inner.bytes)
        .map_err(|_| DiffError::Internal("a package was made that cannot be read"))?;
    let extensions = Extensions { container: Some(&value), lanes, ..options.identity.extensions()? };
    let mut bytes = header.to_bytes_with(&extensions);
    bytes.extend_from_slice(&body);
    progress.begin(Stage::Prove, 1);
    let expanded = Images { base: &expanded.base, target: &expanded.target };
    proof::prove_container(images, expanded, &bytes).map_err(DiffError::NotProved)?;
    Ok(Package { bytes, header, report: inner.report, notes: Vec::new() })
}

/// The recipes deflated, if that makes them smaller, but not too small for what is in them.
fn packed(recipes: &[u8], parts: usize) -> Vec<u8> {
    let packed = compress_to_vec(recipes, 9);
    let allowed = parts as u64 <= part_limit(packed.len() as u32);
    if allowed && packed.len() < recipes.len() { packed } else { recipes.to_vec() }
}

/// The expanded form of a file, unless it has more than `limit` bytes.
pub(crate) fn expand_all(mut file: &[u8], recipe: &Level, limit: u32) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let out = &mut |part: &[u8]| {
        bytes.extend_from_slice(part);
        Ok(())
    };
    expand(&mut file, recipe, limit, out).ok()?;
    bytes.shrink_to_fit();
    Some(bytes)
}
