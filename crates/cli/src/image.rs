//! Images: files as builds leave them, and the bytes that devices flash of them.

use std::borrow::Cow;
use std::ops::Deref;
use std::path::Path;

use diff_core::Escaped;
use diff_core::container::{PayloadError, payload};
use diff_core::input::{self, Format, InputError, Provenance, Reading};
use patch_nostd::Header;
use patch_nostd::wire::is_name;

use crate::console::Console;
use crate::failure::Failure;
use crate::input::Input;
use crate::json::sha256;

/// An image.
#[derive(Debug)]
pub(crate) struct Image {
    file: Input,
    /// What the device flashes; absent if that is the file itself.
    bytes: Option<Vec<u8>>,
    record: Option<Provenance>,
    resembles: Option<Format>,
}

impl Image {
    /// Opens an image, and flattens it if it is not plain bytes.
    pub(crate) fn open(path: &Path, reading: &Reading) -> Result<Self, Failure> {
        Self::flatten(Input::image(path)?, None, reading)
    }

    /// Opens what is in a compressed file or archive.
    pub(crate) fn open_payload(path: &Path, entry: Option<&str>, reading: &Reading) -> Result<Self, Failure> {
        let file = Input::image(path)?;
        let bytes = match payload(&file, entry).map_err(|error| no_payload(&file, &error))? {
            Cow::Borrowed(bytes) if bytes.len() == file.len() => None,
            bytes => Some(bytes.into_owned()),
        };
        Self::flatten(file, bytes, reading)
    }

    /// Opens the base image of a package. A file that is the base already is taken as it is, whatever it looks like.
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

    /// The file.
    pub(crate) const fn file(&self) -> &Input {
        &self.file
    }

    /// How the user calls it.
    pub(crate) fn name(&self) -> impl std::fmt::Display + '_ {
        self.file.name()
    }

    /// What the file is; nothing if it is plain bytes.
    pub(crate) const fn record(&self) -> Option<&Provenance> {
        self.record.as_ref()
    }

    /// What the file might be as well.
    pub(crate) const fn resembles(&self) -> Option<Format> {
        self.resembles
    }

    /// Tells people what the file was taken for, unless that is plain.
    pub(crate) fn tell(&self, console: &Console) {
        if let Some(record) = &self.record {
            console.say(format_args!("{}: {}", self.name(), summary(record, self.len())));
            record
                .notes
                .iter()
                .for_each(|note| console.say(format_args!("{}: {}", self.name(), Escaped(note))));
        }
        if let Some(format) = self.resembles {
            let (file, name) = (self.name(), format.name());
            console.say(format_args!(
                "{file}: taken as plain bytes; if it is firmware of a microcontroller, --input-format {name} takes what it loads"
            ));
        }
    }

    /// The version that the image says it is.
    pub(crate) fn own_version(&self) -> Option<&str> {
        self.record.as_ref().and_then(|record| record.version.as_deref())
    }

    /// The version to use: the one that is stated, or else what the image says, if that can be one.
    pub(crate) fn version(&self, stated: Option<&str>, console: &Console) -> Option<String> {
        let own = self.own_version();
        let (file, plain) = (self.name(), |version: &'_ str| version.trim_start_matches('v').to_owned());
        match (stated, own) {
            (Some(stated), Some(own)) if plain(stated) != plain(own) => {
                console.say(format_args!(
                    "warning: {file} says that it is version {}; it is taken for {stated}",
                    Escaped(own)
                ));
            }
            (None, Some(own)) if is_name(own) => return Some(own.to_owned()),
            (None, Some(own)) => {
                let own = Escaped(own);
                console.say(format_args!(
                    "warning: {file} says that it is version {own}, which cannot be one here"
                ));
            }
            _ => {}
        }
        stated.map(str::to_owned)
    }
}

impl Deref for Image {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.as_deref().unwrap_or(&self.file)
    }
}

/// Whether anything but plain bytes would be made of it; to read it all for its digest is not worth it otherwise.
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
        text += &format!(", {} right", record.checked.join(" and "));
    }
    text
}

/// What is wrong with an image, and what to do.
fn refused(file: &Input, error: &InputError) -> Failure {
    let failure = Failure::other(format!("{}: {error}", file.name()));
    match error {
        InputError::Gap { .. } => {
            failure.note("choose one memory with --range START..END, or fill the gap with --max-gap SIZE")
        }
        InputError::Families(_) => failure.note("choose one with --uf2-family NUMBER"),
        InputError::Empty { .. } => failure.note("check --range, if it is given"),
        InputError::Overlap { .. } => failure
            .note("two programs want the same place: link them apart, or choose one with --range START..END"),
        InputError::TooLarge { .. } => failure.note("choose what is flashed with --range START..END"),
        _ => failure.note("build it again; --input-format raw takes the file as it is"),
    }
}

fn no_payload(file: &Input, error: &PayloadError) -> Failure {
    Failure::other(format!("{}: no payload: {error}", file.name()))
        .note("--payload takes .gz, .zip, .tar and .tar.gz, and plain files; --payload-entry NAME names a file in an archive")
}
