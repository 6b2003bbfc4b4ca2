//! Whether compressed files are expanded: not for microcontrollers, which cannot restore such packages
//! (`docs/device-profile.md`).

use std::fmt;

use smidgen_patch::header::PageKind;

use super::device::{Part, Unfit, Update};
use super::options::{Arch, Containers, Options, Ram};
use super::report::Package;
use crate::input::{Format, Provenance};

/// Whether compressed files are expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expansion {
    /// They are, where that makes the package smaller.
    Wanted,
    /// They are not, as somebody said, or as the package replaces its base in flash.
    Off,
    /// They are not, although nobody said so.
    Withheld(Unexpanded),
}

/// Why compressed files are not expanded although nobody said so: the device is a microcontroller, or has too little.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unexpanded {
    /// The device's profile says that it has no operating system.
    System,
    /// The memory of the decoder was given.
    Ram,
    /// An architecture of microcontrollers was given.
    Arch(Arch),
    /// The device's profile describes flash that is written raw.
    Flash,
    /// An image's file is firmware of a microcontroller.
    Input(Format),
    /// The package would need more memory or storage than the device's profile has.
    Size {
        /// [`Part::Memory`] or [`Part::Storage`].
        part: Part,
        /// Bytes that it would need.
        needed: u64,
        /// Bytes that the device has.
        has: u64,
    },
}

impl Options {
    /// Takes the formats of the images' files into account: firmware of a microcontroller is not expanded.
    #[must_use]
    pub fn with_inputs<'p>(self, records: impl IntoIterator<Item = &'p Provenance>) -> Self {
        let found = records.into_iter().find(|record| is_of_microcontroller(record));
        let firmware = found.map(|record| record.format).or(self.firmware);
        self.with_firmware(firmware)
    }

    /// The options as the device binds them, for a target of `size` bytes.
    pub(crate) fn settled(&self, size: usize) -> Result<Self, Unfit> {
        let Some(device) = &self.device else { return Ok(self.clone()) };
        let (asked, ram) = match (self.ram, device.ram) {
            (Ram::Bytes(asked), _) => (asked, self.ram),
            (ram, has) => (0, has.map_or(ram, Ram::Bytes)),
        };
        for codec in self.codecs() {
            device.check_plan(size, asked, codec.name(), &self.identity)?;
        }
        if self.containers == Some(Containers::Auto) && device.unexpanded().is_some() {
            return Err(Unfit::System);
        }
        if device.update == Some(Update::InPlace) && self.in_place.is_none() {
            return Err(Unfit::NotInPlace);
        }
        Ok(Self { ram, ..self.clone() })
    }

    /// Why the device cannot restore a package of compressed files, if it needs too much.
    pub(crate) fn too_large(&self, package: &Package) -> Option<Unexpanded> {
        let unfit = self.device.as_ref()?.check_package(&package.bytes).err()?;
        Unexpanded::of(&unfit)
    }

    /// Whether compressed files are expanded.
    pub(crate) fn expansion(&self) -> Expansion {
        if self.in_place.is_some() {
            // What takes the place of its base in flash is no file.
            return Expansion::Off;
        }
        match self.containers {
            Some(Containers::Auto) => Expansion::Wanted,
            Some(Containers::None) => Expansion::Off,
            None => self.unexpanded().map_or(Expansion::Wanted, Expansion::Withheld),
        }
    }

    /// The rule where nobody says whether to expand.
    fn unexpanded(&self) -> Option<Unexpanded> {
        if let Some(device) = &self.device {
            match device.unexpanded() {
                None if device.os == Some(true) => return None,
                None => {}
                reason => return reason,
            }
        }
        if self.ram != Ram::Auto {
            return Some(Unexpanded::Ram);
        }
        let arch = Some(self.arch).filter(|arch| arch.is_of_microcontroller()).map(Unexpanded::Arch);
        arch.or_else(|| self.firmware.map(Unexpanded::Input))
    }
}

impl Options {
    /// Whether the device seems to be a microcontroller: by what is said of it, not by its memory.
    pub(crate) fn is_for_microcontroller(&self) -> bool {
        !matches!(self.unexpanded(), None | Some(Unexpanded::Ram))
    }
}

