//! From two images to a proved package.

use crate::api::{Containers, DiffError, Options, Package, Progress, Stage, check_cancelled};
use crate::bsdiff40;
use crate::container;
use crate::engine::{self, TargetImage};
use crate::proof::{prove, prove_in_place};
use crate::search::{Index, SearchOptions, find_matches};

/// Makes the package that turns `base` into `target`, and proves it with the device's own decoder.
///
/// The bytes depend on the images and the options only, never on the number of threads.
pub fn diff(
    base: &[u8],
    target: &[u8],
    options: &Options,
    progress: &dyn Progress,
) -> Result<Package, DiffError> {
    diff_to(base, &TargetImage::new(target), options, progress)
}

/// Like [`diff`], where several packages lead to the same target: what depends on that one only is done once.
///
/// # Errors
/// [`DiffError::Cancelled`] soon after `progress` says that nobody wants the package any more, and what [`diff`] says.
pub fn diff_to(
    base: &[u8],
    target: &TargetImage,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Package, DiffError> {
    let outcome = match options.containers {
        // What takes the place of its base in flash is no file.
        _ if options.in_place.is_some() => container::Outcome::default(),
        Containers::Auto => container::diff(base, target.bytes(), options, progress)?,
        Containers::None => container::Outcome::default(),
    };
    let mut package = match outcome.package {
        Some(package) if !is_doubtful(&package, target.bytes()) => package,
        Some(package) => {
            let plain = plain(base, target, options, progress)?;
            if plain.bytes.len() < package.bytes.len() { plain } else { package }
        }
        None => plain(base, target, options, progress)?,
    };
    // Nobody minds what costs nothing.
    if package.bytes.len() > target.bytes().len() / NOTED {
        package.notes = outcome.notes;
    }
    Ok(package)
}

/// Notes are for packages of more than one part of the new file in so many.
const NOTED: usize = 16;

/// Whether what is in the files may have been no help: then they are also compared as they are. Large ones are not:
/// noise takes long.
fn is_doubtful(package: &Package, target: &[u8]) -> bool {
    target.len() <= DOUBTED && package.bytes.len() > target.len() / 2
}

const DOUBTED: usize = 8 << 20;

/// The package of two images as they are.
fn plain(
    base: &[u8],
    target: &TargetImage,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Package, DiffError> {
    let package = engine::make(base, target, options, progress)?;
    progress.begin(Stage::Prove, 1);
    check_cancelled(progress)?;
    prove(base, target.bytes(), &package.bytes).map_err(DiffError::NotProved)?;
    if let Some(flash) = &options.in_place {
        prove_in_place(flash, base, target.bytes(), &package.bytes).map_err(DiffError::NotProved)?;
    }
    Ok(package)
}

/// Makes a BSDIFF40 patch that turns `base` into `target`, and proves it by applying it.
pub fn diff_bsdiff40(base: &[u8], target: &[u8], progress: &dyn Progress) -> Result<Vec<u8>, DiffError> {
    progress.begin(Stage::Search, 1);
    let index = Index::build(base)?;
    let covers = find_matches(&index, target, &SearchOptions::default());
    drop(index);
    progress.begin(Stage::Encode, 1);
    let patch = bsdiff40::encode(base, target, &covers)?;
    progress.begin(Stage::Prove, 1);
    if bsdiff40::decode(base, &patch, target.len() as u64)? == target {
        Ok(patch)
    } else {
        Err(DiffError::NotProved(patch_nostd::Error::TargetDigest))
    }
}
