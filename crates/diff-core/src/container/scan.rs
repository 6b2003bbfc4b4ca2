//! Finds streams by content, whatever a file is called: gzip members, entries of zip, zlib streams, and those in them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use smidgen_patch::container::DEPTH_LIMIT;
use smidgen_patch::header::IMAGE_LIMIT;
use smidgen_patch::internals::container::Frame;

use super::compressed::{Blocks, may_begin as may_be_compressed};
use super::found::Found;
use super::sketch::Sketch;
use crate::archive::zip::{self, Local};
use crate::archive::{Inflated, adler, gzip_header, inflate, unpack};

/// Streams of fewer plain bytes are not worth a place in the recipe.
const LEAST: usize = 64;

/// The least that a false mark costs: the buffers of an attempt.
const ATTEMPT: usize = 4 << 10;
/// The most bytes of a gzip header: an extra field, and names.
const HEADER: usize = 1 << 17;

/// Everything that is in a file.
pub(crate) fn scan(file: &[u8]) -> Vec<Found> {
    let mut budget = Budget::new(file.len());
    Scanner::new(file, DEPTH_LIMIT - 1, &mut budget).scan()
}

/// What looking into a file may cost, with all levels of streams in it.
struct Budget {
    /// Plain bytes that may still be made: what expands beyond all limits is left alone.
    room: usize,
    /// Bytes that may still be read and inflated without finding a stream. Only hostile files need more.
    failures: usize,
}

impl Budget {
    /// Real files lose less than a byte for each of theirs.
    fn new(size: usize) -> Self {
        Self { room: IMAGE_LIMIT as usize, failures: 64 * size + (64 << 20) }
    }

    fn fail<T>(&mut self, cost: usize) -> Option<T> {
        self.failures = self.failures.saturating_sub(ATTEMPT + cost);
        None
    }
}

struct Scanner<'f, 'b> {
    bytes: &'f [u8],
    /// Levels that streams may still hold.
    depth: u32,
    budget: &'b mut Budget,
    /// Up to where records of a directory are known to have no end.
    endless: usize,
}

impl<'f, 'b> Scanner<'f, 'b> {
    fn new(bytes: &'f [u8], depth: u32, budget: &'b mut Budget) -> Self {
        Self { bytes, depth, budget, endless: 0 }
    }

