//! From two images to a proved package.

use patch_nostd::{Extensions, Header};

use crate::encode::Job;
use crate::pipeline::best_job;
use crate::subject::{Subject, sha256};
use crate::{CodecChoice, DiffError, NewImage, Options, Progress, Report, Stage, prove, zstd_package};

/// A finished package.
#[derive(Clone, Debug)]
pub struct Package {
    /// What is shipped.
    pub bytes: Vec<u8>,
    /// Its header.
    pub header: Header,
    /// What its body consists of.
    pub report: Report,
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
    let extensions = options.identity.extensions()?;
    progress.begin(Stage::Analyse, 1);
    let subject = Subject::new(old, new, options)?;
    check_cancelled(progress)?;
    if options.codec == CodecChoice::Zstd {
        return zstd_package::diff(&subject, options, progress);
    }
    let job = best_job(&subject, new, progress)?;
    check_cancelled(progress)?;
    let package = assemble(&job, &extensions)?;
    drop(job);
    progress.begin(Stage::Prove, 1);
    check_cancelled(progress)?;
    prove(old, new.bytes(), &package.bytes).map_err(DiffError::NotProved)?;
    Ok(package)
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
    Ok(Package { bytes, header, report })
}
