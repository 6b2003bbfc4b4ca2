//! A device profile: what a device has, and which packages it takes (`docs/device-profile.md`).

mod codecs;
mod flash;
mod speed;
mod unfit;

pub use codecs::Codecs;
pub use flash::{FlashOptions, UnreadableFlash};
pub use speed::{Core, Speed};
pub use unfit::{Part, Unfit};

use speed::{parse_cycles, parse_frequency, parse_speed, parse_time};

use super::expansion::Unexpanded;
use super::in_place::InPlace;
use super::options::{Arch, CodecChoice, Options, Ram};
use crate::settings::{
    by_name, parse, parse_area, parse_number, parse_size, put, put_parsed, setters, settings,
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
    /// What of its flash cannot be read.
    pub unreadable: UnreadableFlash,
    /// The most bytes of a package.
    pub max_package: Option<u64>,
    /// Its product; it refuses packages for others.
    pub product: Option<String>,
    /// The part of it that the image is for.
    pub module: Option<String>,
    /// How fast it is.
    pub speed: Speed,
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
    with_unreadable: unreadable: UnreadableFlash,
    with_max_package: max_package: Option<u64>,
    with_product: product: Option<String>,
    with_module: module: Option<String>,
    with_speed: speed: Speed,
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
    "codecs" "CODEC,...": "The codecs of its decoder: some of cm, lite and zstd, the preferred one first",
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
    "unreadable" "WHAT" [UnreadableFlash::ALL.map(UnreadableFlash::name)]:
        "What of its flash cannot be read: torn, what an interrupted write or erase left, as with error correction; \
         torn-or-erased, erased units too [default: nothing]",
        |device, text| put(&mut device.unreadable, text);
    "max-package" "SIZE": "Size of the largest package",
        |device, text| put_parsed(&mut device.max_package, parse_size(text).map(Some));
    "product" "NAME": "Its product; it refuses packages for others",
        |device, text| put_parsed(&mut device.product, parse(text).map(Some));
    "module" "NAME": "The part of the product that the image is for",
        |device, text| put_parsed(&mut device.module, parse(text).map(Some));
    "core" "CORE" [Core::ALL.map(Core::name)]: "Its processor's core [default: riscv32 with that arch, else cortex-m4]",
        |device, text| put_parsed(&mut device.speed.core, parse(text).map(Some));
    "clock" "FREQUENCY": "Its processor's clock, such as 64MHz",
        |device, text| put_parsed(&mut device.speed.clock, parse_frequency(text).map(Some));
    "cycles-per-instruction" "N": "What instructions take on average, with wait states [default: that of the core without]",
        |device, text| put_parsed(&mut device.speed.cycles, parse_cycles(text).map(Some));
    "erase-time" "TIME": "Time to erase a page, such as 85ms",
        |device, text| put_parsed(&mut device.speed.erase_time, parse_time(text).map(Some));
    "write-time" "TIME": "Time to write write-size bytes, such as 41us",
        |device, text| put_parsed(&mut device.speed.write_time, parse_time(text).map(Some));
    "read-speed" "SIZE": "Bytes that are read in a second, such as 4M, where flash is not memory-mapped",
        |device, text| put_parsed(&mut device.speed.read_speed, parse_speed(text).map(Some));
    "hash-engine": "SHA-256 comes from an engine, and takes no time of its own",
        |device, text| put(&mut device.speed.hash_engine, text);
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
            options.codec = codecs.preferred();
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

    /// Why it restores no packages of compressed files, as those need an operating system: it has none, or does not say
    /// so and seems to be a microcontroller.
    pub(crate) fn unexpanded(&self) -> Option<Unexpanded> {
        match self.os {
            Some(true) => return None,
            Some(false) => return Some(Unexpanded::System),
            None => {}
        }
        if self.ram.is_some() {
            return Some(Unexpanded::Ram);
        }
        if let Some(arch) = self.arch.filter(|arch| arch.is_of_microcontroller()) {
            return Some(Unexpanded::Arch(arch));
        }
        let sizes = [self.page, self.scratch, self.write];
        let has_flash = sizes.iter().any(Option::is_some)
            || self.erased.is_some()
            || self.unreadable != UnreadableFlash::Nothing
            || self.speed.erase_time.is_some()
            || self.speed.write_time.is_some();
        has_flash.then_some(Unexpanded::Flash)
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
        let write = self.write.unwrap_or(1);
        if self.page == Some(0) || write == 0 || !self.page.unwrap_or(write).is_multiple_of(write) {
            return wrong("page must be a multiple of write-size, and neither is 0");
        }
        if self.update == Some(Update::InPlace) {
            let streamed =
                |codecs: &Codecs| codecs.as_slice().iter().all(|&codec| codec == CodecChoice::Zstd);
            if self.codecs.as_ref().is_some_and(streamed) {
                return wrong("an update in place takes the codec cm or lite, which codecs does not have");
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
            ("unreadable", "torn"),
            ("max-package", "100K"),
            ("product", "sensor"),
            ("module", "radio"),
            ("core", "cortex-m0+"),
            ("clock", "64MHz"),
            ("cycles-per-instruction", "1.25"),
            ("erase-time", "85ms"),
            ("write-time", "41us"),
            ("read-speed", "4M"),
            ("hash-engine", "true"),
        ];
        let mut device = Device::default();
        for (setting, (name, value)) in Device::SETTINGS.iter().zip(values) {
            assert_eq!(setting.name, name);
            (setting.set)(&mut device, value).unwrap();
            assert!(
                !matches!(name, "ram" | "os" | "codecs" | "update") || setting.check("nonsense").is_err()
            );
        }
        let speed = Speed::default()
            .with_core(Some(Core::CortexM0Plus))
            .with_clock(Some(64_000_000))
            .with_cycles(Some(125))
            .with_erase_time(parse_time("85ms").ok())
            .with_write_time(parse_time("41us").ok())
            .with_read_speed(Some(4 << 20))
            .with_hash_engine(true);
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
            .with_unreadable(UnreadableFlash::Torn)
            .with_max_package(Some(100 << 10))
            .with_product(Some("sensor".to_owned()))
            .with_module(Some("radio".to_owned()))
            .with_speed(speed);
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
            (device().with_page(Some(0)), "multiple of write-size"),
            (in_place.clone(), "page, scratch"),
            (in_place.with_codecs("zstd".parse().ok()), "codec cm or lite"),
        ] {
            let refusal = device.check().unwrap_err().to_string();
            assert!(refusal.contains(part), "{refusal}");
        }
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
