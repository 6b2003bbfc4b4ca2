//! What a device asks a catalogue for, and what it gets: a package, several that it installs in order, or the reason why not.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use super::channel::Channel;
use super::entries::PackageEntry;
use super::manifest::Manifest;
use crate::escaped::Escaped;
use crate::release::platform::DEFAULT_MODULE;
use crate::release::version::VersionError;
use crate::settings::setters;

/// The device that needs a package.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Query<'a> {
    /// The version that it reports.
    pub device_version: &'a str,
    /// The module that it is the version of.
    pub module: &'a str,
    /// Its product; needed if there are several.
    pub product: Option<&'a str>,
    /// Which pre-releases it is offered; if absent, all if it has one itself, else none.
    pub channel: Option<Channel<'a>>,
}

/// The packages for a device.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Delivery<'a> {
    /// The packages, in the order in which the device installs them: one, unless several are smaller than the full one.
    pub steps: Vec<Step<'a>>,
    /// Why it is a full package, if it is.
    pub reason: Option<FullBecause>,
    /// The bytes of the full package that leads to the same version.
    pub full_size: Option<u64>,
}

/// A package for a device.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Step<'a> {
    /// The folder of the release.
    pub folder: &'a Path,
    /// The release.
    pub manifest: &'a Manifest,
    /// The package.
    pub package: &'a PackageEntry,
}

/// Why a device gets a full package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FullBecause {
    /// The release was not made from the device's version.
    NotASource,
    /// The differential package was too large to keep.
    Dropped,
    /// The differential packages that lead there by way of other releases are larger together.
    Larger {
        /// The number of packages.
        steps: usize,
        /// The bytes of all.
        bytes: u64,
    },
}

/// Why there is no package for a device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoDelivery {
    /// The device's version is not valid.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// There is no release for the product.
    #[error("there is no release for the product \"{}\"; there are: {}", Escaped(product), list(known))]
    Product {
        /// The device's.
        product: String,
        /// All that there are releases for.
        known: BTreeSet<String>,
    },
    /// There are several products, and the query names none.
    #[error("there are releases for several products; name the device's with --product: {}", list(known))]
    Products {
        /// All products.
        known: BTreeSet<String>,
    },
    /// There is no release for the module.
    #[error("there is no release for the module \"{}\"; there are: {}", Escaped(module), list(known))]
    Module {
        /// The device's.
        module: String,
        /// All that there are releases for.
        known: BTreeSet<String>,
    },
    /// All releases are pre-releases that the device is not offered.
    #[error(
        "all releases are pre-releases, which the device is not offered: {}; choose with --channel",
        list(known)
    )]
    Channel {
        /// Their versions.
        known: BTreeSet<String>,
    },
    /// The device has the newest version.
    #[error("the device has the newest version, {version}")]
    UpToDate {
        /// The version.
        version: String,
    },
    /// The device's version is newer than any release that it is offered.
    #[error("the device has {device}, newer than the newest release, {newest}; there are no downgrades")]
    Newer {
        /// The device's version.
        device: String,
        /// The newest release's.
        newest: String,
    },
    /// A file of the release is missing or damaged.
    #[error("{file}: the package for {version} is missing or has another size than the manifest says")]
    Missing {
        /// Where it should be.
        file: String,
        /// The device's version.
        version: String,
    },
}

impl<'a> Query<'a> {
    /// A device with this version of the default module.
    #[must_use]
    pub const fn new(device_version: &'a str) -> Self {
        Self { device_version, module: DEFAULT_MODULE, product: None, channel: None }
    }
}

setters!(Query<'a> {
    with_module: module: &'a str,
    with_product: product: Option<&'a str>,
    with_channel: channel: Option<Channel<'a>>,
});

impl<'a> Delivery<'a> {
    pub(super) const fn of(steps: Vec<Step<'a>>) -> Self {
        Self { steps, reason: None, full_size: None }
    }

    /// The bytes of all packages.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.steps.iter().map(|step| step.package.size).sum()
    }
}

impl fmt::Display for FullBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASource => f.write_str("the release was not made from the device's version"),
            Self::Dropped => f.write_str("the differential package was too large"),
            Self::Larger { steps, bytes } => {
                write!(
                    f,
                    "the {steps} differential packages by way of other releases have {bytes} bytes together"
                )
            }
        }
    }
}

fn list(names: &BTreeSet<String>) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        Vec::from_iter(names.iter().map(String::as_str)).join(", ")
    }
}
