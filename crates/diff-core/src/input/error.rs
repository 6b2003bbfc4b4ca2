//! Why an input could not be read.

use thiserror::Error;

use super::{Format, Stretch};
use crate::archive::PayloadError;

/// What is wrong with an input, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InputError {
    /// A line of a text.
    #[error("{format}, line {line}: {reason}")]
    Line {
        /// What the file was read as.
        format: Format,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A block of UF2.
    #[error("{}, block {block}: {reason}", Format::Uf2)]
    Block {
        /// The block's place in the file, from 0.
        block: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Something else about the file.
    #[error("{format}: {reason}")]
    Structure {
        /// What the file was read as.
        format: Format,
        /// What is wrong.
        reason: String,
    },
    /// A digest or checksum that the file states is not that of its bytes.
    #[error("{format}: the {what} is wrong: the file states {stated}, its bytes have {found}")]
    Digest {
        /// What the file was read as.
        format: Format,
        /// Which digest.
        what: &'static str,
        /// What the file says, in hexadecimal digits.
        stated: String,
        /// What it should say.
        found: String,
    },
    /// Two ranges want different bytes at the same address.
    #[error("two ranges overlap with different bytes at {at:#010x}: {first}, and {second}")]
    Overlap {
        /// The range that comes first.
        first: Stretch,
        /// The other one.
        second: Stretch,
        /// The first address with two bytes.
        at: u64,
    },
    /// A gap that is too long to be filled: the next range is usually in another memory.
    #[error(
        "between {before:#010x}, where one range ends, and {after:#010x}, where the next one begins, there are {} bytes; gaps of at most {limit} are filled",
        after - before
    )]
    Gap {
        /// The address after the last byte before the gap.
        before: u64,
        /// The address of the first byte after it.
        after: u64,
        /// The longest gap that is filled.
        limit: u64,
    },
    /// Gaps that are too long together.
    #[error("the gaps between ranges have more than {limit} bytes together")]
    Gaps {
        /// The most bytes of all gaps that are filled.
        limit: u64,
    },
    /// More bytes than an image may have.
    #[error("what is loaded takes more than {limit} bytes, the most that an image may have")]
    TooLarge {
        /// The most bytes.
        limit: u64,
    },
    /// Nothing to flash.
    #[error("{format}: there is nothing to flash in it")]
    Empty {
        /// What the file was read as.
        format: Format,
    },
    /// UF2 for several families of devices.
    #[error("{}: it has blocks for several families of devices: {}", Format::Uf2, families(.0))]
    Families(Vec<Option<u32>>),
    /// A compressed file or an archive that nothing is taken out of.
    #[error("no payload: {0}")]
    Payload(#[from] PayloadError),
    /// UF2 without blocks of the family that is wanted.
    #[error("{}: it has no blocks of family {wanted:#010x}; there are those of {}", Format::Uf2, families(.found))]
    NoFamily {
        /// The family that is wanted.
        wanted: u32,
        /// Those that there are blocks of.
        found: Vec<Option<u32>>,
    },
    /// A file whose name says a format that it does not have.
    #[error("its name says {format}, but it is none: {reason}")]
    Name {
        /// The format that the name says.
        format: Format,
        /// Why the file is not of that format.
        reason: Box<InputError>,
    },
    /// ELF of a program for a chip of Espressif, which flashes an image that is made of it.
    #[error(
        "{}: it is a program for a chip of Espressif: the device flashes the image that `esptool elf2image` makes of it",
        Format::Elf
    )]
    EspElf,
}

fn families(numbers: &[Option<u32>]) -> String {
    let name = |number: &Option<u32>| match number {
        Some(number) => format!("{number:#010x}"),
        None => "no stated family".to_owned(),
    };
    numbers.iter().map(name).collect::<Vec<_>>().join(", ")
}
