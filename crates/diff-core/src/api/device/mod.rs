//! A device profile: what a device has, and which packages it takes (`docs/device-profile.md`).

mod flash;
mod unfit;

pub use flash::FlashOptions;
pub use unfit::{Part, Unfit};

use std::str::FromStr;

use super::in_place::InPlace;
use super::options::{Arch, CodecChoice, Options, Ram};
use crate::settings::{
    ValueError, by_name, parse, parse_area, parse_number, parse_size, put_parsed, setters, settings,
};

/// What a device has, and which packages it takes. What is absent is not known, and binds nothing.
///
/// [`Device::apply`] makes it the default of [`Options`]; [`diff`](crate::diff) then makes no package that the device cannot
/// restore. [`Device::check_package`] tells whether it can restore one that is there.
///
/// ```
/// use smidgen_diff::{Device, Options, Ram};
/// let device = Device::default().with_ram(Some(16 << 10)).with_os(Some(false));
/// let mut options = Options::default();
/// device.apply(&mut options)?;
/// assert_eq!(options.ram, Ram::Bytes(16 << 10));
/// # Ok::<(), smidgen_diff::ProfileError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Device {
    /// Bytes of memory of its decoder.
    pub ram: Option<u64>,
    /// Whether it has an operating system, and restores packages of compressed files.
    pub os: Option<bool>,
    /// Bytes of memory on top of `ram` for packages of compressed files.
    pub memory: Option<u64>,
    /// Bytes of storage for what these packages expand.
    pub storage: Option<u64>,
    /// The architecture of its code.
    pub arch: Option<Arch>,
    /// The codecs that its decoder has.
    pub codecs: Option<Codecs>,
    /// How an image gets into its flash.
    pub update: Option<Update>,
    /// Bytes of the slot that gets the new image.
    pub slot: Option<u32>,
    /// Bytes of an erase page.
    pub page: Option<u32>,
    /// Bytes of the scratch area for updates in place.
    pub scratch: Option<u32>,
    /// Bytes of the smallest write.
    pub write: Option<u32>,
    /// What erased flash reads as.
    pub erased: Option<u8>,
    /// The most bytes of a package.
    pub max_package: Option<u64>,
    /// Its product; it refuses packages for others.
    pub product: Option<String>,
    /// The part of it that the image is for.
    pub module: Option<String>,
}

setters!(Device {
    with_ram: ram: Option<u64>,
    with_os: os: Option<bool>,
    with_memory: memory: Option<u64>,
    with_storage: storage: Option<u64>,
    with_arch: arch: Option<Arch>,
    with_codecs: codecs: Option<Codecs>,
    with_update: update: Option<Update>,
    with_slot: slot: Option<u32>,
    with_page: page: Option<u32>,
    with_scratch: scratch: Option<u32>,
    with_write: write: Option<u32>,
    with_erased: erased: Option<u8>,
    with_max_package: max_package: Option<u64>,
    with_product: product: Option<String>,
    with_module: module: Option<String>,
});

/// How an image gets into a device's flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Update {
    /// Into another slot than that of the old image.
    Ab,
    /// Into the slot of the old image.
    InPlace,
}

by_name!(Update { Ab = "ab", InPlace = "in-place" });

/// The codecs of a decoder, each once, the preferred one first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codecs(Vec<CodecChoice>);

/// A profile that contradicts itself, or lacks a part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProfileError(pub(crate) String);

