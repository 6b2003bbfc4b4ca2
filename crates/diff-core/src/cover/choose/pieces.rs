//! Chooses the covers of a whole image by price, in pieces that all cores share.

use patch_nostd::apply::{Cover, Source};
use rayon::prelude::*;

use super::candidates::{Candidate, Width, candidates};
use super::lattice::Lattice;
use crate::cover::price::{Prices, References};
use crate::cover::sources::Matches;

/// About how many bytes are one unit of parallel work.
const PIECE: usize = 1 << 16;
/// Covers are looked at up to so many bytes outside of a piece.
const MARGIN: u32 = 1 << 12;
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
    let around: Vec<(u32, Cover)> = around.iter().map(|&cover| clipped(cover, start, end)).collect();
    let candidates = candidates(matches, &around, width, (start, end));
    Piece { start, end, candidates, recent, continues }
}

/// The part of a cover that is in a piece or near it, if any is; what is further away would be looked at in vain.
fn clipped((target, cover): (u32, Cover), start: usize, end: usize) -> (u32, Cover) {
    let first = target.max((start as u32).saturating_sub(MARGIN));
    let last = (target + cover.length).min(end as u32 + MARGIN);
    if first >= last {
        return (target, cover);
    }
    (first, Cover { start: cover.start + (first - target), length: last - first, ..cover })
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

#[cfg(test)]
mod tests {
    use patch_nostd::refs::AddressSpace;
    use patch_nostd::wire::PageKind;
    use proptest::prelude::*;

    use super::*;
    use crate::cover::Repeats;
    use crate::encode::Pages;
    use crate::refs::Catalogue;
    use crate::search::{CoverOptions, Index, find_covers};

    const WIDTH: Width = Width { reach: 32, lanes: 8, rivals: 3 };

    fn chosen(old: &[u8], new: &[u8], kind: PageKind) -> Vec<(u32, Cover)> {
        let index = Index::build(old).unwrap();
        let repeats = Repeats::new(new);
        let matches =
            Matches { index: &index, masked: new, old, new, repeats: Some(&repeats), in_place: None };
        let found = find_covers(&index, new, &CoverOptions::default());
        let cover = |start, length| Cover { source: Source::Base, start, length };
        let covers: Vec<_> =
            found.iter().map(|found| (found.new_start, cover(found.old_start, found.length))).collect();
        let pieces = pieces(&matches, &covers, WIDTH);
        let pages = Pages::uniform(kind);
        let space = AddressSpace { image_size: old.len() as u32, ..AddressSpace::default() };
        let references = References::new(&Catalogue::new(old, space, &[kind]), new, pages, &covers);
        choose((old, new), (&pieces, WIDTH.lanes), &Prices::default(), &references)
    }

    fn check(old: &[u8], new: &[u8], covers: &[(u32, Cover)]) {
        let mut end = 0;
        for &(target, cover) in covers {
            assert!(target >= end && cover.length > 0, "overlaps or is empty: {target} {cover:?}");
            end = target + cover.length;
            assert!(end as usize <= new.len(), "leaves the new image: {target} {cover:?}");
            match cover.source {
                Source::Base => assert!((cover.start + cover.length) as usize <= old.len()),
                Source::Target => assert!(cover.start < target),
            }
        }
    }

    /// Bytes that look random and are always the same.
    fn noise(length: usize, alphabet: u32, mut state: u64) -> Vec<u8> {
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((state >> 40) as u32 % alphabet) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    proptest! {
        #[test]
        fn covers_are_in_order_and_inside(
            length in 0..3000usize, alphabet in 1..=256u32, seed: u64, cuts: [prop::sample::Index; 2], thumb: bool,
        ) {
            let old = noise(length, alphabet, seed);
            let [a, b] = cuts.map(|cut| cut.index(length + 1));
            let new = [&old[a..], &noise(length / 10, alphabet, seed ^ 1), &old[..b]].concat();
            let kind = if thumb { PageKind::Thumb } else { PageKind::Bytes };
            check(&old, &new, &chosen(&old, &new, kind));
        }
    }

    #[test]
    fn a_move_is_two_covers_whatever_the_pieces() {
        let old = noise(400_000, 256, 3);
        let new = [&old[150_000..], &old[..150_000]].concat();
        let of_base = |start, length| Cover { source: Source::Base, start, length };
        assert_eq!(
            chosen(&old, &new, PageKind::Bytes),
            [(0, of_base(150_000, 250_000)), (250_000, of_base(0, 150_000))]
        );
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let old = noise(300_000, 64, 5);
        let new: Vec<u8> = old.chunks(1999).rev().flatten().copied().collect();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| chosen(&old, &new, PageKind::POINTERS))
        };
        assert_eq!(run(1), run(2));
    }
}
