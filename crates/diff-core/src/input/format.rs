//! The formats that builds leave images in.

use std::fmt;

use crate::settings::by_name;

/// What a file is, or is to be taken for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "release",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
#[non_exhaustive]
pub enum Format {
    /// Bytes as they are.
    #[default]
    Raw,
    /// Intel HEX, with addresses of 16, 20 or 32 bits.
    Hex,
    /// Motorola S-records, with addresses of 16, 24 or 32 bits.
    Srec,
    /// ELF of 32 or 64 bits in either byte order: what is loaded, at its physical addresses.
    Elf,
    /// UF2, blocks for bootloaders that look like a disk.
    Uf2,
    /// An image signed for MCUboot. Its bytes are flashed as they are.
    Mcuboot,
    /// An image of ESP-IDF. Its bytes are flashed as they are.
    Esp,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Raw, Self::Hex, Self::Srec, Self::Elf, Self::Uf2, Self::Mcuboot, Self::Esp];

    /// The name that options and JSON call it by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Hex => "hex",
            Self::Srec => "srec",
            Self::Elf => "elf",
            Self::Uf2 => "uf2",
            Self::Mcuboot => "mcuboot",
            Self::Esp => "esp",
        }
    }
}

by_name!(Format);

/// The usual name.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Raw => "plain bytes",
            Self::Hex => "Intel HEX",
            Self::Srec => "Motorola S-records",
            Self::Elf => "ELF",
            Self::Uf2 => "UF2",
            Self::Mcuboot => "MCUboot image",
            Self::Esp => "ESP-IDF image",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_json_says() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
            #[cfg(feature = "release")]
            assert_eq!(serde_json::to_value(format).unwrap(), format.name());
        }
        assert!("coff".parse::<Format>().is_err());
    }
}
