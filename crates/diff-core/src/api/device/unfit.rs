//! Whether a device can restore a package, and why not.

use smidgen_patch::header::Text;
use smidgen_patch::{Error, Extensions, Header};
use thiserror::Error;

use super::{Codecs, Device, Update};
use crate::api::container_needs::ContainerNeeds;
use crate::api::identity::Identity;
use crate::escaped::Escaped;

/// Why a device cannot restore a package: what the package or an option asks for, and what the device has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unfit {
    /// More than the device has of something that is counted in bytes.
    #[error("{} {needed} bytes; the device has {has} ({})", part.needs(), part.key())]
    Size {
        /// Of what.
        part: Part,
        /// The bytes that are needed.
        needed: u64,
        /// Those that the device has.
        has: u64,
    },
    /// The package is of compressed files.
    #[error("the package needs an operating system, which the device does not have (os)")]
    System,
    /// The codec is not one of the device's.
    #[error("the package is of codec {codec}; the device has {} (codecs)", codecs.names())]
    Codec {
        /// The package's.
        codec: &'static str,
        /// The device's.
        codecs: Codecs,
    },
    /// The device updates in place, the package does not.
    #[error("the package cannot be applied in place, as the device does (update)")]
    NotInPlace,
    /// The steps of an update in place do not fit the device's erase pages.
    #[error(
        "the package moves pieces of {piece} bytes, which are not whole erase pages of {page} bytes (page)"
    )]
    Page {
        /// Bytes of a piece.
        piece: u32,
        /// The device's erase page.
        page: u32,
    },
    /// The package is for another product or module.
    #[error("the package is for {what} {}; the device is {} ({what})", shown(package.as_deref()), Escaped(device))]
    Identity {
        /// "product" or "module".
        what: &'static str,
        /// The package's; absent if it names none.
        package: Option<String>,
        /// The device's.
        device: String,
    },
    /// The package cannot be read.
    #[error("{0}")]
    Package(Error),
}

/// A part of a device that is counted in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// Memory of the decoder.
    Ram,
    /// Memory on top of that for packages of compressed files.
    Memory,
    /// Storage for what they expand.
    Storage,
    /// The slot of the image.
    Slot,
    /// The scratch area of an update in place.
    Scratch,
    /// The place of the package.
    Package,
}

impl Part {
    /// The key of the profile.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Ram => "ram",
            Self::Memory => "memory",
            Self::Storage => "storage",
            Self::Slot => "slot",
            Self::Scratch => "scratch",
            Self::Package => "max-package",
        }
    }

    const fn needs(self) -> &'static str {
        match self {
            Self::Ram => "the decoder needs RAM of",
            Self::Memory => "the package needs memory on top of the RAM of",
            Self::Storage => "the package needs storage of",
            Self::Slot => "the update needs a slot of",
            Self::Scratch => "the update needs a scratch area of",
            Self::Package => "the package has",
        }
    }
}

impl Unfit {
    /// What to change, for people.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Size { part: Part::Ram, .. } => {
                "make the package with a smaller --ram, or correct the profile"
            }
            Self::Size { part: Part::Memory | Part::Storage, .. } => {
                "make the package with --containers none, or with --payload of what is in the files"
            }
            Self::System => {
                "make the package with --containers none, or with --payload of what is in the files, or give os = true in the profile of a device with an operating system"
            }
            Self::Size { part: Part::Slot, .. } => "make the image smaller, or correct slot in the profile",
            Self::Size { part: Part::Scratch, .. } | Self::Page { .. } => {
                "make the package for the scratch area and the erase page of this device"
            }
            Self::Size { part: Part::Package, .. } => {
                "make it smaller with a higher --level, more --ram or --codec cm, or correct max-package in the profile"
            }
            Self::Codec { .. } => {
                "make the package with a codec of the device, or correct codecs in the profile"
            }
            Self::NotInPlace => "make the package with --in-place, or with the device's profile",
            Self::Identity { .. } => "give the profile of the right device, or the right product and module",
            Self::Package(_) => "download or copy the package again, or make it anew",
        }
    }
}

