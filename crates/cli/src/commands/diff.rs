//! `smidgen diff`: makes a package.

use std::time::{Duration, Instant};

use serde_json::json;
use smidgen_diff::release::{Encryption, encrypt_and_prove};
use smidgen_diff::{ContainerNeeds, Note, Options, Package, Report, diff_bsdiff40};
use smidgen_patch::Header;

use crate::arguments::{DiffArguments, Format, encryption, encryption_files};
use crate::io::{Image, Output};
use crate::report::{Bar, Console, Failure, Needs, Object, hex, json, object, seconds, sha256};

pub(crate) fn diff(arguments: &DiffArguments, console: &Console) -> Result<(), Failure> {
    refuse_foreign_options(arguments)?;
    let images = Images::open(arguments)?;
    images.target.check_entry(images.base.lacks_entry)?;
    let formats = images.base.compare_formats(&images.target)?;
    for image in [&images.base, &images.target] {
        image.describe(console);
        image.warn_of_text(console);
    }
    if images.target.is_empty() && !arguments.allow_empty {
        return Err(Failure::empty("the new image is empty").about(images.target.file.path()));
    }
    let encryption = encryption(&arguments.encryption.value(), console)?;
    // Fails now, not after the work. Dropped: an interrupted program could not remove the file.
    images.output(arguments, console).map(drop)?;
    let started = Instant::now();
    let options = options(arguments, &images, console)?;
    let made = make(arguments, &images, &options, console)?;
    let mut made = encrypted(made, &images, encryption.as_ref())?;
    if let Some(device) = &options.device {
        device.check_size(made.bytes.len() as u64)?;
    }
    made.notes.extend(formats);
    let time = started.elapsed();
    images.output(arguments, console)?.finish_with(&made.bytes)?;
    console.say(summary(&images, &made, time));
    for note in &made.notes {
        let kind = if note.is_warning() { "warning" } else { "note" };
        console.say(format_args!("{kind}: {note}"));
    }
    let takes_payload = arguments.reading.value().takes_payload();
    let payloads = takes_payload.then(|| [&images.base, &images.target].map(|image| hex(&sha256(image))));
    if let Some([base, target]) = &payloads {
        console.say(format_args!("base     SHA-256 {base} (payload)\ntarget   SHA-256 {target} (payload)"));
    }
    console.print_json(|| {
        let mut fields = fields(&images, &made, time);
        if let Some([base, target]) = payloads {
            fields.insert("payload_digests".to_owned(), json!({ "base": base, "target": target }));
        }
        fields
    })
}

/// The two images, or the payloads of their files.
struct Images {
    base: Image,
    target: Image,
}

/// A package of either format.
struct Made {
    bytes: Vec<u8>,
    /// Header and report of Smidgen's own format.
    details: Option<(Header, Report)>,
    notes: Vec<Note>,
}

impl Images {
    fn open(arguments: &DiffArguments) -> Result<Self, Failure> {
        let reading = arguments.reading.value();
        let open = |path| Image::open(path, &reading);
        Ok(Self { base: open(&arguments.base_image)?, target: open(&arguments.target_image)? })
    }

    fn output(&self, arguments: &DiffArguments, console: &Console) -> Result<Output, Failure> {
        let encryption = arguments.encryption.value();
        let keys = encryption_files(&encryption);
        Output::create(&arguments.output, &[&self.base.file, &self.target.file], &keys, console)
    }
}

fn refuse_foreign_options(arguments: &DiffArguments) -> Result<(), Failure> {
    let foreign = arguments.smidgen_only();
    if arguments.format == Format::Smidgen || foreign.is_empty() {
        return Ok(());
    }
    let names = foreign.join(", ");
    Err(Failure::usage(format!("--format bsdiff does not support {names}"))
        .note("leave out these options, or make a package of Smidgen's own format"))
}

fn make(
    arguments: &DiffArguments,
    images: &Images,
    options: &Options,
    console: &Console,
) -> Result<Made, Failure> {
    let bar = Bar::new(console);
    let Images { base, target } = images;
    on_threads(arguments.threads, || match arguments.format {
        Format::Smidgen => Ok(smidgen_diff::diff(base, target, options, &bar)?.into()),
        Format::Bsdiff => {
            let bytes = diff_bsdiff40(base, target, &bar)?;
            let note = Note::about(base.len() as u64, target.len() as u64, **base == **target);
            Ok(Made { bytes, details: None, notes: note.into_iter().collect() })
        }
    })
}

