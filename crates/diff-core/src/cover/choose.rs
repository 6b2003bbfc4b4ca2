//! Chooses the covers of a whole image by price, in pieces that all cores share.

use patch_nostd::apply::{Cover, Source};
use rayon::prelude::*;

use super::candidates::{Candidate, Width, candidates};
use super::lattice::Lattice;
use super::parse::Matches;
use super::prices::Prices;
use super::references::References;

/// About how many bytes are one unit of parallel work.
const PIECE: usize = 1 << 16;
/// Pieces meet inside of covers that are at least this long, if there are any nearby.
const LONG: u32 = 256;

/// A piece of the new image and what it can be made of.
#[derive(Clone, Debug)]
pub struct Piece {
    start: usize,
    end: usize,
    candidates: Vec<Candidate>,
    /// Displacements before the piece, newest first.
    recent: [i64; 4],
    /// The displacement of the cover that the piece begins in.
    continues: Option<i64>,
}

/// Cuts the new image into pieces and gathers the candidates of each; `covers` are the search's.
pub fn pieces(matches: &Matches, covers: &[(u32, Cover)], width: Width) -> Vec<Piece> {
    let cuts = cuts(matches.new.len(), covers);
    let ranges: Vec<(usize, usize)> = cuts.windows(2).map(|pair| (pair[0], pair[1])).collect();
    ranges.par_iter().map(|&(start, end)| piece(matches, covers, width, start, end)).collect()
}

/// Adds what was found for another mask.
pub fn pool(pieces: &mut [Piece], others: &[Piece]) {
    let all: Vec<&Candidate> = others.iter().flat_map(|other| &other.candidates).collect();
    pieces.par_iter_mut().for_each(|piece| {
        for candidate in &all {
            let (start, end) = (candidate.start.max(piece.start), candidate.end.min(piece.end));
            if start < end {
                piece.candidates.push(Candidate { start, end, ..**candidate });
            }
        }
        piece.candidates.sort_unstable_by_key(Candidate::order);
        piece.candidates.dedup_by_key(|candidate| candidate.order());
    });
}

fn piece(matches: &Matches, covers: &[(u32, Cover)], width: Width, start: usize, end: usize) -> Piece {
    let first = covers.partition_point(|&(target, cover)| ((target + cover.length) as usize) <= start);
    let last = covers.partition_point(|&(target, _)| (target as usize) < end);
    let displacement = |&(target, cover): &(u32, Cover)| i64::from(target) - i64::from(cover.start);
    let mut recent = [0; 4];
    for (place, cover) in recent.iter_mut().zip(covers[..first].iter().rev()) {
        *place = displacement(cover);
    }
    let continues = covers.get(first).filter(|&&(target, _)| (target as usize) < start).map(displacement);
    if let Some(displacement) = continues {
        recent.rotate_right(1);
        recent[0] = displacement;
    }
    // A cover next to the piece may be worth prolonging into it.
    let around = &covers[first.saturating_sub(1)..(last + 1).min(covers.len())];
    let candidates = candidates(matches, around, width, (start, end));
    Piece { start, end, candidates, recent, continues }
}

/// The cheapest covers by these prices.
pub fn choose(
    (old, new): (&[u8], &[u8]),
    (pieces, lanes): (&[Piece], usize),
    prices: &Prices,
    references: &References,
) -> Vec<(u32, Cover)> {
    let lattice = Lattice { old, new, prices, references, lanes };
    let chosen: Vec<Vec<(u32, Cover)>> = pieces
        .par_iter()
        .map(|piece| {
            lattice.cheapest((piece.start, piece.end), &piece.candidates, piece.recent, piece.continues)
        })
        .collect();
    let mut all: Vec<(u32, Cover)> = Vec::with_capacity(chosen.iter().map(Vec::len).sum());
    for (target, cover) in chosen.into_iter().flatten() {
        match all.last_mut() {
            Some((before, last)) if goes_on((*before, *last), (target, cover)) => last.length += cover.length,
            _ => all.push((target, cover)),
        }
    }
    all
}

fn goes_on((before, last): (u32, Cover), (target, cover): (u32, Cover)) -> bool {
    let adjacent = before + last.length == target;
    let same =
        last.source == cover.source && target.wrapping_sub(cover.start) == before.wrapping_sub(last.start);
    adjacent && same && cover.source == Source::Base
}

/// Where pieces begin and end.
fn cuts(size: usize, covers: &[(u32, Cover)]) -> Vec<usize> {
    let mut cuts = vec![0];
    let mut wanted = PIECE;
    while wanted + PIECE / 2 < size {
        let next = covers.partition_point(|&(target, _)| (target as usize) < wanted);
        let near = covers[next..].iter().take_while(|(target, _)| (*target as usize) < wanted + PIECE / 4);
        let long = near.into_iter().find(|(_, cover)| cover.length >= LONG);
        let cut = long.map_or(wanted, |&(target, cover)| (target + cover.length / 2) as usize);
        let cut = cut.min(size);
        cuts.push(cut);
        wanted = cut + PIECE;
    }
    if size > 0 && cuts.last() != Some(&size) {
        cuts.push(size);
    }
    cuts
}
