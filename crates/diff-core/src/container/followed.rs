//! Streams of the base that streams of the target may follow (`docs/format.md`, section 14.5).

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::OnceLock;

use smidgen_patch::internals::container::Kept;
use smidgen_patch::internals::container::compressor::Compressor;
use smidgen_patch::internals::container::deflate::{Parsed, Trace};

use super::compressed::plain;
use super::found::Found;
use super::sketch::Sketch;

/// Streams of larger bases are not followed: a device would keep up to nine times as many bytes.
const LARGEST_BASE: usize = 96 << 20;

/// The chosen streams of a base, those in streams too, each after the one that it is in. Of most bases none is followed: what
/// following takes is made when it is first asked for.
pub(super) struct Streams<'b> {
    file: &'b [u8],
    streams: Vec<Stream>,
    /// The hashes of all sketches in order, each with the number of its stream.
    hashes: OnceLock<Vec<(u32, u32)>>,
}

struct Stream {
    /// The number of the stream around; `None` in the file itself.
    around: Option<usize>,
    place: Range<usize>,
    /// How many plain bytes it has, and these, if streams in it were asked for.
    size: usize,
    plain: OnceLock<Vec<u8>>,
    sketch: Sketch,
    /// Its tokens, once it has been read.
    tokens: OnceLock<u32>,
    /// If it is another than deflate's, the stream is not followed.
    compressor: Option<Compressor>,
}

/// A stream that may be followed.
pub(super) struct Followed {
    /// Its number among the streams of the base.
    pub(super) number: u32,
    pub(super) trace: Trace,
    pub(super) plain: Vec<u8>,
}

impl<'b> Streams<'b> {
    pub(super) fn new(file: &'b [u8], found: &[Found]) -> Self {
        let mut streams = Self { file, streams: Vec::new(), hashes: OnceLock::new() };
        if file.len() <= LARGEST_BASE {
            streams.add(None, found);
        }
        streams
    }

    fn add(&mut self, around: Option<usize>, found: &[Found]) {
        for found in found.iter().filter(|found| found.chosen) {
            let number = self.streams.len();
            self.streams.push(Stream {
                around,
                place: found.stream.clone(),
                size: found.plain,
                plain: OnceLock::new(),
                sketch: found.sketch.clone(),
                tokens: OnceLock::new(),
                compressor: found.frame.compressor(),
            });
            self.add(Some(number), &found.inside);
        }
    }

    fn packed(&self, stream: &Stream) -> &[u8] {
        let around = stream.around.map(|number| &self.streams[number]);
        let file = around.map_or(self.file, |around| around.plain.get_or_init(|| self.inflated(around)));
        &file[stream.place.clone()]
    }

    fn inflated(&self, stream: &Stream) -> Vec<u8> {
        plain(self.packed(stream), stream.size, stream.compressor)
    }

    /// The numbers of the streams in whose sketches this hash is.
    fn with(&self, hash: u32) -> impl Iterator<Item = usize> {
        let hashes = self.hashes.get_or_init(|| {
            let numbered =
                self.streams.iter().zip(0u32..).flat_map(|(stream, number)| {
                    stream.sketch.hashes().iter().map(move |&hash| (hash, number))
                });
            let mut hashes: Vec<(u32, u32)> = numbered.collect();
            hashes.sort_unstable();
            hashes
        });
        let start = hashes.partition_point(|&(other, _)| other < hash);
        hashes[start..]
            .iter()
            .take_while(move |&&(other, _)| other == hash)
            .map(|&(_, number)| number as usize)
    }

    /// The stream whose contents are most like those of a sketch, of a stream of `packed` bytes.
    pub(super) fn most_alike(&self, sketch: &Sketch, packed: usize) -> Option<Followed> {
        let mut shared = vec![0usize; self.streams.len()];
        sketch.hashes().iter().flat_map(|&hash| self.with(hash)).for_each(|number| shared[number] += 1);
        // Of those that share the most, one that is as large comes from the same encoder.
        let is_deflate = |(_, stream): &(usize, &Stream)| stream.compressor.is_none();
        let likeness = |&(number, stream): &(usize, &Stream)| {
            (shared[number], Reverse(stream.place.len().abs_diff(packed)))
        };
        let (number, stream) =
            self.streams.iter().enumerate().rev().filter(is_deflate).max_by_key(likeness)?;
        let parsed = Parsed::new(self.packed(stream), usize::MAX)?;
        stream.tokens.get_or_init(|| parsed.tokens.len() as u32);
        Some(Followed { number: number as u32, trace: Trace::of(&parsed), plain: self.inflated(stream) })
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
        let stream = &self.streams[number];
        Kept { packed: stream.place.len() as u32, tokens: stream.tokens.get().copied().unwrap_or(0) }
    }
}

/// All that was found, each before what is in it if it is chosen.
fn for_each(found: &mut [Found], each: &mut dyn FnMut(&mut Found)) {
    for found in found.iter_mut().filter(|found| found.chosen) {
        each(found);
        for_each(&mut found.inside, each);
    }
}
