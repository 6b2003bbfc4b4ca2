//! The options of a package: memory budget, codec, level, architecture, base address, digests.

use std::str::FromStr;

use smidgen_patch::header::PageKind;

use super::device::{Codecs, Device};
use super::identity::Identity;
use super::in_place::InPlace;
use crate::input::Format;
use crate::settings::{
    ValueError, by_name, parse, parse_number, parse_size, parse_within, put, put_parsed, setters, settings,
};

/// The level where none is given.
pub(crate) const DEFAULT_LEVEL: u8 = 6;

/// How much memory the decoder may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ram {
    /// By the size of the larger image: 16 KiB up to 1 MiB, 256 KiB up to 16 MiB, 8 MiB above;
    /// at least 1 MiB for zstd.
    #[default]
    Auto,
    /// This many bytes: workspace for `cm` and `lite`, heap for zstd.
    Bytes(u64),
}

/// How the body is coded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodecChoice {
    /// Context mixing: the smallest packages.
    #[default]
    Cm,
    /// zstd: the fastest restore.
    Zstd,
    /// One counter for each event: the smallest decoder, and the least memory.
    Lite,
    /// That of the device's codecs `cm` and `lite` that makes the smaller package; its only codec, or `cm` where it does not
    /// say.
    Auto,
}

/// Which architecture's references are sought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Arch {
    /// Those of the architectures that the base looks like, as far as they make the package smaller.
    #[default]
    Auto,
    /// None: images are plain bytes.
    None,
    /// Those of this kind of pages.
    Only(PageKind),
}

/// Whether compressed files are expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Containers {
    /// Streams of gzip, zip and zlib are expanded where that makes the package smaller. Devices restore such packages
    /// with `smidgen_patch::container`, which needs an operating system.
    Auto,
    /// Files are plain bytes.
    None,
}

/// Everything that shapes a package, apart from the two images.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The decoder's memory.
    pub ram: Ram,
    /// The codec of the body.
    pub codec: CodecChoice,
    /// From 1, the fastest, to 9, the smallest packages.
    pub level: u8,
    /// Whether compressed files are expanded; if absent, they are unless the device seems to be a microcontroller
    /// (`docs/device-profile.md`).
    pub containers: Option<Containers>,
    /// Which architecture's references are sought.
    pub arch: Arch,
    /// Address of the image's first byte when it runs; detected if absent.
    pub base_address: Option<u64>,
    /// Puts the target's MD5 into the header, for delivery platforms that ask for it.
    pub md5: bool,
    /// Puts the body's SHA-256 into the header.
    pub body_digest: bool,
    /// The parts of a `cm` body that can be restored at the same time, 1 to 8; if absent, large images have several unless
    /// the device seems to be a microcontroller, whose decoder may know one only (`docs/format.md`, section 4.5).
    pub lanes: Option<u8>,
    /// The devices that the package is for.
    pub identity: Identity,
    /// Makes a package that devices can also apply in place, in the slot that holds the base.
    pub in_place: Option<InPlace>,
    /// The device that must be able to restore the package: see [`Device::apply`].
    pub device: Option<Device>,
    /// The format of an image's file, if it is firmware of a microcontroller: see [`Options::with_inputs`].
    pub firmware: Option<Format>,
}

setters!(Options {
    with_ram: ram: Ram,
    with_codec: codec: CodecChoice,
    with_level: level: u8,
    with_containers: containers: Option<Containers>,
    with_arch: arch: Arch,
    with_base_address: base_address: Option<u64>,
    with_md5: md5: bool,
    with_body_digest: body_digest: bool,
    with_lanes: lanes: Option<u8>,
    with_identity: identity: Identity,
    with_in_place: in_place: Option<InPlace>,
    with_device: device: Option<Device>,
    with_firmware: firmware: Option<Format>,
});

impl Default for Options {
    fn default() -> Self {
        Self {
            ram: Ram::default(),
            codec: CodecChoice::default(),
            level: DEFAULT_LEVEL,
            containers: None,
            arch: Arch::default(),
            base_address: None,
            md5: false,
            body_digest: false,
            lanes: None,
            identity: Identity::default(),
            in_place: None,
            device: None,
            firmware: None,
        }
    }
}

impl Options {
    /// The codecs that are tried, of which the smallest package counts.
    pub(crate) fn codecs(&self) -> Vec<CodecChoice> {
        if self.codec != CodecChoice::Auto {
            return vec![self.codec];
        }
        let codecs = self.device.as_ref().and_then(|device| device.codecs.as_ref());
        let known = codecs.map_or(&[CodecChoice::Cm][..], Codecs::as_slice);
        let small: Vec<CodecChoice> =
            known.iter().copied().filter(|&codec| codec != CodecChoice::Zstd).collect();
        if small.is_empty() { known.to_vec() } else { small }
    }
}

impl Ram {
    /// The budget in bytes for images of at most `size` bytes.
    #[must_use]
    pub const fn budget(self, size: usize) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Auto if size <= 1 << 20 => 16 << 10,
            Self::Auto if size <= 16 << 20 => 256 << 10,
            Self::Auto => 8 << 20,
        }
    }
}

impl FromStr for Ram {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text {
            "auto" => Ok(Self::Auto),
            size => parse_size(size)
                .map(Self::Bytes)
                .map_err(|error| ValueError(error.0.replace("expected", "expected \"auto\" or"))),
        }
    }
}

by_name!(CodecChoice { Cm = "cm", Zstd = "zstd", Lite = "lite", Auto = "auto" });
by_name!(Containers { Auto = "auto", None = "none" });

