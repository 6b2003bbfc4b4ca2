//! Classic BSDIFF40 patches, for devices in the field that read nothing else.

use crate::bsdiff40;
use crate::search::{CoverOptions, Index, find_covers};
use crate::{DiffError, Progress, Stage};

/// Makes a BSDIFF40 patch that turns `old` into `new`, and proves it by applying it.
pub fn diff_bsdiff40(old: &[u8], new: &[u8], progress: &dyn Progress) -> Result<Vec<u8>, DiffError> {
    progress.begin(Stage::Search, 1);
    let index = Index::build(old)?;
    let covers = find_covers(&index, new, &CoverOptions::default());
    drop(index);
    progress.begin(Stage::Encode, 1);
    let patch = bsdiff40::encode(old, new, &covers)?;
    progress.begin(Stage::Prove, 1);
    if bsdiff40::decode(old, &patch, new.len() as u64)? == new {
        Ok(patch)
    } else {
        Err(DiffError::NotProved(patch_nostd::Error::TargetDigest))
    }
}
