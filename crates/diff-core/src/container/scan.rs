//! Finds streams by content, whatever a file is called: gzip members, entries of zip, zlib streams, and those in them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use patch_nostd::container::{DEPTH_LIMIT, Frame};
use patch_nostd::wire::IMAGE_LIMIT;

use super::found::Found;
use super::inflate::inflate;
use super::sketch::Sketch;
use super::zip::{self, Local};

/// Streams of fewer plain bytes are not worth a place in the recipe.
const LEAST: usize = 64;

/// Everything that is in a file.
pub(crate) fn scan(file: &[u8]) -> Vec<Found> {
    Scanner { bytes: file, depth: DEPTH_LIMIT - 1, room: IMAGE_LIMIT as usize }.scan()
}

struct Scanner<'f> {
    bytes: &'f [u8],
    /// Levels that streams may still hold.
    depth: u32,
    /// Plain bytes that may still be made: what expands beyond all limits is left alone.
    room: usize,
}

impl Scanner<'_> {
    fn scan(mut self) -> Vec<Found> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(next) = next_mark(self.bytes, at) {
            match self.look(next) {
                Some(this) => {
                    at = this.extent.end;
                    found.push(this);
                }
                None => at = next + 1,
            }
        }
        found
    }

    /// What is at a mark, if it is what it seems to be.
    fn look(&mut self, at: usize) -> Option<Found> {
        let bytes = &self.bytes[at..];
        match bytes[0] {
            0x1F => self.gzip(at),
            0x78 => self.zlib(at),
            _ if bytes.starts_with(&zip::LOCAL) => self.entry(at),
            _ if bytes.starts_with(&zip::CENTRAL) => {
                let (count, size) = zip::directory(bytes)?;
                Some(Found::plain(Frame::Directory(count), at..at + size))
            }
            _ => None,
        }
    }

    fn gzip(&mut self, at: usize) -> Option<Found> {
        let start = at + gzip_header(&self.bytes[at..])?;
        let (mut found, plain) = self.stream(start)?;
        let trailer = self.bytes.get(found.extent.end..found.extent.end + 8);
        if trailer.is_some_and(|trailer| trailer[..4] == crc32fast::hash(&plain).to_le_bytes()) {
            found.frame = Frame::Gzip;
            found.extent.end += 8;
        }
        Some(found)
    }

    fn zlib(&mut self, at: usize) -> Option<Found> {
        let (mut found, plain) = self.stream(at + 2)?;
        let trailer = self.bytes.get(found.extent.end..found.extent.end + 4)?;
        if trailer != adler(&plain).to_be_bytes() {
            return None;
        }
        found.frame = Frame::Zlib;
        found.extent.end += 4;
        Some(found)
    }

    fn entry(&mut self, at: usize) -> Option<Found> {
        let local = Local::read(&self.bytes[at..])?;
        let start = at + local.size;
        let Some((mut found, _)) = local.deflated.then(|| self.stream(start)).flatten() else {
            return Some(Found::plain(Frame::Stored, at..start));
        };
        found.frame = Frame::Entry;
        found.extent.start = at;
        let rest = &self.bytes[found.extent.end..];
        if local.described && zip::is_descriptor(rest, found.stream.len(), found.plain) {
            found.frame = Frame::Described;
            found.extent.end += 16;
        }
        Some(found)
    }

    /// The deflate stream at `start`, if there is one, and what is in it.
    fn stream(&mut self, start: usize) -> Option<(Found, Vec<u8>)> {
        let inflated = inflate(self.bytes.get(start..)?, self.room)?;
        let (plain, stream) = (inflated.plain, start..start + inflated.packed);
        if plain.len() < LEAST {
            return None;
        }
        self.room -= plain.len();
        let mut inside = Vec::new();
        if self.depth > 1 {
            inside = Scanner { bytes: &plain, depth: self.depth - 1, room: self.room }.scan();
            self.room = self.room.saturating_sub(room_of(&inside));
        }
        let mut found = Found::plain(Frame::Deflate, stream.clone());
        found.plain = plain.len();
        found.hash = hash(self.bytes, &stream);
        found.sketch = Sketch::new(&plain);
        found.inside = inside;
        found.stream = stream;
        Some((found, plain))
    }
}

/// Where the next thing may be that could begin something.
fn next_mark(bytes: &[u8], from: usize) -> Option<usize> {
    let pairs = bytes.get(from..)?.windows(4);
    let mark = |four: &[u8]| match four[0] {
        0x1F => four[1..3] == [0x8B, 8],
        // A window of 32 KiB, one of four levels, no dictionary.
        0x78 => matches!(four[1], 0x01 | 0x5E | 0x9C | 0xDA),
        b'P' => four == zip::LOCAL || four == zip::CENTRAL,
        _ => false,
    };
    pairs.into_iter().position(mark).map(|offset| from + offset)
}

/// Bytes of the header of a gzip member (RFC 1952, section 2.3).
pub(crate) fn gzip_header(bytes: &[u8]) -> Option<usize> {
    let flags = *bytes.get(3)?;
    if flags & 0xE0 != 0 {
        return None;
    }
    let mut size = 10;
    if flags & 4 != 0 {
        bytes.get(size + 1)?;
        size += 2 + zip::short(bytes, size);
    }
    for text in [8, 16] {
        if flags & text != 0 {
            size += 1 + bytes.get(size..)?.iter().position(|&byte| byte == 0)?;
        }
    }
    Some(if flags & 2 == 0 { size } else { size + 2 })
}

fn hash(bytes: &[u8], stream: &Range<usize>) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes[stream.clone()].hash(&mut hasher);
    hasher.finish()
}

fn adler(bytes: &[u8]) -> u32 {
    let (low, high) = bytes.chunks(5552).fold((1u32, 0u32), |(mut low, mut high), chunk| {
        for &byte in chunk {
            low += u32::from(byte);
            high += low;
        }
        (low % 65521, high % 65521)
    });
    high << 16 | low
}

fn room_of(found: &[Found]) -> usize {
    found.iter().map(|found| found.plain + room_of(&found.inside)).sum()
}