impl Device {
    /// Checks that the device can restore a package, by what the package states. Of an encrypted one, product and module are
    /// not known, and not checked.
    ///
    /// # Errors
    /// The first thing that the device lacks.
    pub fn check_package(&self, package: &[u8]) -> Result<(), Unfit> {
        let (header, extensions, _) = Header::parse_extended(package).map_err(Unfit::Package)?;
        self.check_size(package.len() as u64)?;
        fits(Part::Ram, header.ram, self.ram)?;
        self.check_codec(header.codec.name())?;
        self.check_container(&header, &extensions)?;
        self.check_flash(&header, &extensions)?;
        if extensions.encryption.is_some() {
            return Ok(());
        }
        let (product, module) = (extensions.product.map(Text::as_str), extensions.module.map(Text::as_str));
        self.check_identity(product, module)
    }

    /// Checks the size of a package as it is shipped, encrypted and signed.
    ///
    /// # Errors
    /// A package that is too large.
    pub fn check_size(&self, size: u64) -> Result<(), Unfit> {
        fits(Part::Package, size, self.max_package)
    }

    /// Checks what is known before any work: target, codec, product and module.
    pub(crate) fn check_plan(
        &self,
        target: usize,
        ram: u64,
        codec: &'static str,
        identity: &Identity,
    ) -> Result<(), Unfit> {
        fits(Part::Ram, ram, self.ram)?;
        self.check_codec(codec)?;
        fits(Part::Slot, self.whole_pages(target as u64), self.slot)?;
        self.check_identity(identity.product.as_deref(), identity.module.as_deref())
    }

    fn check_codec(&self, codec: &'static str) -> Result<(), Unfit> {
        match &self.codecs {
            Some(codecs) if !codecs.has(codec) => Err(Unfit::Codec { codec, codecs: codecs.clone() }),
            _ => Ok(()),
        }
    }

    /// A device of which nothing is known restores everything.
    fn check_container(&self, header: &Header, extensions: &Extensions<'_>) -> Result<(), Unfit> {
        let needs = ContainerNeeds::stated(header, extensions).map_err(Unfit::Package)?;
        let Some(needs) = needs else { return Ok(()) };
        if self.unexpanded().is_some() {
            return Err(Unfit::System);
        }
        fits(Part::Memory, needs.memory, self.memory)?;
        fits(Part::Storage, needs.storage, self.storage)
    }

    fn check_flash(&self, header: &Header, extensions: &Extensions<'_>) -> Result<(), Unfit> {
        fits(Part::Slot, self.whole_pages(header.target_size), self.slot)?;
        if self.update != Some(Update::InPlace) {
            return Ok(());
        }
        let plan = extensions.in_place.ok_or(Unfit::NotInPlace)?;
        let page = self.page.unwrap_or(1).max(1);
        let pieces = [plan.segment, plan.shift];
        if let Some(&piece) = pieces.iter().find(|piece| !piece.is_multiple_of(page)) {
            return Err(Unfit::Page { piece, page });
        }
        fits(Part::Slot, u64::from(plan.shift) + self.whole_pages(header.base_size), self.slot)?;
        let scratch = plan.scratch(header.target_size).unwrap_or(u32::MAX);
        fits(Part::Scratch, self.whole_pages(scratch), self.scratch)
    }

    /// The bytes of the pages that so many bytes are in: a page is erased as a whole.
    fn whole_pages(&self, size: impl Into<u64>) -> u64 {
        size.into().next_multiple_of(self.page.unwrap_or(1).max(1).into())
    }

    fn check_identity(&self, product: Option<&str>, module: Option<&str>) -> Result<(), Unfit> {
        let same = |what, package: Option<&str>, device: &Option<String>| match device {
            Some(device) if package != Some(device) => {
                Err(Unfit::Identity { what, package: package.map(str::to_owned), device: device.clone() })
            }
            _ => Ok(()),
        };
        same("product", product, &self.product)?;
        same("module", module, &self.module)
    }
}

fn fits(part: Part, needed: impl Into<u64>, has: Option<impl Into<u64>>) -> Result<(), Unfit> {
    let (needed, has) = (needed.into(), has.map_or(u64::MAX, Into::into));
    if needed <= has { Ok(()) } else { Err(Unfit::Size { part, needed, has }) }
}

fn shown(name: Option<&str>) -> Escaped<&str> {
    Escaped(name.unwrap_or("of no name"))
}
