//! Folders of images, each named for its version (`docs/pipeline.md`).

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::image::{Flattened, Image as _};
use super::image_name::version_of;
use crate::bsdiff40::is_bsdiff40;
use crate::digest::sha256_hex;
use crate::escaped::Escaped;
use crate::input::Reading;
use crate::release::error::PackError;
use crate::release::version;
use crate::settings::setters;

/// Entries that messages name before they only count them.
const NAMED: usize = 20;

/// How the images of a folder are found.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ImageSearch<'a> {
    /// The product that they may be named for.
    pub product: Option<&'a str>,
    /// How they are read, to compare those of one version.
    pub reading: Reading,
    /// The version of the release and the SHA-256 of its image, which is no source.
    pub target: Option<(&'a str, String)>,
}

setters!(ImageSearch<'a> {
    with_product: product: Option<&'a str>,
    with_reading: reading: Reading,
    with_target: target: Option<(&'a str, String)>,
});

/// The images in a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageFolder {
    /// Versions and their images, in the order of versions.
    pub images: Vec<(String, PathBuf)>,
    /// What else is in the folder.
    pub skipped: Vec<Skipped>,
}

/// An entry of a folder that is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// The entry.
    pub path: PathBuf,
    /// Why it is not taken.
    pub reason: SkippedBecause,
}

/// Why an entry of a folder is no image, or not taken.
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
    /// Another file has the same image of its version.
    Duplicate,
    /// It is the image that the release leads to.
    Target,
}

impl ImageFolder {
    /// The entries that are not taken, and why, for people; `None` if all are.
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
            Self::Duplicate => "duplicate",
            Self::Target => "target",
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
            Self::Duplicate => "the same image as another file of its version",
            Self::Target => "the release's own image",
        })
    }
}

