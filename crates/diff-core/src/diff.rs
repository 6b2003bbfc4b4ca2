//! From two images to a proved package.

use patch_nostd::wire::InPlacePlan;
use patch_nostd::{Error, Extensions, Header};

use crate::encode::Job;
use crate::in_place::{self, Candidates, InPlace};
use crate::pipeline::best_job;
use crate::subject::{Subject, sha256};
use crate::{
    CodecChoice, Containers, DiffError, NewImage, Note, Options, Progress, Report, Stage, container, prove,
    zstd_package,
};

/// A finished package.
#[derive(Clone, Debug)]
pub struct Package {
    /// What is shipped.
    pub bytes: Vec<u8>,
    /// Its header.
    pub header: Header,
    /// What its body consists of.
    pub report: Report,
    /// What people should know about it.
    pub notes: Vec<Note>,
}

/// Makes the package that turns `old` into `new`, and proves it with the device's own decoder.
///
/// The bytes depend on the images and the options only, never on the number of threads.
pub fn diff(
    old: &[u8],
    new: &[u8],
    options: &Options,
    progress: &dyn Progress,
) -> Result<Package, DiffError> {
    diff_to(old, &NewImage::new(new), options, progress)
}

/// Like [`diff`], where several packages lead to the same new image: what depends on that one only is done once.
///
/// # Errors
/// [`DiffError::Cancelled`] soon after `progress` says that nobody wants the package any more, and what [`diff`] says.
pub fn diff_to(
    old: &[u8],
    new: &NewImage,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Package, DiffError> {
    let outcome = match options.containers {
        // What takes the place of its base in flash is no file.
        _ if options.in_place.is_some() => container::Outcome::default(),
        Containers::Auto => container::diff(old, new.bytes(), options, progress)?,
        Containers::None => container::Outcome::default(),
    };
    let mut package = match outcome.package {
        Some(package) if !is_doubtful(&package, new.bytes()) => package,
        Some(package) => {
            let plain = plain(old, new, options, progress)?;
            if plain.bytes.len() < package.bytes.len() { plain } else { package }
        }
        None => plain(old, new, options, progress)?,
    };
    // Nobody minds what costs nothing.
    if package.bytes.len() > new.bytes().len() / NOTED {
        package.notes = outcome.notes;
    }
    Ok(package)
}

/// Notes are for packages of more than one part of the new file in so many.
const NOTED: usize = 16;

/// Whether what is in the files may have been no help: then they are also compared as they are. Large ones are not:
/// noise takes long.
fn is_doubtful(package: &Package, new: &[u8]) -> bool {
    new.len() <= DOUBTED && package.bytes.len() > new.len() / 2
}

const DOUBTED: usize = 8 << 20;

/// The package of two images as they are.
fn plain(
    old: &[u8],
    new: &NewImage,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Package, DiffError> {
    let package = make(old, new, options, progress)?;
    progress.begin(Stage::Prove, 1);
    check_cancelled(progress)?;
    prove(old, new.bytes(), &package.bytes).map_err(DiffError::NotProved)?;
    if let Some(flash) = &options.in_place {
        in_place::prove(flash, old, new.bytes(), &package.bytes).map_err(DiffError::NotProved)?;
    }
    Ok(package)
}

/// That without proof.
pub(crate) fn make(
    old: &[u8],
    new: &NewImage,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Package, DiffError> {
    let extensions = options.identity.extensions()?;
    if let Some(flash) = &options.in_place {
        if options.codec == CodecChoice::Zstd {
            return Err(DiffError::InPlace("packages of codec zstd cannot be applied in place".into()));
        }
        in_place::check(flash, old.len().max(new.bytes().len()))?;
    }
    progress.begin(Stage::Analyse, 1);
    let subject = Subject::new(old, new, options)?;
    check_cancelled(progress)?;
    if options.codec == CodecChoice::Zstd {
        return zstd_package::diff(&subject, options, progress);
    }
    let mut job = best_job(&subject, new, progress)?;
    let mut extensions = extensions;
    if let Some(flash) = &options.in_place {
        let plan;
        (job, plan) = in_place_job((&subject, new), flash, job, progress)?;
        extensions.in_place = Some(plan);
    }
    check_cancelled(progress)?;
    assemble(&job, &extensions)
}

/// The job that makes the smallest package for an update in place, and its plan. Of plans whose packages differ by less
/// than one part in a hundred, the one that wears the flash least.
fn in_place_job<'a>(
    (subject, new): (&Subject<'a>, &NewImage),
    flash: &InPlace,
    free: Job<'a>,
    progress: &dyn Progress,
) -> Result<(Job<'a>, InPlacePlan), DiffError> {
    let candidates = Candidates::new(flash, subject.old.len());
    if let Some(plan) = candidates.lossless(&free.plan.covers) {
        return Ok((free, plan));
    }
    let mut best: Option<(u64, Job, InPlacePlan)> = None;
    for plan in candidates.promising(&free.plan.covers) {
        let job = best_job(&subject.with_plan(plan), new, progress)?;
        let cost = job.cost().map_err(DiffError::NotProved)?;
        if best.as_ref().is_none_or(|(least, ..)| cost < least - least / 100) {
            best = Some((cost, job, plan));
        }
    }
    let (_, job, plan) = best.ok_or(DiffError::NotProved(Error::Areas))?;
    Ok((job, plan))
}

/// The end of work that nobody wants any more.
pub(crate) fn check_cancelled(progress: &dyn Progress) -> Result<(), DiffError> {
    if progress.is_cancelled() { Err(DiffError::Cancelled) } else { Ok(()) }
}

/// Codes the body and puts the header before it.
fn assemble(job: &Job, extensions: &Extensions<'_>) -> Result<Package, DiffError> {
    let (body, report) = job.encode().map_err(DiffError::NotProved)?;
    let mut header = job.header();
    header.body_length = body.len() as u32;
    header.body_digest = header.body_digest.map(|_| sha256(&body));
    let mut bytes = header.to_bytes_with(extensions);
    bytes.extend_from_slice(&body);
    Ok(Package { bytes, header, report, notes: Vec::new() })
}
