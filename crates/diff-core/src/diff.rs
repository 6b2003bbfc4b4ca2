//! From two images to a proved package.

use crate::api::{DiffError, Expansion, Note, Options, Package, Progress, Stage, check_cancelled};
use crate::bsdiff40;
use crate::container::{self, Outcome, TargetFile};
use crate::engine;
use crate::images::Images;
use crate::proof::{prove, prove_in_place};
use crate::search::{Index, SearchOptions, find_matches};

/// Makes the package that turns `base` into `target`, and proves it with the device's own decoder.
///
/// The bytes depend on the images and the options only, never on the number of threads.
///
/// # Errors
/// Images or options that make no package, and [`DiffError::Cancelled`] soon after `progress` asks for it.
pub fn diff(
    base: &[u8],
    target: &[u8],
    options: &Options,
    progress: &dyn Progress,
) -> Result<Package, DiffError> {
    diff_to(base, &TargetFile::new(target), options, progress)
}

/// Like [`diff`], where several packages lead to the same target: what depends on that one only is done once.
///
/// # Errors
/// What [`diff`] says.
pub fn diff_to(
    base: &[u8],
    target: &TargetFile,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Package, DiffError> {
    let images = Images { base, target: target.bytes() };
    let options = &options.settled(images.target.len())?;
    let mut outcome = match options.expansion() {
        Expansion::Wanted => container::diff(base, target, options, progress)?,
        Expansion::Off => Outcome::default(),
        Expansion::Withheld(reason) => Outcome::withheld(base, target, reason),
    };
    if let Some(reason) = outcome.package.as_ref().and_then(|package| options.too_large(package)) {
        (outcome.package, outcome.unexpanded) = (None, Some(Note::NotExpanded { reason }));
    }
    let mut package = match outcome.package {
        Some(package) if !is_doubtful(&package, images.target) => package,
        expanded => {
            let plain = engine::make(base, target.image(), options, progress)?;
            progress.begin(Stage::Prove, 1);
            check_cancelled(progress)?;
            prove(base, images.target, &plain.bytes).map_err(DiffError::NotProved)?;
            if let Some(flash) = &options.in_place {
                prove_in_place(flash, base, &plain.bytes).map_err(DiffError::NotProved)?;
            }
            expanded.filter(|package| package.bytes.len() <= plain.bytes.len()).unwrap_or(plain)
        }
    };
    let (base, target) = (base.len() as u64, images.target.len() as u64);
    package.notes.extend(Note::about(base, target, images.base == images.target));
    if package.bytes.len() > images.target.len() / NOTED {
        package.notes.extend(outcome.notes);
    }
    package.notes.extend(outcome.unexpanded);
    if let Some(device) = &options.device {
        device.check_package(&package.bytes)?;
    }
    Ok(package)
}

/// Packages smaller than this part of the target carry no notes: there is little left to gain.
const NOTED: usize = 16;

/// Whether expanding the files may have gained nothing: then they are also compared as they are. Large ones are not, as
/// noise takes long.
fn is_doubtful(package: &Package, target: &[u8]) -> bool {
    target.len() <= DOUBTED && package.bytes.len() > target.len() / 2
}

const DOUBTED: usize = 8 << 20;

/// Makes a BSDIFF40 patch that turns `base` into `target`, and proves it by applying it.
///
/// # Errors
/// Images that are too large for the format.
pub fn diff_bsdiff40(base: &[u8], target: &[u8], progress: &dyn Progress) -> Result<Vec<u8>, DiffError> {
    progress.begin(Stage::Search, 1);
    let index = Index::build(base)?;
    let covers = find_matches(&index, target, &SearchOptions::default());
    drop(index);
    progress.begin(Stage::Encode, 1);
    let patch = bsdiff40::encode::encode(base, target, &covers)?;
    progress.begin(Stage::Prove, 1);
    if bsdiff40::decode(base, &patch, target.len() as u64)? == target {
        Ok(patch)
    } else {
        Err(DiffError::NotProved(smidgen_patch::Error::TargetDigest))
    }
}
