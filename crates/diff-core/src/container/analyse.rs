//! How streams of the target are made again: preflate's corrections, piece by piece.

use std::panic::{AssertUnwindSafe, catch_unwind};

use preflate_rs::{PreflateConfig, PreflateStreamProcessor, RecreateStreamProcessor};
use rayon::prelude::*;
use smidgen_patch::internals::container::Piece;

use super::found::Found;
use crate::api::Note;
use crate::archive::inflate;

/// The most plain bytes of a piece: what the device must hold of a stream. Larger pieces have a little fewer
/// corrections, smaller ones need less memory. preflate guesses from the first piece how a stream was made, and gives up
/// if a later one contradicts: then larger ones are tried.
const PIECES: [usize; 3] = [16 << 20, 128 << 20, 1 << 30];
/// Streams of more plain bytes are not verified at once.
const SMALL: usize = 4 << 20;

/// Which streams are made again here to see whether they come out right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verify {
    Small,
    All,
}

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

/// Finds out how the chosen streams are made; what cannot be made cheaply is not chosen any longer.
pub(crate) fn analyse(file: &[u8], found: &mut [Found], mode: Verify) -> Lost {
    let chosen = found.par_iter_mut().filter(|found| found.chosen);
    chosen
        .map(|found| analyse_stream(&file[found.stream.clone()], found, mode))
        .reduce(Lost::default, Lost::and)
}

fn analyse_stream(stream: &[u8], found: &mut Found, mode: Verify) -> Lost {
    let verify = mode == Verify::All || found.plain <= SMALL;
    found.pieces = pieces(stream, found.plain, verify).unwrap_or_default();
    let corrections: usize = found.pieces.iter().map(|piece| piece.corrections.len() + 4).sum();
    found.chosen = !found.pieces.is_empty() && corrections < stream.len();
    if !found.chosen {
        return Lost { streams: 1, bytes: stream.len() };
    }
    if found.inside.is_empty() {
        return Lost::default();
    }
    // It was inflated before: it is a stream, and of this size.
    let plain = inflate(stream, found.plain).map(|inflated| inflated.plain);
    analyse(&plain.unwrap_or_default(), &mut found.inside, mode)
}

/// The pieces of a stream of `plain` plain bytes, if preflate can make it again.
fn pieces(stream: &[u8], plain: usize, verify: bool) -> Option<Vec<Piece>> {
    // It is said to fail by errors, but there is much that it asserts.
    let attempt = |size: usize| catch_unwind(AssertUnwindSafe(|| try_pieces(stream, size, verify))).ok()?;
    let sizes = PIECES.iter().enumerate().filter(|&(index, _)| index == 0 || plain > PIECES[index - 1]);
    sizes.map(|(_, &size)| attempt(size)).find(Option::is_some)?
}

fn try_pieces(mut stream: &[u8], size: usize, verify: bool) -> Option<Vec<Piece>> {
    let config =
        PreflateConfig { verify_compression: false, plain_text_limit: size, ..PreflateConfig::default() };
    let mut processor = PreflateStreamProcessor::new(&config);
    let mut recreator = verify.then(RecreateStreamProcessor::new);
    let mut pieces = Vec::new();
    while !processor.is_done() {
        let result = processor.decompress(stream).ok()?;
        let plain = processor.plain_text().text();
        let (made, rest) = stream.split_at_checked(result.compressed_size)?;
        if let Some(recreator) = &mut recreator {
            let (again, _) = recreator.recompress(&mut &*plain, &result.corrections).ok()?;
            if again != made {
                return None;
            }
        }
        if plain.is_empty() {
            return None;
        }
        pieces.push(Piece { length: plain.len() as u32, corrections: result.corrections });
        processor.shrink_to_dictionary();
        stream = rest;
    }
    stream.is_empty().then_some(pieces)
}
