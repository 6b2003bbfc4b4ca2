//! Regions of flash whose MD5 blocks of UF2 state: those that are in the file are checked.

use std::collections::BTreeMap;

use md5::{Digest, Md5};

use super::{Block, FORMAT, MOST};
use crate::bytes::word;
use crate::digest::hex;
use crate::input::InputError;

/// Bytes of what is stated: a start, a length and an MD5.
const AREA: usize = 24;
/// The most bytes that are hashed, as a multiple of the file's size: real regions are one behind the other.
const MOST_OF_FILE: u64 = 4;

/// What a block states.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Region<'a> {
    start: u32,
    size: u32,
    md5: &'a [u8; 16],
}

/// How many regions there are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Regions {
    pub(super) checked: usize,
    /// Not checked: not all of their bytes are in the file.
    pub(super) outside: usize,
}

/// Checks the regions that blocks of this family state.
pub(super) fn check(blocks: &[Block], family: Option<u32>, file: &[u8]) -> Result<Regions, InputError> {
    let mut stated = BTreeMap::new();
    for (place, block) in blocks.iter().enumerate().filter(|(_, block)| block.is_for(family)) {
        let region = Region::of(block).map_err(|reason| InputError::Block { block: place, reason })?;
        if let Some(region) = region {
            stated.entry(region).or_insert(place);
        }
    }
    let mut regions = Regions { checked: 0, outside: 0 };
    if stated.is_empty() {
        return Ok(regions);
    }
    let stretches = stretches(blocks.iter().filter(|block| block.is_for(family)));
    let mut left = MOST_OF_FILE * file.len() as u64;
    for (region, place) in stated {
        let Some(bytes) = region.bytes(&stretches) else {
            regions.outside += 1;
            continue;
        };
        left = left.checked_sub(region.size.into()).ok_or_else(|| InputError::Structure {
            format: FORMAT,
            reason: "blocks state the MD5 of the same bytes again and again".to_owned(),
        })?;
        region.check(bytes).map_err(|reason| InputError::Block { block: place, reason })?;
        regions.checked += 1;
    }
    Ok(regions)
}

/// The bytes of all blocks, those that touch in one, in ascending order.
fn stretches<'a>(blocks: impl Iterator<Item = &'a Block<'a>>) -> Vec<(u64, Vec<u8>)> {
    let mut blocks: Vec<_> = blocks.collect();
    blocks.sort_by_key(|block| block.address);
    let mut stretches: Vec<(u64, Vec<u8>)> = Vec::new();
    for block in blocks {
        let address = u64::from(block.address);
        match stretches.last_mut() {
            Some((start, bytes)) if address <= *start + bytes.len() as u64 => {
                let known = (*start + bytes.len() as u64 - address) as usize;
                bytes.extend_from_slice(block.data.get(known..).unwrap_or_default());
            }
            _ => stretches.push((address, block.data.to_vec())),
        }
    }
    stretches
}

impl<'a> Region<'a> {
    /// The region that a block states in the last bytes of its room; esptool states the block's own bytes, right behind
    /// them. A length of zero says nothing.
    fn of(block: &Block<'a>) -> Result<Option<Self>, String> {
        if !block.states_md5() {
            return Ok(None);
        }
        let (size, end) = (block.data.len(), MOST - AREA);
        if size > end {
            return Err(format!(
                "it says that it holds {size} bytes and an MD5; a block with one has room for {end}"
            ));
        }
        let own = |region: &Self| region.start == block.address && region.size as usize == size;
        let region = Self::at(block.room, size).filter(own).or_else(|| Self::at(block.room, end));
        Ok(region.filter(|region| region.size > 0))
    }

    fn at(room: &'a [u8], at: usize) -> Option<Self> {
        let md5 = room.get(at + 8..)?.first_chunk()?;
        Some(Self { start: word(room, at)?, size: word(room, at + 4)?, md5 })
    }

    /// The bytes of the region, if all of them are there.
    fn bytes<'s>(&self, stretches: &'s [(u64, Vec<u8>)]) -> Option<&'s [u8]> {
        let start = u64::from(self.start);
        let index = stretches.partition_point(|(address, _)| *address <= start).checked_sub(1)?;
        let (address, bytes) = &stretches[index];
        bytes.get((start - address) as usize..)?.get(..self.size as usize)
    }

    fn check(&self, bytes: &[u8]) -> Result<(), String> {
        let found = Md5::digest(bytes);
        if found[..] == self.md5[..] {
            return Ok(());
        }
        let (size, start, stated, found) = (self.size, self.start, hex(self.md5), hex(&found));
        Err(format!(
            "the MD5 of the {size} bytes from {start:#010x} is wrong: the file states {stated}, its bytes have {found}"
        ))
    }
}
