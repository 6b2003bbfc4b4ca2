//! `smidgen pack`: makes all packages of a release.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use smidgen_diff::input::Reading;
use smidgen_diff::release::{
    self, Fleet, ImageSearch, Manifest, PackError, Release, ReleaseFile, Shard, Skipped, VersionError,
};
use smidgen_diff::{Escaped, Identity, Options};

use crate::arguments::{PackArguments, encryption, signers};
use crate::io::{Field, Image, folder, mapped, release_file};
use crate::report::{
    Console, Events, Failure, Talk, fleet, hex, is_standard_stream, json, object, sha256, shown, tables,
};

pub(crate) fn pack(arguments: &PackArguments, console: &Console) -> Result<(), Failure> {
    let folder = folder(&arguments.output)?;
    let file = release_file(arguments.release.as_deref())?;
    let options = arguments.engine(&file)?;
    let (images, target) = Images::new(arguments, &file, options.identity.clone(), console)?;
    let fleet = fleet_of(arguments, &file)?;
    let release = order(arguments, &file, options, &images, console)?;
    let release = fleet.iter().fold(release, |release, fleet| release.with_fleet(fleet.clone()));
    release.check()?;
    images.check(&target, folder, console)?;
    // Packing opens it again, when it needs it.
    drop(target);
    let options = arguments.options(&file);
    let made = if console.is_json() {
        release::pack(&release, &options, folder, &Events(console))
    } else {
        release::pack(&release, &options, folder, &Talk::new(console))
    };
    let manifest = made.map_err(|error| match error {
        error @ PackError::OtherRelease { .. } if options.shard == Shard::WHOLE => {
            Failure::from(error).note("or replace it with --replace")
        }
        error => error.into(),
    })?;
    // A shard lists the packages of others as if there were none.
    if let Some(fleet) = fleet.filter(|_| options.shard == Shard::WHOLE) {
        fleet::report(&fleet.savings(&manifest), console)?;
    }
    report(&manifest, folder, console)
}

/// The list of devices, if one is given.
fn fleet_of(arguments: &PackArguments, file: &ReleaseFile) -> Result<Option<Fleet>, Failure> {
    Ok(arguments.fleet.as_ref().or(file.fleet.as_ref()).map(|path| Fleet::read(path)).transpose()?)
}

fn report(manifest: &Manifest, folder: &Path, console: &Console) -> Result<(), Failure> {
    let file = folder.join(manifest.file_name());
    if !console.is_json() {
        // Its notes were printed as they came.
        console.say(tables::packages(manifest));
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
    /// The images, and the opened target.
    fn new(
        arguments: &PackArguments,
        file: &ReleaseFile,
        identity: Identity,
        console: &Console,
    ) -> Result<(Self, Image), Failure> {
        let reading = arguments.reading.over(file);
        let identity = arguments.identity.over_onto(file, identity);
        let path = arguments.to.clone().or_else(|| file.to.clone());
        let path = path.ok_or_else(|| missing("the new image", "--to IMAGE"))?;
        not_a_stream(&path)?;
        let target = Image::open(&path, &reading)?;
        let version = target.version(identity.version.as_deref(), console);
        let version = version.ok_or_else(|| missing("the new image's version", "--to-version VERSION"))?;
        let search = ImageSearch::default()
            .with_product(identity.product.as_deref())
            .with_reading(reading.clone())
            .with_target(Some((&version, hex(&sha256(&target)))));
        let Field { images: sources, skipped, .. } = Field::new(&arguments.from, file, &search, console)?;
        for Skipped { path, reason, .. } in skipped {
            let file = path.to_string_lossy();
            let event = json!({ "event": "not-an-image", "file": file, "reason": reason.name() });
            console.print_json(|| object(event))?;
        }
        if let Some((_, path)) = sources.iter().find(|(source, _)| *source == version) {
            return Err(Failure::from(PackError::from(VersionError::Same { version })).about(path));
        }
        Ok((Self { reading, identity, version, target: path, sources }, target))
    }

    /// Opens every image once, to fail now and not after hours.
    fn check(&self, target: &Image, output: &Path, console: &Console) -> Result<(), Failure> {
        self.sources.iter().try_for_each(|(_, path)| not_a_stream(path))?;
        target.check_entry(target.lacks_entry && self.sources_lack_entry()?)?;
        target.describe(console);
        for (version, path) in &self.sources {
            let image = Image::open(path, &self.reading)?;
            let formats = image.compare_formats(target)?;
            image.describe(console);
            image.warn_of_text(console);
            // Only warns if the image states another version.
            let _ = image.version(Some(version), console);
            if let Some(note) = formats {
                let text = format!("{version}: {note}");
                console.say(format_args!("warning: {}", Escaped(&text)));
                console.print_json(|| json::note_event(note.name(), &text, true))?;
            }
        }
        target.warn_of_text(console);
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

    fn sources_lack_entry(&self) -> Result<bool, Failure> {
        for (_, path) in &self.sources {
            if !Image::open(path, &self.reading)?.lacks_entry {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn not_a_stream(image: &Path) -> Result<(), Failure> {
    if is_standard_stream(image) {
        return Err(Failure::usage(
            "an image of a release cannot be standard input: it is read several times",
        )
        .note("save it to a file, and name that"));
    }
    Ok(())
}

/// The release of file and options; options override the file.
fn order(
    arguments: &PackArguments,
    file: &ReleaseFile,
    mut options: Options,
    images: &Images,
    console: &Console,
) -> Result<Release, Failure> {
    let Images { reading, identity, version, target, sources } = images;
    options.identity = identity.clone();
    let mut release = Release::new(version, mapped(target.clone(), reading))
        .with_options(options)
        .with_listing(arguments.listing.over(file));
    for (version, path) in sources {
        release = release.source(version, mapped(path.clone(), reading));
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