/// The images in a folder with their versions. An image is named for its version, or for the product and the version:
/// `1.0.0.bin`, `v1.0.0.tar.gz`, `sensor-1.0.0.hex` of the product "sensor"; without an ending only if the name is that of
/// a version, as `1.0.0` is.
///
/// Of several files with the same image of one version, the first is taken.
///
/// # Errors
/// [`PackError::Read`]; [`PackError::Usage`] for a folder without images, empty ones, and different ones of one version.
pub fn sources_in(folder: &Path, search: &ImageSearch) -> Result<ImageFolder, PackError> {
    let entries = fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    let mut paths: Vec<PathBuf> =
        entries.map_err(PackError::reading(folder))?.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    let (mut found, mut named) = (ImageFolder::default(), Vec::new());
    for path in paths {
        match image(&path, search.product)? {
            Ok(version) => named.push((version, path)),
            Err(reason) => found.skipped.push(Skipped { path, reason }),
        }
    }
    // Stable: files that are spelled alike stay in the order of their names.
    named.sort_by(|(one, _), (other, _)| version::compare(one, other));
    for same in named.chunk_by(|(one, _), (other, _)| version::is_same(one, other)) {
        found.take_one(same, search)?;
    }
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

/// A version and the file that is named for it.
type Named = (String, PathBuf);

impl ImageFolder {
    /// Takes the first of files that are named for one version, however that is spelled: all must have the same image. None
    /// is taken if that is the release's.
    fn take_one(&mut self, same: &[Named], search: &ImageSearch) -> Result<(), PackError> {
        let Some((first, others)) = same.split_first() else { return Ok(()) };
        let target = search.target.as_ref().filter(|(target, _)| version::is_same(target, &first.0));
        if others.is_empty() && target.is_none() {
            self.images.push(first.clone());
            return Ok(());
        }
        let digest = search.digest(&first.1)?;
        for other in others {
            if search.digest(&other.1)? != digest {
                let (version, [one, other]) =
                    (&first.0, [first, other].map(|(_, path)| Escaped(path.display())));
                return Err(PackError::Usage(format!(
                    "{one} and {other} are both named for version {version}, and their images differ; keep the one that \
                     devices have there, or give each image with --from VERSION=IMAGE in place of the folder"
                )));
            }
            self.skipped.push(Skipped { path: other.1.clone(), reason: SkippedBecause::Duplicate });
        }
        if target.is_some_and(|(_, own)| *own == digest) {
            self.skipped.push(Skipped { path: first.1.clone(), reason: SkippedBecause::Target });
        } else {
            self.images.push(first.clone());
        }
        Ok(())
    }
}

impl ImageSearch<'_> {
    /// The SHA-256 of the image in a file.
    fn digest(&self, path: &Path) -> Result<String, PackError> {
        let image = Flattened::new(path.to_owned(), self.reading.clone()).with_name(path);
        let bytes = image.open().map_err(PackError::reading(path))?;
        Ok(sha256_hex((*bytes).as_ref()))
    }
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

/// The version that a file is named for, or why it is no image.
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
    fn images_of_a_folder_are_found_and_the_rest_is_named() {
        let names = ["1.0.0.bin", "1.0.1", "2.0.0.img", ".hidden", "SHA256SUMS", "app-2.2.0.bin"];
        let folder = folder(&names);
        fs::create_dir(folder.path().join("3.0.0.bin")).unwrap();
        let found = sources_in(folder.path(), &ImageSearch::default()).unwrap();
        let versions: Vec<&str> = found.images.iter().map(|(version, _)| version.as_str()).collect();
        assert_eq!(versions, ["1.0.0", "1.0.1", "2.0.0"]);
        let expected = "SHA256SUMS (not named like an image), app-2.2.0.bin (not named for a version: give --from VERSION=IMAGE), \
                        .hidden (hidden), 3.0.0.bin (no regular file)";
        assert_eq!(found.skipped_text().unwrap(), expected);
    }

    #[test]
    fn one_image_of_a_version_is_one_source_and_the_release_is_none() {
        let folder = folder(&["1.0.bin", "3.0.bin", "v3.bin"]);
        let path = |name: &str| folder.path().join(name);
        fs::write(path("1.0.bin"), b"ab").unwrap();
        fs::write(path("v1.hex"), b":024142006162B8\n:00000001FF\n").unwrap();
        let target =
            |version, image: &[u8]| ImageSearch::default().with_target(Some((version, sha256_hex(image))));
        let found = sources_in(folder.path(), &target("v3.0.0", b"image")).unwrap();
        assert_eq!(found.images, [("1.0".to_owned(), path("1.0.bin"))]);
        let expected = "v1.hex, v3.bin (the same image as another file of its version), 3.0.bin (the release's own image)";
        assert_eq!(found.skipped_text().unwrap(), expected);
        let reasons: Vec<&str> = found.skipped.iter().map(|skipped| skipped.reason.name()).collect();
        assert_eq!(reasons, ["duplicate", "duplicate", "target"]);
        // Another image or version is a source.
        for other in [target("3", b"other"), target("4.0", b"image")] {
            assert_eq!(sources_in(folder.path(), &other).unwrap().images.len(), 2);
        }
    }

    #[test]
    fn folders_that_are_not_clear_are_refused() {
        let refusal = |folder: &tempfile::TempDir| {
            sources_in(folder.path(), &ImageSearch::default()).unwrap_err().to_string()
        };
        let text = refusal(&folder(&["README"]));
        assert!(text.ends_with("such as 1.0.0.bin; found: README (not named like an image)"), "{text}");
        assert!(refusal(&folder(&[])).ends_with("such as 1.0.0.bin"));
        for twins in [["1.0.0.bin", "1.0.0.img"], ["v1.0.bin", "1.0.bin"], ["1.0.0.bin", "v1.0.bin"]] {
            let folder = folder(&twins);
            fs::write(folder.path().join(twins[1]), b"other").unwrap();
            let text = refusal(&folder);
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
