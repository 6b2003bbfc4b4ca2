//! Folders of images, each named for its version (`docs/pipeline.md`).

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::bsdiff40::is_bsdiff40;
use crate::escaped::Escaped;
use crate::release::error::PackError;
use crate::release::version::{self, is_version};

/// Endings of images and of archives with one, in any case; `1.0.tar.gz` has two of them.
const ENDINGS: [&str; 33] = [
    "bin", "img", "rom", "fw", "dfu", "ota", "hex", "ihex", "ihx", "mcs", "srec", "s19", "s28", "s37", "mot",
    "mhx", "elf", "axf", "out", "uf2", "tar", "tgz", "gz", "gzip", "zip", "xz", "bz2", "zst", "lz4", "lzma",
    "itb", "squashfs", "ubi",
];
/// Entries that messages name before they only count them.
const NAMED: usize = 20;

/// The images in a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageFolder {
    /// Versions and their images, in the order of their names.
    pub images: Vec<(String, PathBuf)>,
    /// What else is in the folder.
    pub skipped: Vec<Skipped>,
}

/// An entry of a folder that is no image by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// The entry.
    pub path: PathBuf,
    /// Why it is no image.
    pub reason: SkippedBecause,
}

/// Why an entry of a folder is no image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SkippedBecause {
    /// Its name ends like no image, and is not a version.
    Ending,
    /// Its name does not begin with a version.
    NoVersion,
    /// Its name begins with a dot.
    Hidden,
    /// It is a folder, or no regular file.
    NoFile,
    /// It is a package, which is named for the versions that it leads from and to.
    Package,
}

impl ImageFolder {
    /// The entries that are no images, and why, for people; `None` if all are.
    #[must_use]
    pub fn skipped_text(&self) -> Option<String> {
        (!self.skipped.is_empty()).then(|| described(&self.skipped))
    }
}

impl SkippedBecause {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ending => "ending",
            Self::NoVersion => "no-version",
            Self::Hidden => "hidden",
            Self::NoFile => "no-file",
            Self::Package => "package",
        }
    }
}

impl fmt::Display for SkippedBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ending => "not named like an image",
            Self::NoVersion => "not named for a version: give --from VERSION=IMAGE",
            Self::Hidden => "hidden",
            Self::NoFile => "no regular file",
            Self::Package => "a package, not an image",
        })
    }
}

/// The images in a folder with their versions. An image is named for its version, or for the product and the version:
/// `1.0.0.bin`, `v1.0.0.tar.gz`, `sensor-1.0.0.hex` of the product "sensor"; without an ending only if the name is that of
/// a version, as `1.0.0` is.
///
/// # Errors
/// [`PackError::Read`]; [`PackError::Usage`] for a folder without images, two images of one version, and empty ones.
pub fn sources_in(folder: &Path, product: Option<&str>) -> Result<ImageFolder, PackError> {
    let entries = fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    let mut paths: Vec<PathBuf> =
        entries.map_err(PackError::reading(folder))?.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    let mut found = ImageFolder::default();
    for path in paths {
        match image(&path, product)? {
            Ok(version) => found.images.push((version, path)),
            Err(reason) => found.skipped.push(Skipped { path, reason }),
        }
    }
    check_versions(&found.images)?;
    if found.images.is_empty() {
        let mut message = format!(
            "{}: there is no image named for its version, such as 1.0.0.bin",
            Escaped(folder.display())
        );
        if !found.skipped.is_empty() {
            message += &format!("; found: {}", described(&found.skipped));
        }
        return Err(PackError::Usage(message));
    }
    Ok(found)
}

/// The names of entries, with the reasons why they are no images.
fn described(skipped: &[Skipped]) -> String {
    let mut by_reason: BTreeMap<SkippedBecause, Vec<String>> = BTreeMap::new();
    for Skipped { path, reason } in skipped.iter().take(NAMED) {
        by_reason.entry(*reason).or_default().push(file_name(path));
    }
    let parts = by_reason.iter().map(|(reason, names)| format!("{} ({reason})", Escaped(names.join(", "))));
    let mut text = parts.collect::<Vec<_>>().join(", ");
    if skipped.len() > NAMED {
        text += &format!(" and {} more", skipped.len() - NAMED);
    }
    text
}

