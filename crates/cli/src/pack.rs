//! `smidgen pack`: makes all packages of a release.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use diff_core::input::Reading;
use diff_core::release::{self, Bytes, Flattened, Manifest, Release, ReleaseFile};
use serde_json::json;

use crate::arguments::{PackArguments, parse_sign_method};
use crate::console::{Console, shown};
use crate::failure::Failure;
use crate::image::Image;
use crate::input::Input;
use crate::pack_progress::{Lines, Talk};
use crate::release_table;

/// Packs the release, tells about it.
pub(crate) fn run(arguments: &PackArguments, console: &Console) -> Result<(), Failure> {
    let order = Order::new(arguments, console)?;
    order.check_images(&arguments.output, console)?;
    let effort = arguments.effort();
    let release = order.release(arguments, console)?;
    let folder = &arguments.output;
    let manifest = if arguments.json {
        release::pack(&release, &effort, folder, &Lines::new(console))
    } else {
        release::pack(&release, &effort, folder, &Talk::new(console))
    }?;
    tell(&manifest, arguments, console)
}

fn tell(manifest: &Manifest, arguments: &PackArguments, console: &Console) -> Result<(), Failure> {
    let file = arguments.output.join(manifest.file_name());
    if arguments.json {
        return console
            .print(json!({ "event": "manifest", "file": file.to_string_lossy(), "manifest": manifest }));
    }
    console.say(release_table::of(manifest));
    console.say(format_args!("manifest {}", shown(&file)));
    Ok(())
}

/// What the release file and the options say together.
struct Order {
    file: ReleaseFile,
    reading: Reading,
    to: PathBuf,
    version: String,
    sources: Vec<(String, PathBuf)>,
}

impl Order {
    fn new(arguments: &PackArguments, console: &Console) -> Result<Self, Failure> {
        let file = arguments.release.as_deref().map(ReleaseFile::read).transpose()?.unwrap_or_default();
        let reading = arguments.reading.over(file.reading().map_err(Failure::usage)?);
        let to = arguments.to.clone().or_else(|| file.to.clone());
        let to = to.ok_or_else(|| missing("the new image", "--to IMAGE"))?;
        let version = arguments.to_version.clone().or_else(|| file.to_version.clone());
        let target = Image::open(&to, &reading)?;
        target.tell(console);
        let version = target.version(version.as_deref(), console);
        let version = version.ok_or_else(|| missing("the new image's version", "--to-version VERSION"))?;
        let mut sources: Vec<_> =
            file.from.iter().map(|(version, path)| (version.clone(), path.clone())).collect();
        if let Some(folder) = &file.from_folder {
            sources.extend(release::sources_in(folder)?);
        }
        for from in &arguments.from {
            sources.extend(named_sources(from, &reading, console)?);
        }
        Ok(Self { file, reading, to, version, sources })
    }

    /// Opens every image once, as it is better to fail now than after hours.
    fn check_images(&self, output: &Path, console: &Console) -> Result<(), Failure> {
        for (version, path) in &self.sources {
            let image = Image::open(path, &self.reading)?;
            image.tell(console);
            // It may be called what it is called: the user knows best.
            let _ = image.version(Some(version), console);
        }
        let folder = fs::canonicalize(output).ok();
        for path in self.sources.iter().map(|(_, path)| path).chain([&self.to]) {
            let own = fs::canonicalize(path).ok().and_then(|path| path.parent().map(Path::to_owned));
            if folder.is_some() && own == folder {
                let message = format!("{}: the image is in the folder of the release", shown(path));
                return Err(
                    Failure::usage(message).note("give the release a folder of its own with --output")
                );
            }
        }
        Ok(())
    }

    fn release(self, arguments: &PackArguments, console: &Console) -> Result<Release, Failure> {
        let file = self.file;
        let reading = self.reading;
        let mut release = Release::new(self.version, mapped(self.to, &reading)).options(arguments.options());
        for (version, path) in self.sources {
            release = release.source(version, mapped(path, &reading));
        }
        if let Some(product) = arguments.product.clone().or(file.product) {
            release = release.product(product);
        }
        if let Some(module) = arguments.module.clone().or(file.module) {
            release = release.module(module);
        }
        if let Some(name) = arguments.name.clone().or(file.name) {
            release = release.firmware_name(name);
        }
        if let Some(description) = arguments.description.clone().or(file.description) {
            release = release.description(description);
        }
        if let Some(counter) = arguments.rollback_counter.or(file.rollback_counter) {
            release = release.rollback_counter(counter);
        }
        if let Some(share) = arguments.share.or(file.share) {
            release = release.share(share);
        }
        let method = file.sign_method.as_deref().map(parse_sign_method).transpose();
        let method =
            method.map_err(|error| Failure::usage(format!("sign-method in the release file: {error}")))?;
        if let Some(method) = arguments.sign_method.or(method) {
            release = release.sign_with(method);
        }
        if let Some(encryption) = arguments.encryption.encryption(console)? {
            release = release.encrypted(encryption);
        }
        for signer in arguments.signing.signers(console)? {
            release = release.signed_by(signer);
        }
        if arguments.android_sdk || file.android_sdk {
            release = release.android_sdk();
        }
        Ok(release)
    }
}

/// One `--from`: a version with its image, an image that says its version, or a folder of images.
pub(crate) fn named_sources(
    from: &str,
    reading: &Reading,
    console: &Console,
) -> Result<Vec<(String, PathBuf)>, Failure> {
    if let Some((version, path)) = from.split_once('=') {
        return Ok(vec![(version.to_owned(), PathBuf::from(path))]);
    }
    let path = Path::new(from);
    if path.is_dir() {
        return Ok(release::sources_in(path)?);
    }
    let own = if path.is_file() { Image::open(path, reading)?.version(None, console) } else { None };
    let version = own.ok_or_else(|| {
        Failure::usage(format!(
            "--from {from}: expected VERSION=IMAGE, an image that says its version, or a folder of images"
        ))
        .note("such as --from 1.0.0=v1.bin")
    })?;
    Ok(vec![(version, path.to_owned())])
}

fn missing(what: &str, option: &str) -> Failure {
    Failure::usage(format!("{what} is not given"))
        .note(format!("give {option}, or a release file that says it"))
}

/// An image in a file that is mapped to memory while it is worked on.
pub(crate) fn mapped(path: PathBuf, reading: &Reading) -> Flattened<Mapped> {
    Flattened::new(Mapped(path), reading.clone())
}

/// A file that is mapped to memory while it is worked on.
pub(crate) struct Mapped(PathBuf);

impl release::Image for Mapped {
    fn open(&self) -> io::Result<Bytes<'_>> {
        struct Map(Input);
        impl AsRef<[u8]> for Map {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
        let input = Input::image(&self.0).map_err(|failure| io::Error::other(failure.to_string()))?;
        Ok(Box::new(Map(input)))
    }
}
