//! The images of a release: files, mapped to memory while they are worked on.

use std::io;
use std::path::{Path, PathBuf};

use smidgen_diff::input::Reading;
use smidgen_diff::release::{self, Flattened, ImageBytes, ImageFolder};

use super::image::Image;
use super::input::Input;
use crate::report::{Console, Failure, shown};

/// The versions and images of one `--from`: VERSION=IMAGE, an image that states its version, or a folder of images, which
/// may be named for the product too.
pub(crate) fn named_sources(
    from: &str,
    product: Option<&str>,
    reading: &Reading,
    console: &Console,
) -> Result<ImageFolder, Failure> {
    if let Some((version, path)) = from.split_once('=')
        && !version.is_empty()
        && !path.is_empty()
    {
        return Ok(one(version, PathBuf::from(path)));
    }
    let path = Path::new(from);
    if path.is_dir() {
        return images_in(path, product, console);
    }
    let own = if path.is_file() { Image::open(path, reading)?.version(None, console) } else { None };
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
pub(crate) fn images_in(
    folder: &Path,
    product: Option<&str>,
    console: &Console,
) -> Result<ImageFolder, Failure> {
    let found = release::sources_in(folder, product)?;
    if let Some(skipped) = found.skipped_text() {
        console.say(format_args!("note: {}: not taken as images: {skipped}", shown(folder)));
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