impl Arch {
    /// Whether a machine with an operating system is hardly of this architecture, where somebody names it.
    pub(crate) fn is_of_microcontroller(self) -> bool {
        [PageKind::Thumb, PageKind::Riscv, PageKind::Xtensa].map(Self::Only).contains(&self)
    }
}

/// Whether an image's file is firmware of a microcontroller: any format but plain bytes, and ELF of 64 bits.
fn is_of_microcontroller(record: &Provenance) -> bool {
    let wide = || record.architecture.as_deref().is_some_and(|name| ["aarch64", "x86-64"].contains(&name));
    match record.format {
        Format::Raw => false,
        Format::Elf => !wide(),
        _ => true,
    }
}

impl Unexpanded {
    /// The reason in a refusal of a package of compressed files; `None` if it was refused for another one.
    pub(crate) const fn of(unfit: &Unfit) -> Option<Self> {
        match *unfit {
            Unfit::System => Some(Self::System),
            Unfit::Size { part: part @ (Part::Memory | Part::Storage), needed, has } => {
                Some(Self::Size { part, needed, has })
            }
            _ => None,
        }
    }
}

impl fmt::Display for Unexpanded {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => out.write_str("the device has no operating system (os = false)"),
            Self::Ram => out.write_str("the decoder's memory is given (ram), as for a microcontroller"),
            Self::Arch(arch) => write!(out, "the code is of a microcontroller (arch {arch})"),
            Self::Flash => out.write_str("the device's profile describes raw flash, as of a microcontroller"),
            Self::Input(format) => write!(out, "an image is firmware of a microcontroller ({format})"),
            Self::Size { part, needed, has } => {
                write!(out, "that would need {needed} bytes; the device has {has} ({})", part.key())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Device;
    use super::*;

    #[test]
    fn microcontrollers_get_no_packages_that_need_an_operating_system() {
        let usual = Options::default;
        let os = |os| usual().with_device(Some(Device::default().with_os(Some(os))));
        let profile = |set: fn(Device) -> Device| usual().with_device(Some(set(Device::default())));
        let arch = |name: &str| usual().with_arch(name.parse().unwrap());
        let record = |format, architecture: &str| {
            let mut record = Provenance::new(format, b"");
            record.architecture = Some(architecture.to_owned());
            record
        };
        let input = |format, architecture| usual().with_inputs([&record(format, architecture)]);
        let ram = || usual().with_ram(Ram::Bytes(16 << 10));
        let withheld = Expansion::Withheld;
        for (options, expected) in [
            (usual(), Expansion::Wanted),
            (ram(), withheld(Unexpanded::Ram)),
            (ram().with_containers(Some(Containers::Auto)), Expansion::Wanted),
            (usual().with_containers(Some(Containers::None)), Expansion::Off),
            (os(false), withheld(Unexpanded::System)),
            (profile(|device| device.with_page(Some(4096))), withheld(Unexpanded::Flash)),
            (profile(|device| device.with_erased(Some(0))), withheld(Unexpanded::Flash)),
            (
                profile(|device| device.with_arch("thumb".parse().ok())),
                withheld(Unexpanded::Arch("thumb".parse().unwrap())),
            ),
            (profile(|device| device.with_slot(Some(1 << 20))), Expansion::Wanted),
            (profile(|device| device.with_page(Some(4096)).with_os(Some(true))), Expansion::Wanted),
            (os(true).with_ram(Ram::Bytes(1 << 20)), Expansion::Wanted),
            (arch("thumb"), withheld(Unexpanded::Arch("thumb".parse().unwrap()))),
            (arch("arm"), Expansion::Wanted),
            (arch("aarch64"), Expansion::Wanted),
            (input(Format::Hex, ""), withheld(Unexpanded::Input(Format::Hex))),
            (input(Format::Elf, "riscv"), withheld(Unexpanded::Input(Format::Elf))),
            (input(Format::Elf, "aarch64"), Expansion::Wanted),
            (input(Format::Raw, ""), Expansion::Wanted),
            (usual().with_in_place(Some(Default::default())), Expansion::Off),
        ] {
            assert_eq!(options.expansion(), expected, "{options:?}");
        }
    }
}