    fn scan(mut self) -> Vec<Found> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(next) = next_mark(self.bytes, at).filter(|_| self.budget.failures > 0) {
            let here = self.look(next);
            at = here.last().map_or(next + 1, |last| last.extent.end);
            found.extend(here);
        }
        found
    }

    /// What is at a mark, if it is what it seems to be: several streams only if they are blocks of one file.
    fn look(&mut self, at: usize) -> Vec<Found> {
        let bytes = &self.bytes[at..];
        let one = match bytes[0] {
            0x1F => self.gzip(at),
            0x78 => self.zlib(at),
            _ if bytes.starts_with(&zip::LOCAL) => self.entry(at),
            _ if at >= self.endless && bytes.starts_with(&zip::CENTRAL) => match zip::directory(bytes) {
                Ok((count, size)) => Some(Found::plain(Frame::Directory(count), at..at + size)),
                Err(size) => {
                    self.endless = at + size;
                    None
                }
            },
            _ => return self.compressed(at),
        };
        one.into_iter().collect()
    }

    /// Streams of other compressors than deflate's.
    fn compressed(&mut self, at: usize) -> Vec<Found> {
        let mut found = Vec::new();
        let (opened, cost) = Blocks::open(self.bytes, at);
        let Some(mut blocks) = opened else { return found };
        self.budget.failures = self.budget.failures.saturating_sub(cost);
        while let Some(block) = blocks.next(self.bytes) {
            let Ok(coder) = block.compressor.decoder(block.packed as u32) else { break };
            let bytes = &self.bytes[block.start..block.most(self.bytes.len())];
            let unpacked = match unpack(coder, bytes, self.budget.room) {
                Ok(unpacked) => unpacked,
                Err(error) => {
                    self.budget.fail::<()>(error.cost);
                    break;
                }
            };
            let (compressor, end) = blocks.ended(self.bytes, &block, &unpacked);
            if let Some(mut stream) = self.stream(block.start, unpacked) {
                stream.frame = Frame::Compressed(compressor);
                stream.extent.end = end;
                found.push(stream);
            }
        }
        found
    }

    fn gzip(&mut self, at: usize) -> Option<Found> {
        let bytes = &self.bytes[at..self.bytes.len().min(at + HEADER)];
        let Some(size) = gzip_header(bytes) else { return self.budget.fail(bytes.len()) };
        let start = at + size;
        let inflated = self.inflated(at, start)?;
        let crc = crc32fast::hash(&inflated.plain);
        let mut found = self.stream(start, inflated)?;
        let trailer = self.bytes.get(found.extent.end..found.extent.end + 8);
        if trailer.is_some_and(|trailer| trailer[..4] == crc.to_le_bytes()) {
            found.frame = Frame::Gzip;
            found.extent.end += 8;
        }
        Some(found)
    }

    fn zlib(&mut self, at: usize) -> Option<Found> {
        let start = at + 2;
        if !may_begin(self.bytes.get(start..)?) {
            return None;
        }
        let inflated = self.inflated(at, start)?;
        let end = start + inflated.packed;
        if self.bytes.get(end..end + 4) != Some(&adler(&inflated.plain).to_be_bytes()) {
            return self.budget.fail(inflated.packed + inflated.plain.len());
        }
        let mut found = self.stream(start, inflated)?;
        found.frame = Frame::Zlib;
        found.extent.end += 4;
        Some(found)
    }

    fn entry(&mut self, at: usize) -> Option<Found> {
        let local = Local::read(&self.bytes[at..])?;
        let start = at + local.size;
        let inflated = if local.deflated { self.inflated(at, start) } else { None };
        let Some(mut found) = inflated.and_then(|inflated| self.stream(start, inflated)) else {
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

    /// What the deflate stream at `start` holds, if there is one behind the header at `at`.
    fn inflated(&mut self, at: usize, start: usize) -> Option<Inflated> {
        match inflate(self.bytes.get(start..)?, self.budget.room) {
            Ok(inflated) => Some(inflated),
            Err(error) => self.budget.fail(start - at + error.cost),
        }
    }

    /// The stream at `start`, if it is worth a place, and what is in it.
    fn stream(&mut self, start: usize, inflated: Inflated) -> Option<Found> {
        let (plain, stream) = (inflated.plain, start..start + inflated.packed);
        if plain.len() < LEAST {
            return self.budget.fail(stream.len() + plain.len());
        }
        self.budget.room -= plain.len();
        let mut found = Found::plain(Frame::Deflate, stream.clone());
        if self.depth > 1 {
            found.inside = Scanner::new(&plain, self.depth - 1, self.budget).scan();
        }
        found.plain = plain.len();
        found.hash = hash(self.bytes, &stream);
        found.sketch = Sketch::new(&plain);
        found.stream = stream;
        Some(found)
    }
}

/// Whether a deflate stream may begin like this (RFC 1951, section 3.2.3); a cheap test.
fn may_begin(bytes: &[u8]) -> bool {
    match bytes.first().map(|byte| byte >> 1 & 3) {
        // The length of a stored block, and its complement.
        Some(0) => bytes.len() < 5 || zip::short(bytes, 1) ^ zip::short(bytes, 3) == 0xFFFF,
        Some(1 | 2) => true,
        _ => false,
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
        _ => may_be_compressed(four),
    };
    pairs.into_iter().position(mark).map(|offset| from + offset)
}

fn hash(bytes: &[u8], stream: &Range<usize>) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes[stream.clone()].hash(&mut hasher);
    hasher.finish()
}