/// The package as it is shipped, with the header that it has then.
fn encrypted(made: Made, images: &Images, encryption: Option<&Encryption>) -> Result<Made, Failure> {
    let Some(encryption) = encryption else { return Ok(made) };
    let bytes = encrypt_and_prove(&images.base, &images.target, &made.bytes, encryption)?;
    let shipped = |header| Header::parse(&bytes).map_or(header, |(header, _)| header);
    let details = made.details.map(|(header, report)| (shipped(header), report));
    Ok(Made { bytes, details, ..made })
}

/// The engine's options; the target may state the version.
fn options(arguments: &DiffArguments, images: &Images, console: &Console) -> Result<Options, Failure> {
    let records = [&images.base.record, &images.target.record].into_iter().flatten();
    let mut options = arguments.options()?.with_inputs(records);
    let given = options.identity.version.take();
    if arguments.format == Format::Smidgen {
        // Some builds never change the version: if both images state the same one, it is ignored.
        let says_nothing = given.is_none() && images.target.own_version() == images.base.own_version();
        options.identity.version =
            if says_nothing { None } else { images.target.version(given.as_deref(), console) };
    }
    Ok(options)
}

/// Does work on `count` threads; 0 for one on each core.
pub(super) fn on_threads<T: Send>(
    count: u16,
    work: impl FnOnce() -> Result<T, Failure> + Send,
) -> Result<T, Failure> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count.into()).build();
    pool.map_err(|error| Failure::other(format!("threads cannot be started: {error}")))?.install(work)
}

impl Made {
    /// What it needs of an operating system.
    fn container(&self) -> Option<ContainerNeeds> {
        ContainerNeeds::of(&self.bytes).ok().flatten()
    }
}

impl From<Package> for Made {
    fn from(package: Package) -> Self {
        Self { bytes: package.bytes, details: Some((package.header, package.report)), notes: package.notes }
    }
}

fn summary(images: &Images, made: &Made, time: Duration) -> String {
    let (base, target, package) = (images.base.len(), images.target.len(), made.bytes.len());
    let mut text = format!("base     {base} bytes\ntarget   {target} bytes\npackage  {package} bytes");
    if target > 0 {
        let (part, whole) = (package as f64, target as f64);
        text += &format!(", {:.2} % of the target, {:.1} times smaller", 100.0 * part / whole, whole / part);
    }
    if let Some((header, _)) = &made.details {
        text += &format!("\ndecoder  {} bytes of RAM, codec {}", header.ram, header.codec.name());
        made.container().into_iter().for_each(|needs| text += &format!("\nneeds    {needs}"));
    }
    text + &format!("\ntime     {:.2} s", time.as_secs_f64())
}

fn fields(images: &Images, made: &Made, time: Duration) -> Object {
    let mut fields = match &made.details {
        None => classic_fields(images, made),
        Some((header, report)) => {
            let mut fields = json::header(header, made.bytes.len());
            let extensions = Header::parse_extended(&made.bytes).map(|(_, extensions, _)| extensions);
            fields.append(&mut json::extensions(&extensions.unwrap_or_default()));
            fields.append(&mut json::protection(&made.bytes));
            fields.insert("container".to_owned(), json!(made.container()));
            fields.insert("needs".to_owned(), json!(Needs::of(&made.bytes).map(|needs| needs.json())));
            fields.append(&mut json::report(report, &header.codec));
            fields
        }
    };
    fields.append(&mut images.base.json("base"));
    fields.append(&mut images.target.json("target"));
    fields.insert("package_sha256".to_owned(), json!(hex(&sha256(&made.bytes))));
    fields.insert("notes".to_owned(), json::notes(&made.notes));
    fields.insert("seconds".to_owned(), seconds(time));
    fields
}

/// The members for a BSDIFF40 package, with what its header does not have.
fn classic_fields(images: &Images, made: &Made) -> Object {
    let base_digest = (!images.base.is_empty()).then(|| hex(&sha256(&images.base)[..16]));
    object(json!({
        "format": "bsdiff40",
        "package_size": made.bytes.len(),
        "base_size": images.base.len(),
        "base_sha256_prefix": base_digest,
        "target_size": images.target.len(),
        "target_sha256": hex(&sha256(&images.target)),
    }))
}
