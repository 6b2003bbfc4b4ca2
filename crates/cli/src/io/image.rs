//! Images: files of any input format, and the bytes of them that the device flashes.

use std::borrow::Cow;
use std::ops::Deref;
use std::path::Path;

use serde_json::json;
use smidgen_diff::archive::{Packing, PayloadError, packed_as};
use smidgen_diff::input::{self, Flat, Format, InputError, Provenance, Reading};
use smidgen_diff::{Escaped, Note};
use smidgen_patch::Header;
use smidgen_patch::internals::wire::is_name;

use super::input::Input;
use crate::report::{Console, Failure, Object, Reason, json, sha256};

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
    /// What the image was taken out of.
    pub(crate) packing: Option<Packing>,
    /// Whether it would have been.
    takes_payload: bool,
    /// Whether it is plain, although an entry of an archive was asked for.
    pub(crate) lacks_entry: bool,
    /// Whether plain bytes are a text.
    is_text: bool,
    /// Remarks about a file that is taken as it is.
    pub(crate) notes: Vec<String>,
}

impl Image {
    /// Opens an image: takes it out of a compressed file where that is asked for, and flattens it if it is not plain bytes.
    pub(crate) fn open(path: &Path, reading: &Reading) -> Result<Self, Failure> {
        Self::read(Input::image(path)?, reading)
    }

    /// Opens the base image of a package, whose header is absent for BSDIFF40. A file with the digest of the base is taken
    /// as it is, in any format.
    pub(crate) fn open_base(
        path: &Path,
        header: Option<&Header>,
        reading: &Reading,
    ) -> Result<Self, Failure> {
        let file = Input::base(path)?;
        let is_base = |header: &Header| {
            file.len() == header.base_size as usize && sha256(&file).starts_with(&header.base_digest)
        };
        let changes = || reading.takes_payload() || looks_special(&file);
        let plain = reading.format.is_none() && !file.is_empty() && changes() && header.is_some_and(is_base);
        let reading = if plain { &Reading::of(Format::Raw) } else { reading };
        Self::read(file, reading)
    }

    fn read(file: Input, reading: &Reading) -> Result<Self, Failure> {
        let flat = input::read_named(&file, file.path(), reading).map_err(|error| refused(&file, &error))?;
        let Flat { record, resembles, packing, is_text, notes, .. } = flat;
        let bytes = match flat.bytes {
            Cow::Borrowed(_) => None,
            Cow::Owned(flat) => Some(flat),
        };
        let takes_payload = reading.takes_payload();
        let lacks_entry = reading.payload_entry.is_some() && packing.is_none();
        Ok(Self { file, bytes, record, resembles, packing, takes_payload, lacks_entry, is_text, notes })
    }

