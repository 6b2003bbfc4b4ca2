//! Inputs as builds produce them: formats of firmware, flattened to the bytes that the device flashes.
//!
//! Intel HEX, S-records, ELF and UF2 say which bytes go to which addresses: their image is everything from the lowest
//! address to the highest, with short gaps filled like erased flash. Images of MCUboot and ESP-IDF are flashed as they
//! are: they are understood and checked, and not changed. Everything else is plain bytes.
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
mod mcuboot;
mod provenance;
mod reading;
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

use crate::archive::{Payload, payload};
use detect::{Detected, detect};

/// Reads a file: what the device flashes, and what the file was.
///
/// # Errors
/// Files that are not what they are read as, or damaged, or say nothing that can be flashed at once.
pub fn read<'a>(file: &'a [u8], reading: &Reading) -> Result<Flat<'a>, InputError> {
    if !reading.takes_payload() {
        return read_image(file, reading);
    }
    let Payload { bytes, packing } = payload(file, reading.payload_entry.as_deref())?;
    let contents = match bytes {
        Cow::Borrowed(bytes) => return read_image(bytes, reading),
        Cow::Owned(contents) => contents,
    };
    let Flat { bytes, record, resembles, .. } = read_image(&contents, reading)?;
    let flattened = match bytes {
        // It is flashed as it is.
        Cow::Borrowed(bytes) if bytes.len() == contents.len() => None,
        bytes => Some(bytes.into_owned()),
    };
    Ok(Flat { bytes: Cow::Owned(flattened.unwrap_or(contents)), record, resembles, packing })
}

/// Reads a file that is not packed.
fn read_image<'a>(file: &'a [u8], reading: &Reading) -> Result<Flat<'a>, InputError> {
    let detected = match reading.format {
        Some(format) => Detected { format, resembles: None },
        None => detect(file),
    };
    let contents = match detected.format {
        Format::Raw => return Ok(Flat::plain(file, detected.resembles)),
        Format::Mcuboot => return mcuboot::read(file),
        Format::Esp => return esp::read(file),
        Format::Hex => hex::read(file),
        Format::Srec => srec::read(file),
        Format::Elf => elf::read(file),
        Format::Uf2 => uf2::read(file, reading),
    }?;
    Flat::of(contents, file, reading)
}
