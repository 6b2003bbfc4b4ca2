//! How streams of the target are made again: the parameters of their encoders, the streams of the base that they follow,
//! and their corrections.

use std::cell::LazyCell;

use rayon::prelude::*;
use smidgen_patch::internals::container::deflate::{
    Border, Finder, Parameters, Parsed, Segment, Trace, corrections, estimate, misses,
};
use smidgen_patch::internals::container::{Frame, Making};

use super::align::align;
use super::compressed::{Settings, plain};
use super::followed::Streams;
use super::found::{Analysis, Found};
use super::sketch::Sketch;
use crate::api::Note;
use crate::archive::inflate;

/// Plain bytes by which encoders are told apart, and those of a second look at what is nearly the best.
const SAMPLE: usize = 128 << 10;
const LARGE_SAMPLE: usize = 1 << 20;
/// A cost within which an encoder is taken to be known: bytes, and of so many bytes of a stream one.
const KNOWN: usize = 32;
const KNOWN_OF: usize = 256;
/// Levels of zlib in the order in which they are tried.
const LEVELS: [u8; 9] = [9, 6, 8, 7, 5, 4, 1, 3, 2];
/// Bits of hashes of three bytes: zlib's memory levels 8 and 9.
const HASHES: [u8; 2] = [15, 16];
/// Bytes that following a stream must save: it takes memory of the device, and some bytes of the recipe.
const FOLLOWING: usize = 24;

/// Streams that were chosen but cannot be made again, or not cheaply.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lost {
    streams: usize,
    bytes: usize,
}

impl Lost {
    fn and(self, other: Self) -> Self {
        Self { streams: self.streams + other.streams, bytes: self.bytes + other.bytes }
    }

    pub(crate) fn note(self) -> Option<Note> {
        let Self { streams, bytes } = self;
        (streams > 0).then_some(Note::NotMadeAgain { streams, bytes })
    }
}

/// Finds out how the chosen streams are made; what cannot be made cheaply is not chosen any longer. What they follow is
/// kept of the base.
pub(crate) fn analyse(base: &[u8], in_base: &mut [Found], target: &[u8], in_target: &mut [Found]) -> Lost {
    let streams = Streams::new(base, in_base);
    let lost = analyse_level(target, in_target, &streams);
    streams.keep(in_base, in_target);
    lost
}

fn analyse_level(file: &[u8], found: &mut [Found], streams: &Streams<'_>) -> Lost {
    let settings = Settings::of(file, found);
    let chosen = found.par_iter_mut().filter(|found| found.chosen);
    chosen
        .map(|found| match found.frame {
            Frame::Compressed(_) => {
                analyse_compressed(&file[found.stream.clone()], found, &settings, streams)
            }
            _ => analyse_stream(&file[found.stream.clone()], found, streams),
        })
        .reduce(Lost::default, Lost::and)
}

/// The same of a stream of another compressor.
fn analyse_compressed(stream: &[u8], found: &mut Found, settings: &Settings, streams: &Streams<'_>) -> Lost {
    let Some(compressor) = settings.compressor(stream, found) else {
        found.chosen = false;
        return Lost { streams: 1, bytes: stream.len() };
    };
    found.frame = Frame::Compressed(compressor);
    found.making = Some(Making { length: found.plain as u32, ..Making::default() });
    if found.inside.is_empty() {
        return Lost::default();
    }
    analyse_level(&plain(stream, found.plain, Some(compressor)), &mut found.inside, streams)
}

fn analyse_stream(stream: &[u8], found: &mut Found, streams: &Streams<'_>) -> Lost {
    // It was inflated before: it is a stream, and of this size. Where its encoder is known already, it need not be again.
    let size = found.plain;
    let plain = LazyCell::new(|| inflate(stream, size).map(|inflated| inflated.plain).unwrap_or_default());
    let own = found.analysis.get_or_init(|| Own { stream, plain: &plain }.analyse());
    found.making = own.as_ref().map(|own| own.making.clone());
    if let (Some(own), Some(making)) = (own, &mut found.making)
        && making.corrections.len() > KNOWN + stream.len() / KNOWN_OF
    {
        follow(&own.parsed, &plain, stream, streams, &found.sketch, making);
    }
    found.chosen = found.making.as_ref().is_some_and(|making| making.corrections.len() + 8 < stream.len());
    if !found.chosen {
        return Lost { streams: 1, bytes: stream.len() };
    }
    if found.inside.is_empty() {
        return Lost::default();
    }
    analyse_level(&plain, &mut found.inside, streams)
}

/// A stream by itself.
struct Own<'a> {
    stream: &'a [u8],
    plain: &'a [u8],
}

