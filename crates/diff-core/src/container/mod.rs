//! Packages of compressed files: finds the streams, chooses which to expand, and has the engine work on what is in them.
//!
//! The way is: `scan` both files, `select` the streams that are worth it, `analyse` how those of the target are
//! made, expand both files with the device's own code, make a package of the expanded forms, and put the recipes before
//! its body. The restoring side, and the recipes, are [`patch_nostd::container`].

mod analyse;
mod assemble;
mod found;
mod inflate;
mod payload;
mod scan;
mod select;
mod sketch;
mod unopened;
mod zip;

pub use payload::{PayloadError, payload};

use patch_nostd::internals::container::{Level, Side, expand};
use patch_nostd::internals::wire::IMAGE_LIMIT;

use crate::api::{DiffError, Note, Options, Package, Progress, Stage};
use analyse::Verify;
use found::{Found, level};

/// How the recipes of both sides, and what comes of them, are called together.
pub(crate) struct Expanded {
    pub(crate) recipes: (Level, Level),
    pub(crate) base: Vec<u8>,
    pub(crate) target: Vec<u8>,
}

/// What came of looking into two files.
#[derive(Default)]
pub(crate) struct Outcome {
    /// The package, unless there is nothing to be gained by one.
    pub(crate) package: Option<Package>,
    /// What stood in the way.
    pub(crate) notes: Vec<Note>,
}

/// Makes the package of two files through what is in them.
pub(crate) fn diff(
    base: &[u8],
    target: &[u8],
    options: &Options,
    progress: &dyn Progress,
) -> Result<Outcome, DiffError> {
    progress.begin(Stage::Expand, 1);
    let mut outcome = Outcome::default();
    outcome.notes.extend(unopened::unopened(target).map(|format| Note::NotOpened { format }));
    let (mut from, mut to) = rayon::join(|| scan::scan(base), || scan::scan(target));
    if !select::select((base, &mut from), (target, &mut to)) {
        return Ok(outcome);
    }
    let mut failed = None;
    // Large streams are not tried out here, as the proof of the package does it once more.
    for verify in [Verify::Small, Verify::All] {
        let mut analysed = to.clone();
        let lost = analyse::analyse(target, &mut analysed, verify);
        let Some(expanded) = expanded((base, &from), (target, &analysed)) else {
            outcome.notes.extend(lost.note());
            return Ok(outcome);
        };
        match assemble::assemble((base, target), &expanded, options, progress) {
            Err(DiffError::NotProved(error)) => failed = Some(Note::ContainerNotProved { error }),
            made => {
                outcome.notes.extend(lost.note());
                return Ok(Outcome { package: Some(made?), ..outcome });
            }
        }
    }
    outcome.notes.extend(failed);
    Ok(outcome)
}

/// Expands both files; `None` if no stream is left, or what comes out is too large.
fn expanded(base: (&[u8], &[Found]), target: (&[u8], &[Found])) -> Option<Expanded> {
    let recipes = (level(base.1, Side::Base), level(target.1, Side::Target));
    if recipes.0.streams() == 0 && recipes.1.streams() == 0 {
        return None;
    }
    let (base, target) = rayon::join(
        || expand_all(base.0, &recipes.0, IMAGE_LIMIT),
        || expand_all(target.0, &recipes.1, IMAGE_LIMIT),
    );
    Some(Expanded { recipes, base: base?, target: target? })
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
