//! How streams of the target are made again: preflate's corrections, piece by piece.

use std::panic::{AssertUnwindSafe, catch_unwind};

use preflate_rs::{PreflateConfig, PreflateStreamProcessor};
use rayon::prelude::*;
use smidgen_patch::internals::container::Piece;

use super::found::{Analysis, Found};
use super::known::Making;
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
    /// All, and what is made is kept for the proofs of several packages.
    Once,
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
    found.pieces = if mode == Verify::Once {
        let analysis = found.analysis.get_or_init(|| pieces(stream, found.plain, true));
        analysis.as_ref().map(|analysis| analysis.pieces.clone()).unwrap_or_default()
    } else {
        pieces(stream, found.plain, verify).map(|analysis| analysis.pieces).unwrap_or_default()
    };
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
fn pieces(stream: &[u8], plain: usize, verify: bool) -> Option<Analysis> {
    // It is said to fail by errors, but there is much that it asserts.
    let attempt = |size: usize| catch_unwind(AssertUnwindSafe(|| try_pieces(stream, size, verify))).ok()?;
    let sizes = PIECES.iter().enumerate().filter(|&(index, _)| index == 0 || plain > PIECES[index - 1]);
    sizes.map(|(_, &size)| attempt(size)).find(Option::is_some)?
}

fn try_pieces(mut stream: &[u8], size: usize, verify: bool) -> Option<Analysis> {
    let config =
        PreflateConfig { verify_compression: false, plain_text_limit: size, ..PreflateConfig::default() };
    let mut processor = PreflateStreamProcessor::new(&config);
    // The device's own code.
    let mut making = if verify { Some(Making::new()?) } else { None };
    let mut pieces = Vec::new();
    while !processor.is_done() {
        let result = processor.decompress(stream).ok()?;
        let plain = processor.plain_text().text();
        let (made, rest) = stream.split_at_checked(result.compressed_size)?;
        if making.as_mut().is_some_and(|making| !making.piece(plain, &result.corrections, made)) {
            return None;
        }
        if plain.is_empty() {
            return None;
        }
        pieces.push(Piece { length: plain.len() as u32, corrections: result.corrections });
        processor.shrink_to_dictionary();
        stream = rest;
    }
    let made = making.map(|making| making.made).unwrap_or_default();
    stream.is_empty().then_some(Analysis { pieces, made })
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec_zlib;

    use super::super::scan::scan;
    use super::*;

    /// A file with one stream, which is chosen.
    fn file() -> (Vec<u8>, Vec<Found>) {
        let plain: Vec<u8> = (0..30_000u32).map(|at| (at.wrapping_mul(at) >> 9) as u8 % 50).collect();
        let file = compress_to_vec_zlib(&plain, 6);
        let mut found = scan(&file);
        assert_eq!(found.len(), 1);
        found[0].chosen = true;
        (file, found)
    }

    #[test]
    fn for_several_packages_a_stream_is_analysed_and_made_once() {
        let (file, first) = file();
        let (mut first, mut second) = (first.clone(), first);
        analyse(&file, &mut first, Verify::Once);
        let made = first[0].made().as_ptr();
        assert!(!first[0].made().is_empty());
        analyse(&file, &mut second, Verify::Once);
        assert_eq!(second[0].pieces, first[0].pieces);
        assert_eq!(second[0].made().as_ptr(), made);
        // What is known is taken as it is.
        let (_, mut other) = self::file();
        let pieces = vec![Piece { length: 7, corrections: vec![1, 2] }];
        other[0].analysis.set(Some(Analysis { pieces: pieces.clone(), made: vec![] })).unwrap();
        analyse(&file, &mut other.clone(), Verify::Once);
        analyse(&file, &mut other, Verify::Once);
        assert_eq!(other[0].pieces, pieces);
    }

    #[test]
    fn for_one_package_nothing_is_kept() {
        let (file, mut found) = file();
        let (mut once, mut small) = (scan(&file), found.clone());
        once[0].chosen = true;
        analyse(&file, &mut found, Verify::All);
        analyse(&file, &mut small, Verify::Small);
        analyse(&file, &mut once, Verify::Once);
        assert!(found[0].analysis.get().is_none() && found[0].made().is_empty());
        assert_eq!(found[0].pieces, once[0].pieces);
        assert_eq!(small[0].pieces, once[0].pieces);
    }
}
