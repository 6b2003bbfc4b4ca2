//! Chooses the covers of a whole image by price, in pieces that all cores share.

use patch_nostd::internals::apply::Cover;
use rayon::prelude::*;

use super::candidates::{Candidate, Width, candidates};
use super::lattice::Lattice;
use crate::cover::price::{Prices, References};
use crate::cover::sources::Sources;
use crate::encode::Placed;

/// About how many bytes are one unit of parallel work.
const PIECE: usize = 1 << 16;
/// Covers are looked at up to so many bytes outside of a piece.
const MARGIN: u32 = 1 << 12;
/// Pieces meet inside of covers that are at least this long, if there are any nearby.
const LONG: u32 = 256;

/// A piece of the target and what it can be made of.
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

/// Cuts the target into pieces and gathers the candidates of each; `covers` are the search's.
pub fn pieces(sources: &Sources, covers: &[Placed], width: Width) -> Vec<Piece> {
    let cuts = cuts(sources.target.len(), covers);
    let ranges: Vec<(usize, usize)> = cuts.windows(2).map(|pair| (pair[0], pair[1])).collect();
    ranges.par_iter().map(|&(start, end)| piece(sources, covers, width, start, end)).collect()
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

fn piece(sources: &Sources, covers: &[Placed], width: Width, start: usize, end: usize) -> Piece {
    let first = covers.partition_point(|placed| placed.end() as usize <= start);
    let last = covers.partition_point(|placed| (placed.at as usize) < end);
    let mut recent = [0; 4];
    for (place, cover) in recent.iter_mut().zip(covers[..first].iter().rev()) {
        *place = cover.displacement();
    }
    let continues = covers.get(first).filter(|placed| (placed.at as usize) < start).map(Placed::displacement);
    if let Some(displacement) = continues {
        recent.rotate_right(1);
        recent[0] = displacement;
    }
    // A cover next to the piece may be worth prolonging into it.
    let around = &covers[first.saturating_sub(1)..(last + 1).min(covers.len())];
    let around: Vec<Placed> = around.iter().map(|&cover| clipped(cover, start, end)).collect();
    let candidates = candidates(sources, &around, width, (start, end));
    Piece { start, end, candidates, recent, continues }
}

/// The part of a cover that is in a piece or near it, if any is; what is further away would be looked at in vain.
fn clipped(placed: Placed, start: usize, end: usize) -> Placed {
    let Placed { at, cover } = placed;
    let first = at.max((start as u32).saturating_sub(MARGIN));
    let last = placed.end().min(end as u32 + MARGIN);
    if first >= last {
        return placed;
    }
    Placed { at: first, cover: Cover { start: cover.start + (first - at), length: last - first, ..cover } }
}

/// The cheapest covers by these prices.
pub fn choose(
    (base, target): (&[u8], &[u8]),
    (pieces, lanes): (&[Piece], usize),
    prices: &Prices,
    references: &References,
) -> Vec<Placed> {
    let lattice = Lattice { base, target, prices, references, lanes };
    let chosen: Vec<Vec<Placed>> = pieces
        .par_iter()
        .map(|piece| {
            lattice.cheapest((piece.start, piece.end), &piece.candidates, piece.recent, piece.continues)
        })
        .collect();
    let mut all: Vec<Placed> = Vec::with_capacity(chosen.iter().map(Vec::len).sum());
    for next in chosen.into_iter().flatten() {
        match all.last_mut() {
            Some(last) if goes_on(*last, next) => last.cover.length += next.cover.length,
            _ => all.push(next),
        }
    }
    all
}

/// Whether two covers of the base are one, cut where pieces meet.
fn goes_on(last: Placed, next: Placed) -> bool {
    let of_base = last.is_of_base() && next.is_of_base();
    of_base && last.end() == next.at && last.displacement() == next.displacement()
}

/// Where pieces begin and end.
fn cuts(size: usize, covers: &[Placed]) -> Vec<usize> {
    let mut cuts = vec![0];
    let mut wanted = PIECE;
    while wanted + PIECE / 2 < size {
        let next = covers.partition_point(|placed| (placed.at as usize) < wanted);
        let near = covers[next..].iter().take_while(|placed| (placed.at as usize) < wanted + PIECE / 4);
        let long = near.into_iter().find(|placed| placed.cover.length >= LONG);
        let cut = long.map_or(wanted, |placed| (placed.at + placed.cover.length / 2) as usize);
        let cut = cut.min(size);
        cuts.push(cut);
        wanted = cut + PIECE;
    }
    if size > 0 && cuts.last() != Some(&size) {
        cuts.push(size);
    }
    cuts
}

#[cfg(test)]
mod tests {
    use patch_nostd::internals::apply::Source;
    use patch_nostd::internals::refs::AddressSpace;
    use patch_nostd::internals::wire::PageKind;
    use proptest::prelude::*;

    use super::*;
    use crate::cover::Repeats;
    use crate::encode::Pages;
    use crate::refs::BaseReferences;
    use crate::search::{Index, Match, SearchOptions, find_matches, noise};

    const WIDTH: Width = Width { reach: 32, lanes: 8, rivals: 3 };

    fn chosen(base: &[u8], target: &[u8], kind: PageKind) -> Vec<Placed> {
        let index = Index::build(base).unwrap();
        let repeats = Repeats::new(target);
        let sources =
            Sources { index: &index, masked: target, base, target, repeats: Some(&repeats), in_place: None };
        let found = find_matches(&index, target, &SearchOptions::default());
        let of_base = |found: &Match| Placed::of_base(found.target_start, found.base_start, found.length);
        let covers: Vec<_> = found.iter().map(of_base).collect();
        let pieces = pieces(&sources, &covers, WIDTH);
        let pages = Pages::uniform(kind);
        let space = AddressSpace { image_size: base.len() as u32, ..AddressSpace::default() };
        let references = References::new(&BaseReferences::new(base, space, &[kind]), target, pages, &covers);
        choose((base, target), (&pieces, WIDTH.lanes), &Prices::default(), &references)
    }

    fn check(base: &[u8], target: &[u8], covers: &[Placed]) {
        let mut end = 0;
        for &Placed { at, cover } in covers {
            assert!(at >= end && cover.length > 0, "overlaps or is empty: {at} {cover:?}");
            end = at + cover.length;
            assert!(end as usize <= target.len(), "leaves the target: {at} {cover:?}");
            match cover.source {
                Source::Base => assert!((cover.start + cover.length) as usize <= base.len()),
                Source::Target => assert!(cover.start < at),
            }
        }
    }

    proptest! {
        #[test]
        fn covers_are_in_order_and_inside(
            length in 0..3000usize, alphabet in 1..=256u32, seed: u64, cuts: [prop::sample::Index; 2], thumb: bool,
        ) {
            let base = noise(length, alphabet, seed);
            let [a, b] = cuts.map(|cut| cut.index(length + 1));
            let target = [&base[a..], &noise(length / 10, alphabet, seed ^ 1), &base[..b]].concat();
            let kind = if thumb { PageKind::Thumb } else { PageKind::Bytes };
            check(&base, &target, &chosen(&base, &target, kind));
        }
    }

    #[test]
    fn a_move_is_two_covers_whatever_the_pieces() {
        let base = noise(400_000, 256, 3);
        let target = [&base[150_000..], &base[..150_000]].concat();
        assert_eq!(
            chosen(&base, &target, PageKind::Bytes),
            [Placed::of_base(0, 150_000, 250_000), Placed::of_base(250_000, 0, 150_000)]
        );
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let base = noise(300_000, 64, 5);
        let target: Vec<u8> = base.chunks(1999).rev().flatten().copied().collect();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| chosen(&base, &target, PageKind::POINTERS))
        };
        assert_eq!(run(1), run(2));
    }
}
