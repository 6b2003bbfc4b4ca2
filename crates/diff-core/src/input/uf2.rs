//! UF2: blocks of 512 bytes, each with its address, its number and the family of devices that it is for.

use std::collections::BTreeSet;

use super::flat::Contents;
use super::segments::wraps;
use super::{Format, InputError, Reading};
use crate::bytes::word;

const FORMAT: Format = Format::Uf2;
/// Bytes of a block, and of what it may hold.
const BLOCK: usize = 512;
const MOST: usize = 476;
/// The bytes before what it holds.
const HEADER: usize = 32;
/// The words that a block begins and ends with.
const BEGIN: [u32; 2] = [0x0A32_4655, 0x9E5D_5157];
const END: u32 = 0x0AB1_6F30;

/// Flags: the block is not for the main flash; it is a piece of a file; there is a family.
const NOT_FLASH: u32 = 0x0001;
const FILE: u32 = 0x1000;
const FAMILY: u32 = 0x2000;

pub(super) fn begins(file: &[u8]) -> bool {
    file.first_chunk().is_some_and(|block| Block::parse(block).is_ok())
}

/// Reads the whole file: all blocks of one family, in any order.
pub(super) fn read<'a>(file: &'a [u8], reading: &Reading) -> Result<Contents<'a>, InputError> {
    let blocks = blocks(file)?;
    let family = chosen(&blocks, reading.family)?;
    let mut contents = Contents::new(FORMAT);
    contents.family = family;
    let mut sequence = Sequence::default();
    for (place, block) in blocks.iter().enumerate().filter(|(_, block)| block.family == family) {
        let wrong = |reason: String| InputError::Block { block: place, reason };
        sequence.take(block).map_err(wrong)?;
        if block.flags & NOT_FLASH != 0 {
            continue;
        }
        let address = u64::from(block.address);
        if address + block.data.len() as u64 > 1 << 32 {
            return Err(wrong(wraps(address, block.data.len())));
        }
        contents.segments.add(address, block.data).map_err(wrong)?;
    }
    sequence.check()?;
    Ok(contents)
}

struct Block<'a> {
    flags: u32,
    address: u32,
    number: u32,
    count: u32,
    family: Option<u32>,
    data: &'a [u8],
}

/// Which blocks of a family are there.
#[derive(Default)]
struct Sequence {
    count: Option<u32>,
    seen: BTreeSet<u32>,
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
        let data = &block[HEADER..HEADER + size];
        Ok(Self { flags, address: word(3), number: word(5), count: word(6), family, data })
    }
}

fn blocks(file: &[u8]) -> Result<Vec<Block<'_>>, InputError> {
    let (blocks, rest) = file.as_chunks::<BLOCK>();
    if !rest.is_empty() || blocks.is_empty() {
        let (size, whole) = (file.len(), blocks.len());
        let reason =
            format!("{size} bytes are {whole} blocks and {} bytes: the file was cut off", rest.len());
        return Err(InputError::Structure { format: FORMAT, reason });
    }
    let parse =
        |(place, block)| Block::parse(block).map_err(|reason| InputError::Block { block: place, reason });
    let blocks: Vec<Block> = blocks.iter().enumerate().map(parse).collect::<Result<_, _>>()?;
    match blocks.iter().position(|block| block.flags & FILE != 0) {
        Some(block) => {
            Err(InputError::Block { block, reason: "it is a piece of a file, nothing to flash".to_owned() })
        }
        None => Ok(blocks),
    }
}

/// The family that is wanted, or the only one.
fn chosen(blocks: &[Block], wanted: Option<u32>) -> Result<Option<u32>, InputError> {
    let families: BTreeSet<Option<u32>> = blocks.iter().map(|block| block.family).collect();
    let mut each = families.iter().copied();
    match (wanted, each.next(), each.next()) {
        (Some(_), ..) if families.contains(&wanted) => Ok(wanted),
        (None, Some(only), None) => Ok(only),
        _ => Err(InputError::Families(families.into_iter().collect())),
    }
}

impl Sequence {
    fn take(&mut self, block: &Block) -> Result<(), String> {
        let (number, count) = (block.number, block.count);
        let first = *self.count.get_or_insert(count);
        if count != first {
            return Err(format!("it says that there are {count} blocks; others say {first}"));
        }
        if number >= count {
            return Err(format!("it is number {number} of {count}, counted from 0"));
        }
        if !self.seen.insert(number) {
            return Err(format!("there is another block number {number}"));
        }
        Ok(())
    }

    fn check(&self) -> Result<(), InputError> {
        let count = self.count.unwrap_or_default();
        let missing = u64::from(count) - self.seen.len() as u64;
        let Some(first) = (0..count).find(|number| !self.seen.contains(number)) else { return Ok(()) };
        let reason = format!("{missing} of {count} blocks are missing, the first is number {first}");
        Err(InputError::Structure { format: FORMAT, reason })
    }
}
