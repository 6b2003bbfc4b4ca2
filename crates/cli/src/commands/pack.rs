//! `smidgen pack`: makes all packages of a release.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use smidgen_diff::input::Reading;
use smidgen_diff::release::{self, Manifest, Release, ReleaseFile};
use smidgen_diff::{Identity, Options};

use crate::arguments::{PackArguments, encryption, signers};
use crate::io::{Image, folder, mapped, named_sources};
use crate::report::{Console, Events, Failure, Talk, is_standard_stream, object, shown, tables};

pub(crate) fn pack(arguments: &PackArguments, console: &Console) -> Result<(), Failure> {
    let folder = folder(&arguments.output)?;
    let file = arguments.release.as_deref().map(ReleaseFile::read).transpose()?.unwrap_or_default();
    let options = arguments.engine(&file)?;
    let images = Images::new(arguments, &file, options.identity.clone(), console)?;
    images.check(&arguments.output, console)?;
    let release = order(arguments, &file, options, images, console)?;
    let options = arguments.options(&file);
    let manifest = if console.is_json() {
        release::pack(&release, &options, folder, &Events(console))
    } else {
        release::pack(&release, &options, folder, &Talk::new(console))
    }?;
    report(&manifest, folder, console)
}

fn report(manifest: &Manifest, folder: &Path, console: &Console) -> Result<(), Failure> {
    let file = folder.join(manifest.file_name());
    if !console.is_json() {
        console.say(tables::release(manifest));
        console.say(format_args!("manifest {}", shown(&file)));
    }
    console.print_json(|| {
        object(json!({ "event": "manifest", "file": file.to_string_lossy(), "manifest": manifest }))
    })
}

/// The images in release file and options.
struct Images {
    reading: Reading,
    identity: Identity,
    version: String,
    target: PathBuf,
    sources: Vec<(String, PathBuf)>,
}

impl Images {
    fn new(
        arguments: &PackArguments,
        file: &ReleaseFile,
        identity: Identity,
        console: &Console,
    ) -> Result<Self, Failure> {
        let reading = arguments.reading.over(file);
        let identity = arguments.identity.over_onto(file, identity);
        let target = arguments.to.clone().or_else(|| file.to.clone());
        let target = target.ok_or_else(|| missing("the new image", "--to IMAGE"))?;
        let image = Image::open(&target, &reading)?;
        image.describe(console);
        let version = image.version(identity.version.as_deref(), console);
        let version = version.ok_or_else(|| missing("the new image's version", "--to-version VERSION"))?;
        let mut sources = Vec::new();
        for from in &arguments.from {
            sources.extend(named_sources(from, &reading, console)?);
        }
        let given: BTreeSet<String> = sources.iter().map(|(version, _)| version.clone()).collect();
        let in_folder = file.from_folder.as_deref().map(release::sources_in).transpose()?.unwrap_or_default();
        let of_file = file.from.clone().into_iter().chain(in_folder);
        sources.extend(of_file.filter(|(version, _)| !given.contains(version)));
        Ok(Self { reading, identity, version, target, sources })
    }

    /// Opens every image once, to fail now and not after hours.
    fn check(&self, output: &Path, console: &Console) -> Result<(), Failure> {
        let mut images = self.sources.iter().map(|(_, path)| path).chain([&self.target]);
        if images.any(|path| is_standard_stream(path)) {
            return Err(Failure::usage(
                "an image of a release cannot be standard input: it is read several times",
            )
            .note("save it to a file, and name that"));
        }
        for (version, path) in &self.sources {
            let image = Image::open(path, &self.reading)?;
            image.describe(console);
            // Only warns if the image states another version.
            let _ = image.version(Some(version), console);
        }
        let folder = fs::canonicalize(output).ok();
        for path in self.sources.iter().map(|(_, path)| path).chain([&self.target]) {
            let own = fs::canonicalize(path).ok().and_then(|path| path.parent().map(Path::to_owned));
            if folder.is_some() && own == folder {
                return Err(Failure::usage("the image is in the folder of the release")
                    .about(path)
                    .note("give the release a folder of its own with --output"));
            }
        }
        Ok(())
    }
}

/// The release of file and options; options override the file.
fn order(
    arguments: &PackArguments,
    file: &ReleaseFile,
    mut options: Options,
    images: Images,
    console: &Console,
) -> Result<Release, Failure> {
    let Images { reading, identity, version, target, sources } = images;
    options.identity = identity;
    let mut release = Release::new(version, mapped(target, &reading))
        .with_options(options)
        .with_listing(arguments.listing.over(file));
    for (version, path) in sources {
        release = release.source(version, mapped(path, &reading));
    }
    if let Some(encryption) = encryption(&arguments.encryption(file), console)? {
        release = release.with_encryption(encryption);
    }
    for signer in signers(&arguments.signing.over(file), console)? {
        release = release.signed_by(signer);
    }
    Ok(release)
}

fn missing(what: &str, option: &str) -> Failure {
    Failure::usage(format!("{what} is not given")).note(format!("give {option}, or a release file with it"))
}
