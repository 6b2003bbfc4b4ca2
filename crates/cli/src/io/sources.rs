//! The images of a release: where options and release file name them, and files that are mapped while they are worked on.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use smidgen_diff::input::Reading;
use smidgen_diff::release::{
    self, Flattened, ImageBytes, ImageFolder, ImageSearch, PackError, ReleaseFile, Skipped, VersionError,
    is_same_version,
};

use super::image::Image;
use super::input::Input;
use crate::report::{Console, Failure, is_standard_stream, shown};

/// Versions in the field and their images.
pub(crate) struct Field {
    /// Each version once, those of options first.
    pub(crate) images: Vec<(String, PathBuf)>,
    /// The versions that are from the release file.
    pub(crate) stated: BTreeSet<String>,
    /// What is in folders and not taken.
    pub(crate) skipped: Vec<Skipped>,
}

impl Field {
    /// The images of `--from` options and of a release file, whose images are left out for versions that options give,
    /// however these are spelled.
    pub(crate) fn new(
        from: &[String],
        file: &ReleaseFile,
        search: &ImageSearch,
        console: &Console,
    ) -> Result<Self, Failure> {
        let mut given = ImageFolder::default();
        for from in from {
            let mut found = named(from, search, console)?;
            given.images.append(&mut found.images);
            given.skipped.append(&mut found.skipped);
        }
        let in_folder = file.from_folder.as_deref().map(|folder| images_in(folder, search, console));
        let ImageFolder { images: in_folder, skipped, .. } = in_folder.transpose()?.unwrap_or_default();
        let is_given = |version: &str| given.images.iter().any(|(other, _)| is_same_version(version, other));
        let of_file = file.from.clone().into_iter().chain(in_folder);
        let of_file: Vec<_> = of_file.filter(|(version, _)| !is_given(version)).collect();
        let stated = of_file.iter().map(|(version, _)| version.clone()).collect();
        let images = [given.images, of_file].concat();
        let mut versions = BTreeSet::new();
        if let Some((version, _)) = images.iter().find(|(version, _)| !versions.insert(version)) {
            let version = version.clone();
            return Err(PackError::from(VersionError::Repeated { version }).into());
        }
        Ok(Self { images, stated, skipped: [given.skipped, skipped].concat() })
    }
}

/// The release file that is given, or an empty one.
pub(crate) fn release_file(path: Option<&Path>) -> Result<ReleaseFile, Failure> {
    match path {
        Some(path) if is_standard_stream(path) => Err(Failure::usage(
            "a release file cannot be standard input: its paths are relative to its folder",
        )
        .note("save it to a file, and name that (one called \"-\" is \"./-\")")),
        Some(path) => Ok(ReleaseFile::read(path)?),
        None => Ok(ReleaseFile::default()),
    }
}

/// The versions and images of one `--from`: VERSION=IMAGE, an image that states its version, or a folder of images.
fn named(from: &str, search: &ImageSearch, console: &Console) -> Result<ImageFolder, Failure> {
    if let Some((version, path)) = from.split_once('=')
        && !version.is_empty()
        && !path.is_empty()
    {
        return Ok(one(version, PathBuf::from(path)));
    }
    let path = Path::new(from);
    if path.is_dir() {
        return images_in(path, search, console);
    }
    let own = if path.is_file() { Image::open(path, &search.reading)?.version(None, console) } else { None };
    let version = own.ok_or_else(|| {
        Failure::usage(format!(
            "--from {}: expected VERSION=IMAGE, an image that states its version, or a folder of images",
            shown(path)
        ))
        .note("such as --from 1.0.0=v1.bin")
    })?;
    Ok(one(&version, path.to_owned()))
}

/// The images in a folder; names what else is there.
fn images_in(folder: &Path, search: &ImageSearch, console: &Console) -> Result<ImageFolder, Failure> {
    let found = release::sources_in(folder, search)?;
    if let Some(skipped) = found.skipped_text() {
        console.say(format_args!("note: {}: not taken: {skipped}", shown(folder)));
    }
    Ok(found)
}

fn one(version: &str, image: PathBuf) -> ImageFolder {
    let mut images = ImageFolder::default();
    images.images.push((version.to_owned(), image));
    images
}

pub(crate) fn mapped(path: PathBuf, reading: &Reading) -> Flattened<Mapped> {
    Flattened::new(Mapped(path.clone()), reading.clone()).with_name(path)
}

/// A file that is mapped to memory while it is worked on.
pub(crate) struct Mapped(PathBuf);

impl release::Image for Mapped {
    fn open(&self) -> io::Result<ImageBytes<'_>> {
        let input = Input::image(&self.0).map_err(|failure| io::Error::other(failure.to_string()))?;
        Ok(Box::new(input))
    }
}