impl Arch {
    /// `Auto`, `None`, and each kind of code.
    pub const ALL: [Self; PageKind::CODE.len() + 2] = {
        let mut all = [Self::Auto; PageKind::CODE.len() + 2];
        all[1] = Self::None;
        let mut index = 0;
        while index < PageKind::CODE.len() {
            all[index + 2] = Self::Only(PageKind::CODE[index]);
            index += 1;
        }
        all
    };

    /// The name in options, release files and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::None => "none",
            Self::Only(kind) => kind.name(),
        }
    }
}

by_name!(Arch, Display);

settings! {
    Options, None;
    "ram" "SIZE|auto": "Memory of the device's decoder, such as 16K, 256KiB or 8M [default: auto]",
        |options, text| put(&mut options.ram, text);
    "codec" "CODEC" [CodecChoice::ALL.map(CodecChoice::name)]:
        "Codec of the body: cm makes the smallest packages, zstd those that restore fastest, lite those for the smallest \
         decoders and 4 KiB of memory; auto takes the better of those that the device's profile lists [default: cm]",
        |options, text| put(&mut options.codec, text);
    "level" "1..9": "Effort, from 1 (fastest) to 9 (smallest packages); does not affect decoding [default: 6]",
        |options, text| put_parsed(&mut options.level, parse_within(text, 1..=9, "a level from 1 to 9"));
    "base" "ADDR": "Address of the images' first byte when they run, such as 0x08000000 [default: detected]",
        |options, text| {
            let what = "an even address such as 0x08000000, 134217728 or 0xFFFFFFC008000000";
            let address = parse_number(text, what).and_then(|address: u64| match address % 2 {
                0 => Ok(Some(address)),
                // Bit 0 of a pointer to Thumb code is no part of the address.
                _ => Err(ValueError(format!("no image begins at an odd address: expected {what}"))),
            });
            put_parsed(&mut options.base_address, address)
        };
    "arch" "ARCH" [Arch::ALL.map(Arch::name)]:
        "CPU architecture of the code; with none, images are plain bytes [default: auto]",
        |options, text| put(&mut options.arch, text);
    "containers" "WHEN" [Containers::ALL.map(Containers::name)]:
        "Whether compressed files (.gz, .zip and so on) are expanded: devices need an operating system to restore such \
         packages [default: auto; none for microcontrollers: with --ram, --arch thumb, riscv or xtensa, HEX and the like]",
        |options, text| put_parsed(&mut options.containers, parse(text).map(Some));
    "lanes" "1..8":
        "Parts of the body that can be restored at the same time; devices need a decoder with lanes for more than 1 \
         [default: by the image; 1 for microcontrollers]",
        |options, text| {
            put_parsed(&mut options.lanes, parse_within(text, 1..=8, "a number of lanes from 1 to 8").map(Some))
        };
    "md5": "Put the target's MD5 into the header, for delivery platforms that require it",
        |options, text| put(&mut options.md5, text);
    "body-digest": "Put the SHA-256 of the body into the header",
        |options, text| put(&mut options.body_digest, text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn every_choice_is_found_by_its_name() {
        for codec in CodecChoice::ALL {
            assert_eq!(codec.name().parse(), Ok(codec));
        }
        for containers in Containers::ALL {
            assert_eq!(containers.name().parse(), Ok(containers));
        }
        for arch in Arch::ALL {
            assert_eq!(arch.to_string().parse(), Ok(arch));
        }
        assert_eq!(
            "mips".parse::<Arch>().unwrap_err().0,
            "expected one of auto, none, thumb, aarch64, arm, riscv, xtensa, x86"
        );
        assert!("words32".parse::<Arch>().is_err());
    }

    #[test]
    fn settings_set_what_they_are_named_for() {
        let mut options = Options::default();
        let base = Options::SETTINGS.iter().find(|setting| setting.name == "base").unwrap();
        let values = [
            ("ram", "16K"),
            ("codec", "zstd"),
            ("level", "9"),
            ("base", "0x10"),
            ("arch", "arm"),
            ("containers", "none"),
            ("lanes", "3"),
            ("md5", "true"),
            ("body-digest", "true"),
        ];
        for (setting, (name, value)) in Options::SETTINGS.iter().zip(values) {
            assert_eq!(setting.name, name);
            (setting.set)(&mut options, value).unwrap();
            assert!((setting.set)(&mut options, "nonsense").is_err(), "{name}");
            assert!((setting.choices)().is_empty() || (setting.choices)().contains(&value));
        }
        let Options { ram, codec, level, containers, arch, base_address, lanes, md5, body_digest, .. } =
            options;
        assert_eq!(lanes, Some(3));
        assert_eq!((ram, codec, level, base_address), (Ram::Bytes(16 << 10), CodecChoice::Zstd, 9, Some(16)));
        assert_eq!(
            (arch, containers, md5, body_digest),
            (Arch::Only(PageKind::Arm), Some(Containers::None), true, true)
        );
        for (text, address) in [("0xFFFFFFC008000000", Some(0xFFFF_FFC0_0800_0000)), ("0x08000001", None)] {
            let mut options = Options::default();
            assert_eq!((base.set)(&mut options, text).is_ok(), address.is_some(), "{text}");
            assert_eq!(options.base_address, address);
        }
        assert!("automatic".parse::<Ram>().unwrap_err().0.starts_with("expected \"auto\" or a size"));
    }

    #[test]
    fn defaults_in_the_help_are_the_usual_ones() {
        let usual = Options::default();
        let help = |name: &str| Options::SETTINGS.iter().find(|setting| setting.name == name).unwrap().help;
        assert!(help("level").ends_with(&format!("[default: {}]", usual.level)));
        assert!(help("codec").ends_with(&format!("[default: {}]", usual.codec)));
        assert!(help("arch").ends_with(&format!("[default: {}]", usual.arch)));
    }
}
