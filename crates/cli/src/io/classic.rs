//! Packages of BSDIFF40, the format of bsdiff 4.x.

use std::time::Duration;

use serde_json::json;
use smidgen_diff::bsdiff40::{self, Sizes};
use smidgen_diff::inspect::{Piece, Trace, trace_bsdiff40};
use smidgen_patch::header::IMAGE_LIMIT;

use super::input::Input;
use crate::report::{Failure, Object, hex, object, seconds, sha256};

/// A BSDIFF40 package with a valid header.
#[derive(Debug)]
pub(crate) struct Classic {
    pub(crate) file: Input,
    pub(crate) sizes: Sizes,
}

impl Classic {
    /// Whether a package starts like one of this format.
    pub(crate) fn is_one(package: &[u8]) -> bool {
        bsdiff40::is_bsdiff40(package)
    }

    pub(crate) fn new(file: Input) -> Result<Self, Failure> {
        let sizes = bsdiff40::sizes(&file).map_err(|error| damaged(&file, error))?;
        Ok(Self { file, sizes })
    }

    pub(crate) fn restore(&self, base: &[u8]) -> Result<Vec<u8>, Failure> {
        let limit = IMAGE_LIMIT.into();
        bsdiff40::decode(base, &self.file, limit).map_err(|error| damaged(&self.file, error))
    }

    /// Restores it too, and passes on where each byte comes from.
    pub(crate) fn trace(&self, base: &[u8], receive: impl FnMut(&Piece)) -> Result<Trace, Failure> {
        let limit = IMAGE_LIMIT.into();
        trace_bsdiff40(base, &self.file, limit, receive).map_err(|error| damaged(&self.file, error))
    }

    /// Bytes before the three blocks.
    pub(crate) fn header(&self) -> u64 {
        let Sizes { control, diff, extra, .. } = self.sizes;
        self.file.len() as u64 - control - diff - extra
    }

    pub(crate) fn json(&self) -> Object {
        object(json!({
            "format": "bsdiff40",
            "package_size": self.file.len(),
            "header_size": self.header(),
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

fn damaged(file: &Input, what: impl std::fmt::Display) -> Failure {
    Failure::package(format!("damaged BSDIFF40 package: {what}"))
        .about(file.path())
        .note("get it again, or make it anew with smidgen diff --format bsdiff")
}
