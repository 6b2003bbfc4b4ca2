//! The delivery platforms whose rules a release may keep.

use serde::{Deserialize, Serialize};

use crate::settings::by_name;

/// A delivery platform. Its rules bind only where it is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Platform {
    /// No platform: only the rules of packages and of names of files.
    #[default]
    None,
    /// The OTA service of Alibaba Cloud IoT Platform.
    Alibaba,
}

by_name!(Platform { None = "none", Alibaba = "alibaba" });
