//! File systems of squashfs 4 whose blocks have no mark of their own: those of lz4 (the kernel's
//! `Documentation/filesystems/squashfs.rst`, section 3).

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Block, long, lz4, plain, short, word};

/// Compressor and version in the superblock.
const LZ4: usize = 5;
const VERSION: usize = 4;
/// Plain bytes of a block of metadata.
const METADATA: usize = 8 << 10;
/// Marks of sizes: what is not compressed.
const STORED_METADATA: usize = 1 << 15;
const STORED_DATA: usize = 1 << 24;
/// Plain bytes of a block of a file.
const BLOCKS: Range<usize> = 4 << 10..(1 << 20) + 1;
/// What files without a fragment, and file systems without a table, have in its place.
const NONE: usize = 0xFFFF_FFFF;
/// Bytes of an inode, and of an entry of the table of fragments.
const INODE: usize = 16;
const FRAGMENT: usize = 16;

/// The size of the blocks of files, if a file system of lz4 begins like this.
pub(super) fn block_size(image: &[u8]) -> Option<usize> {
    let is_lz4 = image.starts_with(b"hsqs") && short(image, 20)? == LZ4 && short(image, 28)? == VERSION;
    word(image, 12).filter(|size| is_lz4 && BLOCKS.contains(size))
}

/// The blocks of the file system that these bytes begin with, in the order of the file. No more bytes of metadata are looked
/// at than the image has.
pub(super) fn blocks(image: &[u8]) -> Option<Vec<Block>> {
    let block_size = block_size(image)?;
    let mut reader = Reader { image, block_size, found: BTreeMap::new(), room: image.len() };
    let (inodes, directories) = (place(image, 64)?, place(image, 72)?);
    let fragments = reader.table(place(image, 80), word(image, 16)?, FRAGMENT);
    let others = [(place(image, 88), word(image, 4)?, 8), (place(image, 48), short(image, 26)?, 4)];
    let mut ends = others.map(|(table, count, size)| reader.table(table, count, size).1).to_vec();
    ends.push(fragments.1);
    // The first block of a table follows the directories.
    let end = ends.into_iter().flatten().min().unwrap_or(image.len());
    reader.metadata(directories..end);
    let inodes = reader.metadata(inodes..directories);
    reader.fragments(&fragments.0);
    reader.files(&inodes);
    let mut last = 0;
    let in_order = reader.found.into_iter().filter(|(start, size)| {
        let end = start.checked_add(*size).filter(|end| *start >= last && *end <= image.len());
        last = end.unwrap_or(last);
        end.is_some()
    });
    Some(in_order.map(|(start, size)| lz4::block(start, size)).collect())
}

/// A place in the image, if the table is there.
fn place(image: &[u8], at: usize) -> Option<usize> {
    long(image, at).and_then(|place| usize::try_from(place).ok()).filter(|place| *place < image.len())
}

struct Reader<'i> {
    image: &'i [u8],
    block_size: usize,
    /// Compressed blocks: where each is, and its bytes.
    found: BTreeMap<usize, usize>,
    /// Bytes of metadata that may be looked at.
    room: usize,
}

impl Reader<'_> {
    /// What the blocks of metadata of a stretch hold; they are noted.
    fn metadata(&mut self, stretch: Range<usize>) -> Vec<u8> {
        let (mut all, mut at) = (Vec::new(), stretch.start);
        while at < stretch.end {
            let Some((next, bytes)) = self.metadata_block(at) else { break };
            all.extend(bytes);
            at = next;
        }
        all
    }

    /// Where the block of metadata at a place ends, and what it holds.
    fn metadata_block(&mut self, at: usize) -> Option<(usize, Vec<u8>)> {
        let header = short(self.image, at)?;
        let (start, size) = (at + 2, header & !STORED_METADATA);
        let bytes = self.image.get(start..start + size)?;
        self.room = self.room.checked_sub(size + 2)?;
        if header & STORED_METADATA != 0 {
            return Some((start + size, bytes.to_vec()));
        }
        self.found.insert(start, size);
        let block = lz4::block(start, size);
        Some((start + size, plain(bytes, METADATA, Some(block.compressor))))
    }

    /// What a table of `count` entries of `size` bytes holds, which is found by the places of its blocks; and the first
    /// of these.
    fn table(&mut self, places: Option<usize>, count: usize, size: usize) -> (Vec<u8>, Option<usize>) {
        let Some(places) = places else { return (Vec::new(), None) };
        let blocks = (count * size).div_ceil(METADATA);
        let (mut all, mut first) = (Vec::new(), None);
        for number in 0..blocks {
            let Some(at) = place(self.image, places + 8 * number) else { break };
            let Some((_, bytes)) = self.metadata_block(at) else { break };
            all.extend(bytes);
            first = first.or(Some(at));
        }
        (all, first)
    }

    fn fragments(&mut self, entries: &[u8]) {
        for entry in entries.chunks_exact(FRAGMENT) {
            if let (Some(start), Some(size)) = (long(entry, 0), word(entry, 8)) {
                self.data(start as usize, size);
            }
        }
    }

    /// Notes the block of data at a place; returns its bytes.
    fn data(&mut self, start: usize, size: usize) -> usize {
        let bytes = size & (STORED_DATA - 1);
        if bytes > 0 && size & STORED_DATA == 0 {
            self.found.insert(start, bytes);
        }
        bytes
    }

    /// Notes the blocks of all files.
    fn files(&mut self, inodes: &[u8]) {
        let mut rest = inodes;
        while let Some(size) = self.inode(rest) {
            rest = rest.get(size..).unwrap_or(&[]);
        }
    }

    /// The bytes of the inode that these begin with.
    fn inode(&mut self, inode: &[u8]) -> Option<usize> {
        Some(match short(inode, 0)? {
            1 => 32,
            2 => self.file(inode, word(inode, 16)?, word(inode, 28)?, word(inode, 20)?, 32)?,
            3 => 24 + word(inode, 20)?,
            4 | 5 => 24,
            6 | 7 => 20,
            8 => directory(inode)?,
            9 => {
                let (start, size) = (long(inode, 16)? as usize, long(inode, 24)? as usize);
                self.file(inode, start, size, word(inode, 44)?, 56)?
            }
            10 => 28 + word(inode, 20)?,
            11 | 12 => 28,
            13 | 14 => 24,
            _ => return None,
        })
    }

    /// Notes the blocks of a file whose sizes are at `list`; returns the bytes of its inode.
    fn file(
        &mut self,
        inode: &[u8],
        mut start: usize,
        size: usize,
        fragment: usize,
        list: usize,
    ) -> Option<usize> {
        let blocks = if fragment == NONE { size.div_ceil(self.block_size) } else { size / self.block_size };
        let end = blocks.checked_mul(4)?.checked_add(list)?;
        for size in inode.get(list..end)?.chunks_exact(4) {
            start = start.checked_add(self.data(start, word(size, 0)?))?;
        }
        Some(end)
    }
}

/// The bytes of the inode of a directory with an index.
fn directory(inode: &[u8]) -> Option<usize> {
    let mut size = INODE + 24;
    for _ in 0..short(inode, 32)? {
        size += 12 + word(inode, size + 8)? + 1;
    }
    Some(size)
}