settings! {
    Device, Some("Device");
    "ram" "SIZE": "Memory of the decoder, such as 16K",
        |device, text| put_parsed(&mut device.ram, parse_size(text).map(Some));
    "os": "Whether it has an operating system, and restores packages of compressed files",
        |device, text| put_parsed(&mut device.os, parse(text).map(Some));
    "memory" "SIZE": "With an operating system, memory on top of ram for packages of compressed files",
        |device, text| put_parsed(&mut device.memory, parse_size(text).map(Some));
    "storage" "SIZE": "With an operating system, storage for what these packages expand",
        |device, text| put_parsed(&mut device.storage, parse_size(text).map(Some));
    "arch" "ARCH" [Arch::ALL.map(Arch::name)]: "Architecture of its code",
        |device, text| put_parsed(&mut device.arch, parse(text).map(Some));
    "codecs" "CODEC,...": "The codecs of its decoder: cm, zstd or both, the preferred one first",
        |device, text| put_parsed(&mut device.codecs, parse(text).map(Some));
    "update" "HOW" [Update::ALL.map(Update::name)]:
        "How an image gets into its flash: ab, into another slot, or in-place, into the slot of the old image",
        |device, text| put_parsed(&mut device.update, parse(text).map(Some));
    "slot" "SIZE": "Size of the slot that gets the new image",
        |device, text| put_parsed(&mut device.slot, parse_area(text).map(Some));
    "page" "SIZE": "Size of an erase page",
        |device, text| put_parsed(&mut device.page, parse_area(text).map(Some));
    "scratch" "SIZE": "Size of the scratch area for updates in place, at least two pages",
        |device, text| put_parsed(&mut device.scratch, parse_area(text).map(Some));
    "write-size" "SIZE": "Size of the smallest write",
        |device, text| put_parsed(&mut device.write, parse_area(text).map(Some));
    "erased" "BYTE": "What erased flash reads as [default: 0xFF]",
        |device, text| {
            put_parsed(&mut device.erased, parse_number(text, "a byte such as 0xFF or 0").map(Some))
        };
    "max-package" "SIZE": "Size of the largest package",
        |device, text| put_parsed(&mut device.max_package, parse_size(text).map(Some));
    "product" "NAME": "Its product; it refuses packages for others",
        |device, text| put_parsed(&mut device.product, parse(text).map(Some));
    "module" "NAME": "The part of the product that the image is for",
        |device, text| put_parsed(&mut device.module, parse(text).map(Some));
}

impl Codecs {
    /// These codecs.
    ///
    /// # Errors
    /// None at all, or one twice.
    pub fn new(codecs: impl Into<Vec<CodecChoice>>) -> Result<Self, ValueError> {
        let codecs = codecs.into();
        let twice = (1..codecs.len()).any(|end| codecs[..end].contains(&codecs[end]));
        if codecs.is_empty() || twice {
            return Err(ValueError("expected cm, zstd or both, each once".to_owned()));
        }
        Ok(Self(codecs))
    }

    /// All of them, the preferred one first.
    #[must_use]
    pub fn as_slice(&self) -> &[CodecChoice] {
        &self.0
    }

    /// Whether this one is among them.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|codec| codec.name() == name)
    }

    fn names(&self) -> String {
        self.0.iter().map(|codec| codec.name()).collect::<Vec<_>>().join(", ")
    }
}

/// Names with commas between them.
impl FromStr for Codecs {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let codecs: Result<Vec<CodecChoice>, _> = text.split(',').map(|name| name.trim().parse()).collect();
        Self::new(codecs?)
    }
}

impl Device {
    /// Makes the profile the default of options that are not set yet, and binds the package to it.
    ///
    /// # Errors
    /// Those of [`Device::check`].
    pub fn apply(&self, options: &mut Options) -> Result<(), ProfileError> {
        self.check()?;
        if let Some(ram) = self.ram {
            options.ram = Ram::Bytes(ram);
        }
        if let Some(codecs) = &self.codecs {
            options.codec = codecs.0[0];
        }
        options.arch = self.arch.unwrap_or(options.arch);
        let identity = &mut options.identity;
        identity.product = self.product.clone().or(identity.product.take());
        identity.module = self.module.clone().or(identity.module.take());
        options.in_place = self.in_place().or(options.in_place);
        options.device = Some(self.clone());
        Ok(())
    }

    /// The flash that packages replace an image in, if the device updates in place.
    #[must_use]
    pub fn in_place(&self) -> Option<InPlace> {
        let wanted = self.update == Some(Update::InPlace);
        FlashOptions { in_place: Some(wanted), ..FlashOptions::of(self) }.in_place().ok().flatten()
    }

