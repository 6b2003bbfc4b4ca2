//! Packages of BSDIFF40, the format of bsdiff 4.x.

use std::time::Duration;

use serde_json::json;
use smidgen_diff::bsdiff40;
use smidgen_patch::header::IMAGE_LIMIT;

use super::input::Input;
use crate::report::{Failure, Object, hex, object, seconds, sha256};

const HEADER: usize = 32;

/// A BSDIFF40 package with a valid header.
#[derive(Debug)]
pub(crate) struct Classic {
    pub(crate) file: Input,
    pub(crate) sizes: Sizes,
}

/// The sizes in a header, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) control: u64,
    pub(crate) diff: u64,
    /// The compressed new bytes.
    pub(crate) extra: u64,
    pub(crate) target: u64,
}

impl Classic {
    /// Whether a package starts like one of this format.
    pub(crate) fn is_one(package: &[u8]) -> bool {
        bsdiff40::is_bsdiff40(package)
    }

    pub(crate) fn new(file: Input) -> Result<Self, Failure> {
        let target = bsdiff40::target_size(&file).map_err(|error| damaged(&file, error))?;
        let sizes = Sizes::read(&file, target)
            .ok_or_else(|| damaged(&file, "its blocks are longer than the file"))?;
        Ok(Self { file, sizes })
    }

    pub(crate) fn restore(&self, base: &[u8]) -> Result<Vec<u8>, Failure> {
        let limit = IMAGE_LIMIT.into();
        bsdiff40::decode(base, &self.file, limit).map_err(|error| damaged(&self.file, error))
    }

    pub(crate) fn json(&self) -> Object {
        object(json!({
            "format": "bsdiff40",
            "package_size": self.file.len(),
            "header_size": HEADER,
            "control_size": self.sizes.control,
            "diff_size": self.sizes.diff,
            "extra_size": self.sizes.extra,
            "target_size": self.sizes.target,
        }))
    }

    /// The members for `--json` of a target that was restored from `base`.
    pub(crate) fn restored_json(&self, base: &[u8], target: &[u8], time: Duration) -> Object {
        let mut fields = self.json();
        fields.append(&mut object(json!({
            "base_size": base.len(),
            "target_sha256": hex(&sha256(target)),
            "seconds": seconds(time),
        })));
        fields
    }
}

impl Sizes {
    /// Reads all sizes but the target's, whose reader has refused negative ones.
    fn read(package: &[u8], target: u64) -> Option<Self> {
        let field =
            |offset: usize| package.get(offset..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        let (control, diff) = (field(8)?, field(16)?);
        let blocks = package.len().checked_sub(HEADER)? as u64;
        let extra = blocks.checked_sub(control)?.checked_sub(diff)?;
        Some(Self { control, diff, extra, target })
    }
}

fn damaged(file: &Input, what: impl std::fmt::Display) -> Failure {
    Failure::package(format!("damaged BSDIFF40 package: {what}"))
        .about(file.path())
        .note("get it again, or make it anew with smidgen diff --format bsdiff")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(control: u64, diff: u64) -> Vec<u8> {
        let sizes = [control, diff, 1000].map(u64::to_le_bytes).concat();
        [&b"BSDIFF40"[..], &sizes, &[0; 60]].concat()
    }

    #[test]
    fn the_rest_is_extra() {
        let sizes = Sizes { control: 10, diff: 20, extra: 30, target: 1000 };
        assert_eq!(Sizes::read(&package(10, 20), 1000), Some(sizes));
    }

    #[test]
    fn blocks_beyond_the_end_are_refused() {
        assert_eq!(Sizes::read(&package(61, 0), 1000), None);
        assert_eq!(Sizes::read(&package(30, 31), 1000), None);
        assert_eq!(Sizes::read(&package(1, u64::MAX), 1000), None);
    }
}
