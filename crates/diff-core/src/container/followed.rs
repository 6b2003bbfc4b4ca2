//! Streams of the base that streams of the target may follow (`docs/format.md`, section 14.5).

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use smidgen_patch::internals::container::Kept;
use smidgen_patch::internals::container::compressor::Compressor;
use smidgen_patch::internals::container::deflate::Parsed;

use super::compressed::plain;
use super::found::Found;
use super::sketch::Sketch;

/// Streams of larger bases are not followed: a device would keep up to nine times as many bytes.
const LARGEST_BASE: usize = 96 << 20;

/// The chosen streams of a base, those in streams too, each after the one that it is in.
pub(super) struct Streams<'b> {
    file: &'b [u8],
    streams: Vec<Stream>,
    /// By the hashes of their sketches.
    numbers: HashMap<u32, Vec<u32>>,
}

struct Stream {
    /// Plain bytes of the stream around; `None` in the file itself.
    around: Option<Arc<Vec<u8>>>,
    place: Range<usize>,
    plain: usize,
    /// If it is another than deflate's, the stream is not followed.
    compressor: Option<Compressor>,
}

impl<'b> Streams<'b> {
    pub(super) fn new(file: &'b [u8], found: &[Found]) -> Self {
        let mut streams = Self { file, streams: Vec::new(), numbers: HashMap::new() };
        if file.len() <= LARGEST_BASE {
            streams.add(None, found);
        }
        streams
    }

    fn add(&mut self, around: Option<&Arc<Vec<u8>>>, found: &[Found]) {
        for found in found.iter().filter(|found| found.chosen) {
            let (around, place) = (around.cloned(), found.stream.clone());
            let stream = Stream { around, place, plain: found.plain, compressor: found.frame.compressor() };
            if stream.compressor.is_none() {
                let number = self.streams.len() as u32;
                let hashes = found.sketch.hashes().iter();
                hashes.for_each(|&hash| self.numbers.entry(hash).or_default().push(number));
            }
            let inside =
                found.inside.iter().any(|inside| inside.chosen).then(|| Arc::new(self.plain(&stream)));
            self.streams.push(stream);
            if let Some(plain) = inside {
                self.add(Some(&plain), &found.inside);
            }
        }
    }

    fn packed(&self, stream: &Stream) -> Vec<u8> {
        let file = stream.around.as_ref().map_or(self.file, |plain| plain.as_slice());
        file[stream.place.clone()].to_vec()
    }

    fn plain(&self, stream: &Stream) -> Vec<u8> {
        plain(&self.packed(stream), stream.plain, stream.compressor)
    }

    /// The stream whose contents are most like those of a sketch, of a stream of `packed` bytes: its number, itself, and
    /// its plain bytes.
    pub(super) fn most_alike(&self, sketch: &Sketch, packed: usize) -> Option<(u32, Vec<u8>, Vec<u8>)> {
        let mut shared = vec![0usize; self.streams.len()];
        let numbers = sketch.hashes().iter().filter_map(|hash| self.numbers.get(hash)).flatten();
        numbers.for_each(|&number| shared[number as usize] += 1);
        // Of those that share the most, one that is as large comes from the same encoder.
        let is_deflate = |(_, stream): &(usize, &Stream)| stream.compressor.is_none();
        let likeness = |&(number, stream): &(usize, &Stream)| {
            (shared[number], Reverse(stream.place.len().abs_diff(packed)))
        };
        let (number, stream) =
            self.streams.iter().enumerate().rev().filter(is_deflate).max_by_key(likeness)?;
        Some((number as u32, self.packed(stream), self.plain(stream)))
    }

    /// Keeps the streams that are followed; those that follow them get their numbers among these.
    pub(super) fn keep(&self, in_base: &mut [Found], in_target: &mut [Found]) {
        let mut used = vec![false; self.streams.len()];
        for_each(in_target, &mut |found| {
            if let Some(making) = found.making.as_ref().filter(|making| making.follows > 0 && found.chosen) {
                used[making.follows as usize - 1] = true;
            }
        });
        let mut numbers = vec![0; used.len()];
        let mut count = 0;
        for (number, _) in numbers.iter_mut().zip(&used).filter(|(_, used)| **used) {
            count += 1;
            *number = count;
        }
        for_each(in_target, &mut |found| {
            if let Some(making) = found.making.as_mut().filter(|making| making.follows > 0) {
                making.follows = numbers[making.follows as usize - 1];
            }
        });
        let mut number = 0;
        for_each(in_base, &mut |found| {
            if found.chosen {
                found.kept = used.get(number).is_some_and(|used| *used).then(|| self.kept(number));
                number += 1;
            }
        });
    }

    fn kept(&self, number: usize) -> Kept {
        let packed = self.packed(&self.streams[number]);
        let tokens = Parsed::new(&packed, usize::MAX).map_or(0, |parsed| parsed.tokens.len());
        Kept { packed: packed.len() as u32, tokens: tokens as u32 }
    }
}

/// All that was found, each before what is in it if it is chosen.
fn for_each(found: &mut [Found], each: &mut dyn FnMut(&mut Found)) {
    for found in found.iter_mut().filter(|found| found.chosen) {
        each(found);
        for_each(&mut found.inside, each);
    }
}
