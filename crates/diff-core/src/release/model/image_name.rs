//! Names of images: a version and known endings, perhaps with the product before them (`docs/pipeline.md`).

use super::image_folder::SkippedBecause;
use crate::release::version::is_version;

/// Endings of images and of archives with one, in any case; `1.0.tar.gz` has two of them.
const ENDINGS: [&str; 33] = [
    "bin", "img", "rom", "fw", "dfu", "ota", "hex", "ihex", "ihx", "mcs", "srec", "s19", "s28", "s37", "mot",
    "mhx", "elf", "axf", "out", "uf2", "tar", "tgz", "gz", "gzip", "zip", "xz", "bz2", "zst", "lz4", "lzma",
    "itb", "squashfs", "ubi",
];

/// The version that a file of this name is the image of, or why it is none.
pub(super) fn version_of<'n>(name: &'n str, product: Option<&str>) -> Result<&'n str, SkippedBecause> {
    let mut stem = name;
    while let Some((rest, ending)) = stem.rsplit_once('.')
        && ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
    {
        stem = rest;
    }
    let version = without_product(stem, product).filter(|version| begins_with_number(version));
    match version {
        Some(version) if stem.len() == name.len() && !is_plain_version(version) => {
            Err(SkippedBecause::Ending)
        }
        Some(version) if is_version(version) => Ok(version),
        None if stem.len() == name.len() => Err(SkippedBecause::Ending),
        _ => Err(SkippedBecause::NoVersion),
    }
}

/// The version after the product's name and a hyphen or an underscore, where the name begins with that.
fn without_product<'n>(stem: &'n str, product: Option<&str>) -> Option<&'n str> {
    if begins_with_number(stem) {
        return Some(stem);
    }
    let product = product?;
    let (name, rest) = stem.split_at_checked(product.len())?;
    name.eq_ignore_ascii_case(product).then(|| rest.strip_prefix(['-', '_'])).flatten()
}

fn begins_with_number(text: &str) -> bool {
    text.strip_prefix(['v', 'V']).unwrap_or(text).starts_with(|first: char| first.is_ascii_digit())
}

/// Whether a name without an ending is that of a version: numbers, perhaps a pre-release, and no unknown ending.
fn is_plain_version(name: &str) -> bool {
    let numbers = name.strip_prefix(['v', 'V']).unwrap_or(name).split(['-', '+']).next().unwrap_or_default();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let last = name.rsplit('.').next().unwrap_or_default().split(['-', '+']).next().unwrap_or_default();
    numbers.split('.').all(is_number)
        && is_number(last.strip_prefix(['v', 'V']).unwrap_or(last))
        && is_version(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_images_are_versions_with_known_endings() {
        let sensor = Some("Sensor");
        for (name, product, version) in [
            ("1.0.0.bin", None, "1.0.0"),
            ("0.7.0.S19", None, "0.7.0"),
            ("0.4.bin.gz", None, "0.4"),
            ("v2.0.TAR.GZ", None, "v2.0"),
            ("1.2.3+45.uf2", None, "1.2.3+45"),
            ("1.0.0-rc.1.Hex", None, "1.0.0-rc.1"),
            ("2.1.0", None, "2.1.0"),
            ("3", None, "3"),
            ("v2-rc1", None, "v2-rc1"),
            ("1.0.0-rc.1", None, "1.0.0-rc.1"),
            ("2024a.bin", None, "2024a"),
            ("sensor-2.2.0.bin", sensor, "2.2.0"),
            ("SENSOR_v1.0.zip", sensor, "v1.0"),
            ("sensor-2.3", sensor, "2.3"),
        ] {
            assert_eq!(version_of(name, product), Ok(version), "{name}");
        }
    }

    #[test]
    fn other_files_are_no_images() {
        let names = "README.txt README.md SHA256SUMS 1.0.0.hex.bak 1.0.0.bin.sig 1.0.0.json 1.0.0.sha256 1.0.0-rc.1.sig \
                     1.0.0-rc.1.asc 1.0.0.bin~ 1.0.map 1.0.0-alpha.beta 1..0 1.0. 2.7z v";
        for name in names.split(' ') {
            assert_eq!(version_of(name, None), Err(SkippedBecause::Ending), "{name}");
        }
        for name in [
            "app-2.2.0.bin",
            "latest.bin",
            "sensors-1.0.bin",
            "1.0 (copy).bin",
            "sensor.bin",
            "vmain.hex",
            "版.bin",
        ] {
            assert_eq!(version_of(name, Some("sensor")), Err(SkippedBecause::NoVersion), "{name}");
        }
    }
}
