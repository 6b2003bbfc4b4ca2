//! `smidgen diff`: makes a package.

use std::time::{Duration, Instant};

use diff_core::release::{Encryption, encrypt_and_prove};
use diff_core::{Note, Options, Package, Report};
use patch_nostd::Header;
use serde_json::{Value, json};

use crate::arguments::{DiffArguments, Format};
use crate::classic;
use crate::console::Console;
use crate::failure::Failure;
use crate::image::Image;
use crate::json::{self, Object, codec_name, hex, object, seconds, sha256};
use crate::output::Output;
use crate::progress::Bar;

/// Makes the package, writes it, tells about it.
pub(crate) fn run(arguments: &DiffArguments, console: &Console) -> Result<(), Failure> {
    refuse_foreign_options(arguments)?;
    let images = Images::open(arguments)?;
    images.old.tell(console);
    images.new.tell(console);
    let encryption = arguments.encryption.encryption(console)?;
    // Before the work, so that it is not in vain. Not kept, as an interrupted program could not remove it.
    images.output(arguments).map(drop)?;
    let started = Instant::now();
    let made = encrypted(make(arguments, &images, console)?, &images, encryption.as_ref())?;
    let time = started.elapsed();
    images.output(arguments)?.finish_with(&made.bytes)?;
    console.say(summary(&images, &made, time));
    made.notes.iter().for_each(|note| console.say(format_args!("note: {note}")));
    if let Some([base, target]) = images.payload_digests(arguments) {
        console.say(format!("base     SHA-256 {base} (payload)\ntarget   SHA-256 {target} (payload)"));
    }
    if !arguments.json {
        return Ok(());
    }
    let mut fields = fields(&images, &made, time);
    if let Some([base, target]) = images.payload_digests(arguments) {
        fields.insert("payload_digests".to_owned(), json!({ "base": base, "target": target }));
    }
    console.print(Value::Object(fields))
}

/// What is compared.
struct Images {
    old: Image,
    new: Image,
}

/// A package of either format.
struct Made {
    bytes: Vec<u8>,
    /// What Smidgen's own format tells about itself.
    details: Option<(Header, Report)>,
    notes: Vec<Note>,
}

impl Images {
    /// Both files, or what is in them.
    fn open(arguments: &DiffArguments) -> Result<Self, Failure> {
        let (reading, entry) = (arguments.reading.reading(), arguments.payload_entry.as_deref());
        let open = |path| {
            if arguments.wants_payload() {
                Image::open_payload(path, entry, &reading)
            } else {
                Image::open(path, &reading)
            }
        };
        Ok(Self { old: open(&arguments.old)?, new: open(&arguments.new)? })
    }

    /// Both whole digests, where images are not the files that were given.
    fn payload_digests(&self, arguments: &DiffArguments) -> Option<[String; 2]> {
        arguments.wants_payload().then(|| [&self.old, &self.new].map(|image| hex(&sha256(image))))
    }

    fn output(&self, arguments: &DiffArguments) -> Result<Output, Failure> {
        let keys = arguments.encryption.files();
        Output::create(&arguments.output, &[self.old.file(), self.new.file()], &keys)
    }
}

fn refuse_foreign_options(arguments: &DiffArguments) -> Result<(), Failure> {
    let foreign = arguments.smidgen_only();
    if arguments.format == Format::Smidgen || foreign.is_empty() {
        return Ok(());
    }
    let names = foreign.join(", ");
    Err(Failure::usage(format!("--format bsdiff has no use for {names}"))
        .note("leave that out, or make a package of Smidgen's own format"))
}

fn make(arguments: &DiffArguments, images: &Images, console: &Console) -> Result<Made, Failure> {
    let options = options(arguments, images, console);
    let bar = Bar::new(console);
    let (old, new) = (&images.old, &images.new);
    on_threads(arguments.threads, || match arguments.format {
        Format::Smidgen => Ok(diff_core::diff(old, new, &options, &bar)?.into()),
        Format::Bsdiff => {
            Ok(Made { bytes: classic::diff(old, new, &bar)?, details: None, notes: Vec::new() })
        }
    })
}