/// The version of an image, or why it is none.
fn image(path: &Path, product: Option<&str>) -> Result<Result<String, SkippedBecause>, PackError> {
    let name = file_name(path);
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file);
    let Some(metadata) = metadata.filter(|_| !name.starts_with('.')) else {
        let hidden = name.starts_with('.');
        return Ok(Err(if hidden { SkippedBecause::Hidden } else { SkippedBecause::NoFile }));
    };
    let version = version_of(&name, product);
    if version.is_ok() && metadata.len() == 0 {
        let path = Escaped(path.display());
        return Err(PackError::Usage(format!(
            "{path}: the image is empty; put the image there, or remove the file"
        )));
    }
    if version.is_ok() && is_package(path)? {
        return Ok(Err(SkippedBecause::Package));
    }
    Ok(version.map(str::to_owned))
}

/// Whether a file begins as packages do: `1.0-to-2.0.bin` is a version by its name.
fn is_package(path: &Path) -> Result<bool, PackError> {
    let mut start = Vec::new();
    let file = fs::File::open(path).and_then(|file| file.take(8).read_to_end(&mut start));
    file.map_err(PackError::reading(path))?;
    Ok(start.starts_with(&smidgen_patch::internals::wire::MAGIC) || is_bsdiff40(&start))
}

fn version_of<'n>(name: &'n str, product: Option<&str>) -> Result<&'n str, SkippedBecause> {
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

/// Checks that no version has two images, however it is spelled: `v1.0` and `1.0.0` are one, whatever their case.
fn check_versions(images: &[(String, PathBuf)]) -> Result<(), PackError> {
    let mut sorted: Vec<(String, &Path)> =
        images.iter().map(|(version, path)| (version.to_ascii_lowercase(), path.as_path())).collect();
    sorted.sort_by(|(a, _), (b, _)| version::compare(a, b));
    match sorted.windows(2).find(|pair| version::is_same(&pair[0].0, &pair[1].0)) {
        Some(pair) => {
            let ((version, one), (_, other)) = (&pair[0], &pair[1]);
            let (one, other) = (Escaped(one.display()), Escaped(other.display()));
            Err(PackError::Usage(format!(
                "{one} and {other} are both named for version {version}; keep one of them"
            )))
        }
        None => Ok(()),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        names.iter().for_each(|name| fs::write(folder.path().join(name), b"image").unwrap());
        folder
    }

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

    #[test]
    fn images_of_a_folder_are_found_and_the_rest_is_named() {
        let names = ["1.0.0.bin", "1.0.1", "2.0.0.img", ".hidden", "SHA256SUMS", "app-2.2.0.bin"];
        let folder = folder(&names);
        fs::create_dir(folder.path().join("3.0.0.bin")).unwrap();
        let found = sources_in(folder.path(), None).unwrap();
        let versions: Vec<&str> = found.images.iter().map(|(version, _)| version.as_str()).collect();
        assert_eq!(versions, ["1.0.0", "1.0.1", "2.0.0"]);
        let expected = "SHA256SUMS (not named like an image), app-2.2.0.bin (not named for a version: give --from VERSION=IMAGE), \
                        .hidden (hidden), 3.0.0.bin (no regular file)";
        assert_eq!(found.skipped_text().unwrap(), expected);
    }

    #[test]
    fn folders_that_are_not_clear_are_refused() {
        let refusal = |folder: &tempfile::TempDir| sources_in(folder.path(), None).unwrap_err().to_string();
        let text = refusal(&folder(&["README"]));
        assert!(text.ends_with("such as 1.0.0.bin; found: README (not named like an image)"), "{text}");
        assert!(refusal(&folder(&[])).ends_with("such as 1.0.0.bin"));
        for twins in [
            ["1.0.0.bin", "1.0.0.hex"],
            ["v1.0.bin", "1.0.bin"],
            ["1.0.0.bin", "v1.0.bin"],
            ["1.0-RC.bin", "1.0-rc.img"],
        ] {
            let text = refusal(&folder(&twins));
            assert!(text.contains("are both named for version "), "{text}");
        }
        let empty = folder(&["1.0.0.bin"]);
        fs::write(empty.path().join("2.0.0.bin"), b"").unwrap();
        assert!(refusal(&empty).contains("2.0.0.bin: the image is empty"));
        let many: Vec<String> = (0..50).map(|number| format!("note{number:02}")).collect();
        let text = refusal(&folder(&many.iter().map(String::as_str).collect::<Vec<_>>()));
        assert!(text.ends_with("note19 (not named like an image) and 30 more"), "{text}");
    }
}
