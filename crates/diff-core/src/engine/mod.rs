//! How a package is found, read from the top: subject, drafts, trial encodings, passes, body.

mod best_job;
mod draft;
mod in_place;
mod level;
mod masks;
mod passes;
mod plans;
mod subject;
mod target_image;
mod trial;
mod zstd;

pub use target_image::TargetImage;

use patch_nostd::Extensions;

use crate::api::{CodecChoice, DiffError, Options, Package, Progress, Stage, check_cancelled};
use crate::digest::sha256;
use crate::encode::BodyJob;
use best_job::best_job;
use in_place::in_place_job;
use subject::Subject;

/// Makes the package of two images, without proof.
pub(crate) fn make(
    base: &[u8],
    target: &TargetImage,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Package, DiffError> {
    let extensions = options.identity.extensions()?;
    if let Some(flash) = &options.in_place {
        if options.codec == CodecChoice::Zstd {
            return Err(DiffError::InPlace("packages of codec zstd cannot be applied in place".into()));
        }
        flash.check(base.len().max(target.bytes().len()))?;
    }
    progress.begin(Stage::Analyse, 1);
    let subject = Subject::new(base, target, options)?;
    check_cancelled(progress)?;
    if options.codec == CodecChoice::Zstd {
        return zstd::make(&subject, options, progress);
    }
    let mut job = best_job(&subject, target, progress)?;
    let mut extensions = extensions;
    if let Some(flash) = &options.in_place {
        let plan;
        (job, plan) = in_place_job((&subject, target), flash, job, progress)?;
        extensions.in_place = Some(plan);
    }
    check_cancelled(progress)?;
    assemble(&job, &extensions)
}

/// Codes the body and puts the header before it.
fn assemble(job: &BodyJob, extensions: &Extensions<'_>) -> Result<Package, DiffError> {
    let (body, report) = job.encode().map_err(DiffError::NotProved)?;
    let mut header = job.header();
    header.body_length = body.len() as u32;
    header.body_digest = header.body_digest.map(|_| sha256(&body));
    let mut bytes = header.to_bytes_with(extensions);
    bytes.extend_from_slice(&body);
    Ok(Package { bytes, header, report, notes: Vec::new() })
}