/// The package as it is shipped, with the header that it has then.
fn encrypted(made: Made, images: &Images, encryption: Option<&Encryption>) -> Result<Made, Failure> {
    let Some(encryption) = encryption else { return Ok(made) };
    let bytes = encrypt_and_prove((&images.old, &images.new), &made.bytes, encryption)?;
    let shipped = |header| Header::parse(&bytes).map_or(header, |(header, _)| header);
    let details = made.details.map(|(header, report)| (shipped(header), report));
    Ok(Made { bytes, details, ..made })
}

/// What the engine is asked for; the new image may say its version itself.
fn options(arguments: &DiffArguments, images: &Images, console: &Console) -> Options {
    let mut options = arguments.options();
    let stated = arguments.to_version.as_deref();
    if arguments.format == Format::Smidgen {
        // A version that the old image has too does not tell which one this is: some builds never set it.
        let says_nothing = stated.is_none() && images.new.own_version() == images.old.own_version();
        options.identity.version = if says_nothing { None } else { images.new.version(stated, console) };
    }
    options
}

/// Does work on so many threads; with 0 on as many as there are cores.
fn on_threads<T: Send>(count: u16, work: impl FnOnce() -> Result<T, Failure> + Send) -> Result<T, Failure> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count.into()).build();
    pool.map_err(|error| Failure::other(format!("threads cannot be started: {error}")))?.install(work)
}

impl From<Package> for Made {
    fn from(package: Package) -> Self {
        Self { bytes: package.bytes, details: Some((package.header, package.report)), notes: package.notes }
    }
}

fn summary(images: &Images, made: &Made, time: Duration) -> String {
    let (base, target, package) = (images.old.len(), images.new.len(), made.bytes.len());
    let mut text = format!("base     {base} bytes\ntarget   {target} bytes\npackage  {package} bytes");
    if target > 0 {
        let (part, whole) = (package as f64, target as f64);
        text += &format!(", {:.2} % of the target, {:.1} times smaller", 100.0 * part / whole, whole / part);
    }
    if let Some((header, _)) = &made.details {
        text += &format!("\ndecoder  {} bytes of RAM, codec {}", header.ram, codec_name(&header.codec));
    }
    text + &format!("\ntime     {:.2} s", time.as_secs_f64())
}

fn fields(images: &Images, made: &Made, time: Duration) -> Object {
    let mut fields = match &made.details {
        Some((header, report)) => {
            let mut fields = json::header(header, made.bytes.len());
            let extensions = Header::parse_extended(&made.bytes).map(|(_, extensions, _)| extensions);
            fields.append(&mut json::extensions(&extensions.unwrap_or_default()));
            fields.append(&mut json::protection(&made.bytes));
            fields.append(&mut json::report(report, &header.codec));
            fields
        }
        None => classic_fields(images, made),
    };
    fields.append(&mut json::input("base_input", images.old.record()));
    fields.append(&mut json::input("target_input", images.new.record()));
    fields.insert("package_digest".to_owned(), json!(hex(&sha256(&made.bytes))));
    fields.insert("notes".to_owned(), json::notes(&made.notes));
    fields.insert("seconds".to_owned(), seconds(time));
    fields
}

/// What BSDIFF40 does not say itself, in the same terms.
fn classic_fields(images: &Images, made: &Made) -> Object {
    let base_digest = (!images.old.is_empty()).then(|| hex(&sha256(&images.old)[..16]));
    object(json!({
        "format": "bsdiff40",
        "package_size": made.bytes.len(),
        "base_size": images.old.len(),
        "base_digest": base_digest,
        "target_size": images.new.len(),
        "target_digest": hex(&sha256(&images.new)),
    }))
}
