//! Symbols as files list them, made into parts of the image that do not overlap.

use super::demangle::{demangle, short};
use super::place::Areas;
use super::{Symbol, Symbols, SymbolsError};

/// At most so many symbols are taken.
const MOST: usize = 8 << 20;

/// What a file says about a part of the program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed<'a> {
    pub(super) name: &'a [u8],
    pub(super) file: Option<&'a [u8]>,
    /// Where it runs.
    pub(super) address: u64,
    /// Bytes; 0 if that is not said.
    pub(super) size: u64,
    /// Of several that begin together, the highest gives the name.
    pub(super) rank: u8,
}

/// A listed part in the image.
struct Placed<'a> {
    listed: Listed<'a>,
    offset: u32,
    /// One past its last byte; `offset` if that is not known.
    end: u32,
    /// Where its area ends, or what is next begins.
    limit: u32,
}

/// The parts of the image that these symbols and sections are.
pub(super) fn collect(
    symbols: &[Listed<'_>],
    sections: &[Listed<'_>],
    areas: &Areas,
    differs: bool,
) -> Result<Symbols, SymbolsError> {
    if symbols.is_empty() {
        return Err(SymbolsError::NoSymbols);
    }
    let (symbols, outside) = disjoint(symbols, areas);
    if symbols.is_empty() {
        return Err(SymbolsError::OtherImage);
    }
    let (sections, _) = disjoint(sections, areas);
    Ok(Symbols { symbols, sections, outside, differs })
}

/// What is in the image, without overlaps, and how many are not in it.
fn disjoint<'a>(listed: &[Listed<'a>], areas: &Areas) -> (Vec<Symbol>, usize) {
    let place = |&listed: &Listed<'a>| {
        let (offset, left) = areas.find(listed.address)?;
        let size = listed.size.min(left.into()) as u32;
        Some(Placed { listed, offset, end: offset + size, limit: offset + left })
    };
    let mut placed: Vec<Placed<'_>> = listed.iter().take(MOST).filter_map(place).collect();
    let outside = listed.len() - placed.len();
    // Of those that begin together, first what has a size, then the one with the better name.
    placed.sort_by_key(|it| (it.offset, it.end == it.offset, std::cmp::Reverse((it.listed.rank, it.end))));
    give_ends(&mut placed);
    let mut parts: Vec<Symbol> = Vec::new();
    for Placed { listed, offset, end, .. } in placed {
        let start = parts.last().map_or(offset, |last| last.end().max(offset));
        // What lies within another one is a part of that.
        if start < end {
            parts.push(Symbol {
                name: demangle(listed.name),
                file: listed.file.map(short),
                offset: start,
                size: end - start,
                address: listed.address + u64::from(start - offset),
            });
        }
    }
    (parts, outside)
}

/// What has no size goes on to what is next; a label in something else is a part of that, and stays without.
fn give_ends(placed: &mut [Placed<'_>]) {
    let mut next = None;
    for index in (0..placed.len()).rev() {
        let is_last = placed.get(index + 1).is_none_or(|later| later.offset > placed[index].offset);
        if is_last {
            next = placed.get(index + 1).map(|later| later.offset);
        }
        let it = &mut placed[index];
        it.limit = next.unwrap_or(it.limit).min(it.limit);
    }
    let mut known = 0;
    for it in placed {
        if it.end == it.offset && it.offset >= known {
            it.end = it.limit;
        }
        known = known.max(it.end);
    }
}

#[cfg(test)]
mod tests {
    use super::super::place::{Area, Image};
    use super::*;

    fn areas() -> Areas {
        let image = Image { bytes: &[0; 1000], base_address: None };
        Areas::new(vec![Area { address: 0x100, size: 1000, offset: 0 }], &image)
    }

    fn listed(name: &'static str, address: u64, size: u64, rank: u8) -> Listed<'static> {
        Listed { name: name.as_bytes(), file: None, address, size, rank }
    }

    fn parts(listed: &[Listed<'_>]) -> Vec<(String, u32, u32)> {
        let (parts, _) = disjoint(listed, &areas());
        parts.into_iter().map(|part| (part.name, part.offset, part.size)).collect()
    }

    #[test]
    fn parts_do_not_overlap() {
        let found = parts(&[
            listed("after", 0x140, 16, 0),
            listed("function", 0x110, 32, 2),
            listed("alias", 0x110, 32, 1),
            listed("label", 0x118, 0, 0),
            listed("overlapping", 0x128, 16, 0),
            listed("assembly", 0x160, 0, 0),
            listed("last", 0x4E0, 500, 0),
            listed("elsewhere", 0x2000_0000, 4, 0),
        ]);
        let expected = [
            ("function", 16, 32),
            ("overlapping", 48, 8),
            ("after", 64, 16),
            ("assembly", 96, 896),
            ("last", 992, 8),
        ];
        assert_eq!(found, expected.map(|(name, offset, size)| (name.to_owned(), offset, size)));
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_listed_is_in_order(list: Vec<(u16, u16, u8)>) {
            let list: Vec<_> =
                list.iter().map(|&(address, size, rank)| listed("x", address.into(), (size / 64).into(), rank)).collect();
            let (parts, outside) = disjoint(&list, &areas());
            assert!(parts.len() + outside <= list.len());
            assert!(parts.iter().all(|part| part.size > 0 && part.end() <= 1000));
            assert!(parts.windows(2).all(|pair| pair[0].end() <= pair[1].offset));
        }
    }
}