impl Own<'_> {
    fn analyse(&self) -> Option<Analysis> {
        let parsed = Parsed::new(self.stream, usize::MAX)?;
        let parameters = self.parameters(&parsed);
        let making = making(self.plain, self.stream, &parsed, &parameters, None)?;
        // Who is known need not be followed.
        let is_known = making.corrections.len() <= KNOWN + self.stream.len() / KNOWN_OF;
        let parsed = if is_known { Parsed::default() } else { parsed };
        Some(Analysis { making, parsed })
    }

    /// The parameters under which the stream costs least.
    fn parameters(&self, parsed: &Parsed) -> Parameters {
        let finder = self.finder(parsed);
        let first = parsed.blocks.first().map_or(0, |block| block.tokens as u32);
        let borders = [Border::End, Border::Tokens(first.max(2)), Border::Gzip];
        let parameters = borders.map(|border| Parameters { finder, border });
        parameters.into_iter().min_by_key(|parameters| misses(parsed, parameters)).unwrap_or(parameters[0])
    }

    /// The search that predicts most, by the first plain bytes.
    fn finder(&self, parsed: &Parsed) -> Finder {
        let cost = |finder: Finder, sample: usize, limit: u64| {
            let parameters = Parameters { finder, border: Border::End };
            estimate(&self.plain[..self.plain.len().min(sample)], parsed, &parameters, limit)
        };
        let least = |costs: &[(u64, Finder)]| costs.iter().map(|(cost, _)| *cost).min();
        // What costs more is not nearly the best.
        let near = |least: Option<u64>| {
            least.map_or(u64::MAX, |least| least.saturating_mul(2).saturating_add(64 * 2048))
        };
        let mut costs: Vec<(u64, Finder)> = Vec::new();
        for hash in HASHES {
            for level in LEVELS {
                let finder = Finder::new(level, hash);
                costs.push((cost(finder, SAMPLE, near(least(&costs))), finder));
                if costs.last().is_some_and(|(cost, _)| is_nothing(*cost)) && self.plain.len() <= SAMPLE {
                    break;
                }
            }
            // Another hash is tried only where nothing fits; the second look is at what is near.
            let least = least(&costs).unwrap_or(0);
            if is_nothing(least) || least > self.stream.len() as u64 * 2048 / 20 {
                break;
            }
        }
        let limit = near(least(&costs));
        costs.retain(|(cost, _)| *cost <= limit);
        if costs.len() > 1 && self.plain.len() > SAMPLE {
            let mut best = u64::MAX;
            for (known, finder) in &mut costs {
                *known = cost(*finder, LARGE_SAMPLE, best);
                best = best.min(*known);
            }
        }
        costs.iter().min_by_key(|(cost, _)| *cost).map_or(Finder::new(9, 15), |(_, finder)| *finder)
    }
}

/// Whether a cost in 1/256 bit is that of an encoder that is known.
const fn is_nothing(cost: u64) -> bool {
    cost < 24 * 2048
}

/// Makes a stream again by the decisions in the stream of the base whose contents are most alike, if that is cheaper.
fn follow(
    parsed: &Parsed,
    plain: &[u8],
    stream: &[u8],
    streams: &Streams<'_>,
    sketch: &Sketch,
    making: &mut Making,
) {
    let Some(theirs) = streams.most_alike(sketch, stream.len()) else { return };
    let segments = align(&theirs.plain, plain);
    let parameters = Parameters { finder: Finder::new(9, 15), border: Border::End };
    let followed = self::making(plain, stream, parsed, &parameters, Some((&theirs.trace, &segments)));
    if let Some(followed) =
        followed.filter(|followed| followed.corrections.len() + FOLLOWING < making.corrections.len())
    {
        *making = Making { follows: theirs.number + 1, ..followed };
    }
}

/// What makes the stream again, if that does.
fn making(
    plain: &[u8],
    stream: &[u8],
    parsed: &Parsed,
    parameters: &Parameters,
    followed: Option<(&Trace, &[Segment])>,
) -> Option<Making> {
    let (trace, segments) =
        followed.map_or((None, [].as_slice()), |(trace, segments)| (Some(trace), segments));
    let (corrections, made) = corrections(plain, parsed, parameters, trace, segments)?;
    let most = parsed.most_tokens() as u32;
    (made == stream).then_some(Making { length: parsed.plain, most, follows: 0, corrections })
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec_zlib;

    use super::super::scan::scan;
    use super::*;
    use crate::search::noise;

    /// A file with one stream, which is chosen: words in any order, without those before `from`.
    fn file(from: usize) -> (Vec<u8>, Vec<Found>) {
        let (words, order) = (noise(2000, 256, 1), noise(16_000, 256, 2));
        let word = |pair: &[u8]| &words[usize::from(pair[0]) * 7..][..3 + usize::from(pair[1] % 15)];
        let plain = order.chunks_exact(2).skip(from).flat_map(word).copied().collect::<Vec<u8>>();
        // miniz_oxide has a search of its own at its fastest level.
        let file = compress_to_vec_zlib(&plain, 1);
        let mut found = scan(&file);
        assert_eq!(found.len(), 1);
        found[0].chosen = true;
        (file, found)
    }

    #[test]
    fn for_several_packages_a_stream_is_analysed_once() {
        let (target, found) = file(0);
        let (mut first, mut second) = (found.clone(), found);
        analyse(&[], &mut [], &target, &mut first);
        let own = first[0].analysis.get().unwrap().as_ref().unwrap();
        analyse(&[], &mut [], &target, &mut second);
        assert_eq!(second[0].making, first[0].making);
        assert!(std::ptr::eq(own, second[0].analysis.get().unwrap().as_ref().unwrap()));
    }
}