    pub(crate) fn name(&self) -> impl std::fmt::Display + '_ {
        self.file.name()
    }

    /// Prints what the image was taken out of, and its format, unless it is plain bytes.
    pub(crate) fn describe(&self, console: &Console) {
        let file = self.name();
        match &self.packing {
            Some(packing) => {
                console.say(format_args!("{file}: {}, {} bytes", unpacked(packing), self.len()));
                packing.notes.iter().for_each(|note| console.say(format_args!("{file}: {}", Escaped(note))));
            }
            None if self.takes_payload => {
                console.say(format_args!("{file}: no compressed file or archive: it is taken as it is"));
            }
            None => {}
        }
        if let Some(record) = &self.record {
            console.say(format_args!("{file}: {}", summary(record, self.len())));
        }
        self.notes().for_each(|note| console.say(format_args!("{file}: {}", Escaped(note))));
        if let Some(format) = self.resembles {
            let name = format.name();
            console.say(format_args!(
                "{file}: read as plain bytes; for firmware of a microcontroller, give --input-format {name}"
            ));
        }
    }

    /// Its format, and what it was taken out of, as members for `--json`; `which` is "base" or "target".
    pub(crate) fn json(&self, which: &str) -> Object {
        let mut fields = json::input(&format!("{which}_input"), self.record.as_ref());
        fields.extend(self.packing.iter().map(|packing| (format!("{which}_payload"), json!(packing))));
        fields
    }

    /// What the file is, with an article, if it is packed and its payload was not taken.
    pub(crate) fn is_packed(&self) -> Option<&'static str> {
        if self.takes_payload { None } else { packed_as(&self.file) }
    }

    /// Warns of a text that becomes a part of a package.
    pub(crate) fn warn_of_text(&self, console: &Console) {
        if self.is_text {
            console.say(format_args!(
                "warning: {}: a text, read as plain bytes; --input-format raw says that it is meant",
                self.name()
            ));
        }
    }

    /// Remarks about the file.
    pub(crate) fn notes(&self) -> impl Iterator<Item = &String> {
        self.record.iter().flat_map(|record| &record.notes).chain(&self.notes)
    }

    pub(crate) fn format(&self) -> Format {
        self.record.as_ref().map_or(Format::Raw, |record| record.format)
    }

    /// Fails if an entry was asked for, but neither this image nor, as is told, any beside it was in an archive.
    pub(crate) fn check_entry(&self, others_lack_it: bool) -> Result<(), Failure> {
        if self.lacks_entry && others_lack_it {
            return Err(refused(&self.file, &PayloadError::NoArchive.into()));
        }
        Ok(())
    }

    /// Compares the formats of two images of one command: the remark about different ones. A text beside another file is
    /// a wrong file, such as a page with an error in place of a download.
    pub(crate) fn compare_formats(&self, target: &Self) -> Result<Option<Note>, Failure> {
        if self.is_text != target.is_text && !self.is_empty() && !target.is_empty() {
            let (text, other) = if self.is_text { (self, target) } else { (target, self) };
            let message = format!("{}: is a text, and {} is none", text.name(), other.name());
            return Err(Failure::other(message)
                .note("check that it is the right file; --input-format raw takes files as they are"));
        }
        let (base, target) = (self.format(), target.format());
        Ok((base != target).then_some(Note::Formats { base, target }))
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
fn looks_special(file: &Input) -> bool {
    let read = input::read_named(file, file.path(), &Reading::default());
    !matches!(read, Ok(flat) if flat.record.is_none())
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

/// What was taken out of what.
pub(crate) fn unpacked(packing: &Packing) -> String {
    let format = packing.format;
    match &packing.entry {
        Some(name) => format!("\"{}\" of the {format} archive", Escaped(name)),
        None => format!("the contents of the {format} file"),
    }
}

/// The failure of an image that cannot be read.
fn refused(file: &Input, error: &InputError) -> Failure {
    let failure = Failure::new(Reason::Image, error.to_string()).about(file.path());
    match error {
        InputError::Gap { .. } | InputError::Gaps { .. } => failure.note(
            "choose one memory with --range START..END, or fill gaps of up to SIZE bytes with --max-gap SIZE",
        ),
        InputError::Families(_) => failure.note("choose one with --uf2-family NUMBER"),
        InputError::NoFamily { .. } => {
            failure.note("choose one of these, or give no --uf2-family if there is one only")
        }
        InputError::Empty { .. } => failure.note("check --range and the file"),
        InputError::Overlap { .. } => failure.note(
            "two programs have the same addresses: link them apart, or choose one with --range START..END",
        ),
        InputError::Payload(PayloadError::NoEntry { .. } | PayloadError::WhichEntry { .. }) => {
            failure.note("choose a file with --payload-entry NAME")
        }
        InputError::Payload(PayloadError::Damaged { .. }) => failure.note("download or build it again"),
        InputError::Payload(PayloadError::NoArchive) => failure
            .note("archives are .zip, .tar and .tar.gz; leave out --payload-entry for a .gz of one file"),
        InputError::Payload(_) => failure,
        InputError::TooLarge { .. } => failure.note("choose what is flashed with --range START..END"),
        InputError::EspElf => failure.note(
            "give the .bin file that the build leaves beside it; --input-format elf flattens it all the same",
        ),
        InputError::Name { .. } => failure
            .note("check that it is the right file, or build it again; --input-format raw takes it as it is"),
        _ => failure.note("build it again; --input-format raw takes the file as it is"),
    }
}
