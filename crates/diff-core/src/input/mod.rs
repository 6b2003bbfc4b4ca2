//! Inputs as builds produce them: formats of firmware, flattened to the bytes that the device flashes.
//!
//! Intel HEX, S-records, ELF and UF2 say which bytes go to which addresses: their image is everything from the lowest
//! address to the highest, with short gaps filled like erased flash. Images of MCUboot and ESP-IDF are flashed as they
//! are: they are understood and checked, and not changed. Everything else is plain bytes, unless it is a damaged text of
//! records, or its name says a format that it does not have.
//!
//! ```
//! use smidgen_diff::input::{Format, Reading, read};
//! let file = b":040000006162636472\n:00000001FF\n";
//! let flat = read(file, &Reading::default())?;
//! assert_eq!(&*flat.bytes, b"abcd");
//! assert_eq!(flat.record.map(|record| record.format), Some(Format::Hex));
//! # Ok::<(), smidgen_diff::input::InputError>(())
//! ```

mod detect;
mod digits;
mod elf;
mod error;
mod esp;
mod flat;
mod format;
mod hex;
mod lines;
mod mcuboot;
mod provenance;
mod reading;
mod records;
mod segments;
mod srec;
mod stretch;
mod uf2;

pub use error::InputError;
pub use flat::Flat;
pub use format::Format;
pub use provenance::{Part, Provenance};
pub use reading::{DEFAULT_FILL, DEFAULT_MAX_GAP, Reading};
pub use stretch::Stretch;

use std::borrow::Cow;
use std::path::Path;

use crate::archive::{Payload, PayloadError, packed_as, payload};
use detect::Detected;

/// Reads a file: what the device flashes, and what the file was.
///
/// # Errors
/// Files that are not what they are read as, or damaged, or say nothing that can be flashed at once.
pub fn read<'a>(file: &'a [u8], reading: &Reading) -> Result<Flat<'a>, InputError> {
    read_packed(file, None, reading)
}

/// Reads a file of this name. A name that ends with `.hex`, `.s19`, `.elf`, `.uf2` or the like says a format: plain bytes
/// are an error then, unless `reading` says that the file is raw. Of a payload, it is the name of the file in the archive,
/// or that of the compressed file without its last ending.
///
/// # Errors
/// As [`read`], and files that are not of the format that their name says.
pub fn read_named<'a>(file: &'a [u8], name: &Path, reading: &Reading) -> Result<Flat<'a>, InputError> {
    read_packed(file, Some(name), reading)
}

fn read_packed<'a>(file: &'a [u8], name: Option<&Path>, reading: &Reading) -> Result<Flat<'a>, InputError> {
    if !reading.takes_payload() {
        return read_image(file, name, reading);
    }
    let Payload { bytes, packing, note } = payload(file, reading.payload_entry.as_deref())?;
    let contents = match bytes {
        Cow::Borrowed(bytes) => {
            if let Some(ending) =
                name.and_then(detect::named_packed).filter(|_| reading.format != Some(Format::Raw))
            {
                return Err(PayloadError::Named { ending: ending.to_owned() }.into());
            }
            let mut flat = read_image(bytes, name, reading)?;
            flat.notes.extend(note);
            return Ok(flat);
        }
        Cow::Owned(contents) => contents,
    };
    let entry = packing.as_ref().and_then(|packing| packing.entry.as_deref());
    let inner = entry.map(Path::new).or_else(|| name?.file_stem().map(Path::new));
    let Flat { bytes, record, resembles, is_text, notes, .. } = read_image(&contents, inner, reading)?;
    let flattened = match bytes {
        // It is flashed as it is.
        Cow::Borrowed(bytes) if bytes.len() == contents.len() => None,
        bytes => Some(bytes.into_owned()),
    };
    Ok(Flat { bytes: Cow::Owned(flattened.unwrap_or(contents)), record, resembles, packing, is_text, notes })
}

/// Reads a file that is not packed.
fn read_image<'a>(file: &'a [u8], name: Option<&Path>, reading: &Reading) -> Result<Flat<'a>, InputError> {
    if let Some(format) = reading.format {
        return read_as(format, file, reading).map_err(|error| explained(format, file, error));
    }
    let detected = detect::detect(file)?;
    if detected.format != Format::Raw {
        let flat = read_as(detected.format, file, reading)?;
        if name.and_then(detect::named) != Some(detected.format) {
            records::check_share(detected.format, file)?;
        }
        return Ok(flat);
    }
    let named =
        |format| move |error| InputError::Name { format, reason: Box::new(explained(format, file, error)) };
    match name.and_then(detect::named) {
        // Any ELF file, flattened or not.
        Some(Format::Elf) => elf::check(file).map_err(named(Format::Elf))?,
        Some(format) => return read_as(format, file, reading).map_err(named(format)),
        None => {}
    }
    let Detected { resembles, is_text, notes, .. } = detected;
    Ok(Flat { resembles, is_text, notes, ..Flat::plain(file) })
}

/// Says of a file that is empty or packed that it is, in place of what a reader found wrong with it.
fn explained(format: Format, file: &[u8], error: InputError) -> InputError {
    let reason = match packed_as(file) {
        _ if file.is_empty() => "the file is empty".to_owned(),
        Some(what) => {
            format!("it is {what}: unpack it first, or give --payload, which opens .gz, .zip and .tar")
        }
        None => return error,
    };
    InputError::Structure { format, reason }
}

fn read_as<'a>(format: Format, file: &'a [u8], reading: &Reading) -> Result<Flat<'a>, InputError> {
    let contents = match format {
        Format::Raw => return Ok(Flat::plain(file)),
        Format::Mcuboot => return mcuboot::read(file),
        Format::Esp => return esp::read(file),
        Format::Hex => records::read::<hex::Reader>(file),
        Format::Srec => records::read::<srec::Reader>(file),
        Format::Elf => elf::read(file),
        Format::Uf2 => uf2::read(file, reading),
    }?;
    Flat::of(contents, file, reading)
}
