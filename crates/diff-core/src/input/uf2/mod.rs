//! UF2: blocks of 512 bytes, each with its address, its number and the family of devices that it is for.

mod regions;
mod sequence;

use std::collections::BTreeSet;

use super::flat::Contents;
use super::segments::wraps;
use super::{Format, InputError, Reading};
use crate::bytes::word;
use regions::Regions;

const FORMAT: Format = Format::Uf2;
/// Bytes of a block, and of what it may hold.
const BLOCK: usize = 512;
const MOST: usize = 476;
/// The bytes before what it holds.
const HEADER: usize = 32;
/// The words that a block begins and ends with.
const BEGIN: [u32; 2] = [0x0A32_4655, 0x9E5D_5157];
const END: u32 = 0x0AB1_6F30;

/// Flags: the block is not for the main flash; it is a piece of a file; there is a family; there is the MD5 of a region;
/// tags follow the data.
const NOT_FLASH: u32 = 0x0001;
const FILE: u32 = 0x1000;
const FAMILY: u32 = 0x2000;
const MD5: u32 = 0x4000;
const TAGS: u32 = 0x8000;
/// The tag of a block that is not to be written, as the first ones of the Pico 2 are not, and their family and contents.
const IGNORED: u32 = 0x9957_E304;
const ABSOLUTE: u32 = 0xE48B_FF57;
const ERRATUM: u8 = 0xEF;

pub(super) fn begins(file: &[u8]) -> bool {
    file.first_chunk().is_some_and(|block| Block::parse(block).is_ok())
}

/// Reads the whole file: all blocks of one family, in any order.
pub(super) fn read<'a>(file: &'a [u8], reading: &Reading) -> Result<Contents<'a>, InputError> {
    let blocks = blocks(file)?;
    let family = chosen(&blocks, reading.family)?;
    let mut contents = Contents::new(FORMAT);
    contents.family = family;
    for (place, block) in blocks.iter().enumerate().filter(|(_, block)| block.is_for(family)) {
        let wrong = |reason: String| InputError::Block { block: place, reason };
        if block.number >= block.count {
            return Err(wrong(format!("it is number {} of {}, counted from 0", block.number, block.count)));
        }
        let address = u64::from(block.address);
        if address + block.data.len() as u64 > 1 << 32 {
            return Err(wrong(wraps(address, block.data.len())));
        }
        contents.segments.add(address, block.data).map_err(wrong)?;
    }
    sequence::check(&blocks, family)?;
    let Regions { checked, outside } = regions::check(&blocks, family, file)?;
    if checked > 0 {
        contents.checked.push("MD5".to_owned());
    }
    if outside > 0 {
        let all = checked + outside;
        contents.notes.push(format!(
            "the MD5 of {outside} of {all} regions of flash is not checked: not all of their bytes are in the file"
        ));
    }
    Ok(contents)
}

struct Block<'a> {
    flags: u32,
    address: u32,
    number: u32,
    count: u32,
    family: Option<u32>,
    /// Whether bootloaders pass it over: it works around a fault of some chips.
    ignored: bool,
    data: &'a [u8],
    /// What the block has room for: `data` and what follows it.
    room: &'a [u8],
}

impl<'a> Block<'a> {
    fn parse(block: &'a [u8; BLOCK]) -> Result<Self, String> {
        let word = |index: usize| word(block, 4 * index).unwrap_or_default();
        if [word(0), word(1)] != BEGIN || word(BLOCK / 4 - 1) != END {
            return Err("it does not begin and end as blocks do".to_owned());
        }
        let (flags, size) = (word(2), word(4) as usize);
        if size > MOST {
            return Err(format!("it says that it holds {size} bytes; a block has room for {MOST}"));
        }
        let family = (flags & FAMILY != 0).then(|| word(7));
        let room = &block[HEADER..HEADER + MOST];
        let data = &room[..size];
        let tag =
            crate::bytes::word(block, (HEADER + size).next_multiple_of(4)).filter(|_| flags & TAGS != 0);
        let ignored = tag == Some(IGNORED)
            || (family == Some(ABSOLUTE) && word(6) == 2 && data.iter().all(|&byte| byte == ERRATUM));
        Ok(Self { flags, address: word(3), number: word(5), count: word(6), family, ignored, data, room })
    }

    /// Whether the block's bytes are for the main flash.
    const fn is_flashed(&self) -> bool {
        self.flags & (NOT_FLASH | FILE) == 0 && !self.ignored
    }

    /// Whether the block states the MD5 of a region of flash.
    const fn states_md5(&self) -> bool {
        self.flags & MD5 != 0
    }

    fn is_for(&self, family: Option<u32>) -> bool {
        self.is_flashed() && self.family == family
    }
}

fn blocks(file: &[u8]) -> Result<Vec<Block<'_>>, InputError> {
    let (blocks, rest) = file.as_chunks::<BLOCK>();
    if !rest.is_empty() || blocks.is_empty() {
        let (size, whole) = (file.len(), blocks.len());
        let reason = format!(
            "{size} bytes are {whole} blocks and {} bytes: the file was cut off, or has something behind it",
            rest.len()
        );
        return Err(InputError::Structure { format: FORMAT, reason });
    }
    let parse =
        |(place, block)| Block::parse(block).map_err(|reason| InputError::Block { block: place, reason });
    let blocks: Vec<Block> = blocks.iter().enumerate().map(parse).collect::<Result<_, _>>()?;
    match blocks.iter().position(|block| block.flags & FILE != 0) {
        Some(block) if !blocks.iter().any(Block::is_flashed) => {
            Err(InputError::Block { block, reason: "it is a piece of a file, nothing to flash".to_owned() })
        }
        _ => Ok(blocks),
    }
}

/// The family that is wanted, or the only one.
fn chosen(blocks: &[Block], wanted: Option<u32>) -> Result<Option<u32>, InputError> {
    let flashed = blocks.iter().filter(|block| block.is_flashed());
    let families: BTreeSet<Option<u32>> = flashed.map(|block| block.family).collect();
    let mut each = families.iter().copied();
    match (wanted, each.next(), each.next()) {
        (_, None, _) => Err(InputError::Empty { format: FORMAT }),
        (Some(_), ..) if families.contains(&wanted) => Ok(wanted),
        (Some(wanted), ..) => Err(InputError::NoFamily { wanted, found: families.into_iter().collect() }),
        (None, Some(only), None) => Ok(only),
        _ => Err(InputError::Families(families.into_iter().collect())),
    }
}