    /// Checks the profile itself.
    ///
    /// # Errors
    /// Parts that contradict each other, or that an update in place lacks.
    pub fn check(&self) -> Result<(), ProfileError> {
        let wrong = |text: &str| Err(ProfileError(text.to_owned()));
        if self.os != Some(true) && (self.memory.is_some() || self.storage.is_some()) {
            return wrong(
                "memory and storage are for packages that need an operating system: give os = true",
            );
        }
        if let (Some(page), Some(write)) = (self.page, self.write)
            && (write == 0 || !page.is_multiple_of(write))
        {
            return wrong("page must be a multiple of write-size, which is not 0");
        }
        if self.update == Some(Update::InPlace) {
            if self.codecs.as_ref().is_some_and(|codecs| !codecs.has(CodecChoice::Cm.name())) {
                return wrong("an update in place takes the codec cm, which codecs does not have");
            }
            FlashOptions { in_place: Some(true), ..FlashOptions::of(self) }.in_place()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn every_key_sets_its_part() {
        let values = [
            ("ram", "16K"),
            ("os", "true"),
            ("memory", "64M"),
            ("storage", "1G"),
            ("arch", "thumb"),
            ("codecs", "zstd, cm"),
            ("update", "in-place"),
            ("slot", "256K"),
            ("page", "4K"),
            ("scratch", "8K"),
            ("write-size", "8"),
            ("erased", "0"),
            ("max-package", "100K"),
            ("product", "sensor"),
            ("module", "radio"),
        ];
        let mut device = Device::default();
        for (setting, (name, value)) in Device::SETTINGS.iter().zip(values) {
            assert_eq!(setting.name, name);
            (setting.set)(&mut device, value).unwrap();
            assert!(
                !matches!(name, "ram" | "os" | "codecs" | "update") || setting.check("nonsense").is_err()
            );
        }
        let expected = Device::default()
            .with_ram(Some(16 << 10))
            .with_os(Some(true))
            .with_memory(Some(64 << 20))
            .with_storage(Some(1 << 30))
            .with_arch("thumb".parse().ok())
            .with_codecs(Codecs::new([CodecChoice::Zstd, CodecChoice::Cm]).ok())
            .with_update(Some(Update::InPlace))
            .with_slot(Some(256 << 10))
            .with_page(Some(4 << 10))
            .with_scratch(Some(8 << 10))
            .with_write(Some(8))
            .with_erased(Some(0))
            .with_max_package(Some(100 << 10))
            .with_product(Some("sensor".to_owned()))
            .with_module(Some("radio".to_owned()));
        assert_eq!(device, expected);
    }

    #[test]
    fn contradictions_are_refused() {
        let device = Device::default;
        let in_place = device().with_update(Some(Update::InPlace)).with_slot(Some(4096));
        for (device, part) in [
            (device().with_memory(Some(1)), "os = true"),
            (device().with_storage(Some(1)).with_os(Some(false)), "os = true"),
            (device().with_page(Some(10)).with_write(Some(4)), "multiple of write-size"),
            (device().with_page(Some(10)).with_write(Some(0)), "multiple of write-size"),
            (in_place.clone(), "page, scratch"),
            (in_place.with_codecs("zstd".parse().ok()), "codec cm"),
        ] {
            let refusal = device.check().unwrap_err().to_string();
            assert!(refusal.contains(part), "{refusal}");
        }
        assert!("".parse::<Codecs>().is_err() && "cm,cm".parse::<Codecs>().is_err());
    }

    #[test]
    fn a_profile_is_the_default_of_options() {
        let device = Device::default()
            .with_ram(Some(4096))
            .with_codecs("cm".parse().ok())
            .with_arch("thumb".parse().ok())
            .with_update(Some(Update::InPlace))
            .with_slot(Some(64 << 10))
            .with_page(Some(4096))
            .with_scratch(Some(8192))
            .with_product(Some("sensor".to_owned()));
        let mut options = Options::default();
        device.apply(&mut options).unwrap();
        assert_eq!((options.ram, options.arch.name()), (Ram::Bytes(4096), "thumb"));
        assert_eq!(options.identity.product.as_deref(), Some("sensor"));
        let flash = options.in_place.unwrap();
        assert_eq!((flash.slot, flash.page, flash.scratch, flash.write), (64 << 10, 4096, 8192, 8));
        assert_eq!(options.device, Some(device));
    }
}
