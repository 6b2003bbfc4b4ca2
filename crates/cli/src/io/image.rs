//! Images: files of any input format, and the bytes of them that the device flashes.

use std::borrow::Cow;
use std::ops::Deref;
use std::path::Path;

use smidgen_diff::Escaped;
use smidgen_diff::container::{PayloadError, payload};
use smidgen_diff::input::{self, Format, InputError, Provenance, Reading};
use smidgen_patch::Header;
use smidgen_patch::internals::wire::is_name;

use super::input::Input;
use crate::report::{Console, Failure, Reason, sha256};

#[derive(Debug)]
pub(crate) struct Image {
    /// The file as it is.
    pub(crate) file: Input,
    /// The bytes that the device flashes; absent if they are the file's.
    bytes: Option<Vec<u8>>,
    /// The file's format and contents; absent for plain bytes.
    pub(crate) record: Option<Provenance>,
    /// The format that a file of plain bytes resembles.
    pub(crate) resembles: Option<Format>,
}

impl Image {
    /// Opens an image, and flattens it if it is not plain bytes.
    pub(crate) fn open(path: &Path, reading: &Reading) -> Result<Self, Failure> {
        Self::flatten(Input::image(path)?, None, reading)
    }

    /// Opens the payload of a compressed file or archive.
    pub(crate) fn open_payload(path: &Path, entry: Option<&str>, reading: &Reading) -> Result<Self, Failure> {
        let file = Input::image(path)?;
        let bytes = match payload(&file, entry).map_err(|error| no_payload(&file, &error))? {
            Cow::Borrowed(bytes) if bytes.len() == file.len() => None,
            bytes => Some(bytes.into_owned()),
        };
        Self::flatten(file, bytes, reading)
    }

    /// Opens the base image of a package. A file with the digest of the base is taken as it is, in any format.
    pub(crate) fn open_base(path: &Path, header: &Header, reading: &Reading) -> Result<Self, Failure> {
        let file = Input::image(path)?;
        let is_base =
            || file.len() == header.base_size as usize && sha256(&file).starts_with(&header.base_digest);
        let plain = reading.format.is_none() && !file.is_empty() && looks_special(&file) && is_base();
        let reading = if plain { &Reading::of(Format::Raw) } else { reading };
        Self::flatten(file, None, reading)
    }

    fn flatten(file: Input, bytes: Option<Vec<u8>>, reading: &Reading) -> Result<Self, Failure> {
        let flat = input::read(bytes.as_deref().unwrap_or(&file), reading);
        let flat = flat.map_err(|error| refused(&file, &error))?;
        let (record, resembles) = (flat.record, flat.resembles);
        let bytes = match flat.bytes {
            Cow::Borrowed(_) => bytes,
            Cow::Owned(flat) => Some(flat),
        };
        Ok(Self { file, bytes, record, resembles })
    }

    pub(crate) fn name(&self) -> impl std::fmt::Display + '_ {
        self.file.name()
    }

    /// Prints the format of the file, unless it is plain bytes.
    pub(crate) fn describe(&self, console: &Console) {
        let file = self.name();
        if let Some(record) = &self.record {
            console.say(format_args!("{file}: {}", summary(record, self.len())));
            record.notes.iter().for_each(|note| console.say(format_args!("{file}: {}", Escaped(note))));
        }
        if let Some(format) = self.resembles {
            let name = format.name();
            console.say(format_args!(
                "{file}: read as plain bytes; for firmware of a microcontroller, give --input-format {name}"
            ));
        }
    }

    pub(crate) fn own_version(&self) -> Option<&str> {
        self.record.as_ref().and_then(|record| record.version.as_deref())
    }

    /// The version to use: the given one, or else the one that the image states, if it can be one.
    pub(crate) fn version(&self, given: Option<&str>, console: &Console) -> Option<String> {
        let Some(own) = self.own_version() else { return given.map(str::to_owned) };
        let (file, shown) = (self.name(), Escaped(own));
        match given {
            Some(given) if given.trim_start_matches('v') != own.trim_start_matches('v') => {
                console.say(format_args!("warning: {file} states version {shown}; {given} is used"))
            }
            None if is_name(own) => return Some(own.to_owned()),
            None => console.say(format_args!(
                "warning: {file} states version {shown}, which is not a valid version of a package"
            )),
            Some(_) => {}
        }
        given.map(str::to_owned)
    }
}

impl Deref for Image {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.as_deref().unwrap_or(&self.file)
    }
}

/// Whether the file is read as anything but plain bytes.
fn looks_special(file: &[u8]) -> bool {
    !matches!(input::read(file, &Reading::default()), Ok(flat) if flat.record.is_none())
}

fn summary(record: &Provenance, size: usize) -> String {
    let mut text = format!("{}, {size} bytes", record.format);
    if let Some(base) = record.base_address {
        text += &format!(" from {base:#010x}");
    }
    if !record.gaps.is_empty() {
        let filled: u64 = record.gaps.iter().map(|gap| gap.size).sum();
        let (gaps, fill) = (record.gaps.len(), record.fill.unwrap_or_default());
        text += &format!(", {filled} of them in {gaps} gaps filled with {fill:#04x}");
    }
    if let Some(version) = &record.version {
        text += &format!(", version {}", Escaped(version));
    }
    if !record.checked.is_empty() {
        text += &format!(", {} checked", record.checked.join(" and "));
    }
    text
}

/// The failure of an image that cannot be read.
fn refused(file: &Input, error: &InputError) -> Failure {
    let failure = Failure::new(Reason::Image, error.to_string()).about(file.path());
    match error {
        InputError::Gap { .. } => {
            failure.note("choose one memory with --range START..END, or fill the gap with --max-gap SIZE")
        }
        InputError::Families(_) => failure.note("choose one with --uf2-family NUMBER"),
        InputError::Empty { .. } => failure.note("check --range and the file"),
        InputError::Overlap { .. } => failure.note(
            "two programs have the same addresses: link them apart, or choose one with --range START..END",
        ),
        InputError::TooLarge { .. } => failure.note("choose what is flashed with --range START..END"),
        _ => failure.note("build it again; --input-format raw takes the file as it is"),
    }
}

fn no_payload(file: &Input, error: &PayloadError) -> Failure {
    Failure::new(Reason::Image, format!("no payload: {error}"))
        .about(file.path())
        .note("--payload takes .gz, .zip, .tar and .tar.gz, and plain files; --payload-entry NAME names a file in an archive")
}
