//! Huffman trees: zlib's way to their code lengths, the codes, and reading them (RFC 1951, section 3.2.2; `docs/format.md`,
//! section 14.5.5).

use std::vec;
use std::vec::Vec;

use super::bits::BitReader;

/// The longest code of literals and distances.
pub(super) const LONGEST_CODE: u8 = 15;

/// Code lengths for symbols of these frequencies as zlib chooses them: Huffman's, where of nodes of the same frequency the
/// flatter goes first, with codes longer than `limit` shortened. At least two symbols have a code.
pub(super) fn code_lengths(frequencies: &[u32], limit: u8) -> Vec<u8> {
    let symbols = frequencies.len();
    let mut nodes: Vec<Node> =
        frequencies.iter().map(|&frequency| Node { frequency, ..Node::default() }).collect();
    let used = |nodes: &[Node]| {
        (0..symbols).filter(|&at| nodes.get(at).is_some_and(|node| node.frequency > 0)).collect::<Vec<_>>()
    };
    let mut heap = used(&nodes);
    // A tree of one code would have no bits: one or both of the first two symbols get one, too.
    while heap.len() < 2 {
        let last = heap.last().copied();
        let added = match last {
            None => 0,
            Some(last) if heap.len() == 1 && last < 2 => last + 1,
            Some(_) => 0,
        };
        if let Some(node) = nodes.get_mut(added) {
            node.frequency = 1;
        } else {
            break;
        }
        heap.push(added);
    }
    let order = join(&mut nodes, heap);
    lengths_of(&mut nodes, symbols, &order, limit)
}

/// A symbol, or what joins two nodes.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    frequency: u32,
    depth: u8,
    parent: usize,
    length: u8,
}

/// Joins the two rarest nodes until one is left. Returns all nodes in the order in which they left the heap, the root last.
fn join(nodes: &mut Vec<Node>, mut heap: Vec<usize>) -> Vec<usize> {
    for at in (0..heap.len() / 2).rev() {
        sink(nodes, &mut heap, at);
    }
    let mut order = Vec::with_capacity(2 * heap.len());
    while heap.len() > 1 {
        let first = heap.swap_remove(0);
        sink(nodes, &mut heap, 0);
        let second = heap.first().copied().unwrap_or(0);
        order.extend([first, second]);
        let get = |at: usize| nodes.get(at).copied().unwrap_or_default();
        let (one, other) = (get(first), get(second));
        let joined = nodes.len();
        let depth = one.depth.max(other.depth).saturating_add(1);
        nodes.push(Node { frequency: one.frequency.wrapping_add(other.frequency), depth, ..Node::default() });
        for child in [first, second] {
            if let Some(child) = nodes.get_mut(child) {
                child.parent = joined;
            }
        }
        if let Some(top) = heap.first_mut() {
            *top = joined;
        }
        sink(nodes, &mut heap, 0);
    }
    order.extend(heap.first());
    order
}

/// Moves the node at `at` down the heap to its place.
fn sink(nodes: &[Node], heap: &mut [usize], mut at: usize) {
    let key = |node: usize| nodes.get(node).map_or((0, 0), |node| (node.frequency, node.depth));
    let Some(&moved) = heap.get(at) else { return };
    loop {
        let mut child = 2 * at + 1;
        let Some(&first) = heap.get(child) else { break };
        let mut below = first;
        if let Some(&second) = heap.get(child + 1)
            && key(second) <= key(first)
        {
            (child, below) = (child + 1, second);
        }
        if key(moved) <= key(below) {
            break;
        }
        if let Some(place) = heap.get_mut(at) {
            *place = below;
        }
        at = child;
    }
    if let Some(place) = heap.get_mut(at) {
        *place = moved;
    }
}

/// The lengths of the symbols by their depth in the tree. Where that is above the limit, leaves are moved: as many codes
/// of each length as there are then go to the symbols in the order in which they left the heap, the longest first.
fn lengths_of(nodes: &mut [Node], symbols: usize, order: &[usize], limit: u8) -> Vec<u8> {
    let mut counts = [0i32; LONGEST_CODE as usize + 2];
    let mut over = 0;
    for &at in order.iter().rev().skip(1) {
        let parent = nodes.get(at).map_or(0, |node| node.parent);
        let mut length = nodes.get(parent).map_or(0, |node| node.length) + 1;
        if length > limit {
            length = limit;
            over += 1;
        }
        if let Some(node) = nodes.get_mut(at) {
            node.length = length;
        }
        if at < symbols
            && let Some(count) = counts.get_mut(usize::from(length))
        {
            *count += 1;
        }
    }
    if over > 0 {
        shorten(&mut counts, over, usize::from(limit));
        let mut leaves = order.iter().filter(|&&at| at < symbols);
        for (length, &count) in counts.iter().enumerate().take(usize::from(limit) + 1).skip(1).rev() {
            for &leaf in leaves.by_ref().take(count.max(0) as usize) {
                if let Some(node) = nodes.get_mut(leaf) {
                    node.length = length as u8;
                }
            }
        }
    }
    nodes.iter().take(symbols).map(|node| node.length).collect()
}

/// Makes room for the codes that are too long: for two of them, a leaf of the longest shorter length moves down.
fn shorten(counts: &mut [i32], mut over: i32, limit: usize) {
    while over > 0 {
        let Some(at) = (1..limit).rev().find(|&at| counts.get(at).is_some_and(|&count| count > 0)) else {
            break;
        };
        for (at, change) in [(at, -1), (at + 1, 2), (limit, -1)] {
            if let Some(count) = counts.get_mut(at) {
                *count += change;
            }
        }
        over -= 2;
    }
}

/// A code: its bits in the order in which they are written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Code {
    pub(super) bits: u16,
    pub(super) length: u8,
}

/// The codes of these lengths; `None` if there are too many of them.
pub(super) fn codes(lengths: &[u8]) -> Option<Vec<Code>> {
    let mut counts = [0u32; LONGEST_CODE as usize + 1];
    for &length in lengths.iter().filter(|&&length| length > 0) {
        *counts.get_mut(usize::from(length))? += 1;
    }
    let (mut next, mut code) = ([0u32; LONGEST_CODE as usize + 1], 0);
    for (length, (&count, next)) in counts.iter().zip(&mut next).enumerate().skip(1) {
        code <<= 1;
        *next = code;
        code += count;
        if code > 1 << length {
            return None;
        }
    }
    let one = |&length: &u8| {
        let next = next.get_mut(usize::from(length)).filter(|_| length > 0);
        let Some(next) = next else { return Code::default() };
        let bits = (*next as u16).reverse_bits() >> (16 - length);
        *next += 1;
        Code { bits, length }
    };
    Some(lengths.iter().map(one).collect())
}

/// Codes of at most this length are found in one step.
const STEP: u32 = 10;

/// Reads the codes of a tree.
pub(super) struct Decoder {
    /// By the next bits: 16 times the symbol, plus the length; 0 for longer codes.
    table: Vec<u16>,
    /// Longer codes: their bits, their length, and their symbol, in order of the symbols.
    long: Vec<(Code, u16)>,
}

impl Decoder {
    pub(super) fn new(lengths: &[u8]) -> Option<Self> {
        let (mut table, mut long) = (vec![0; 1 << STEP], Vec::new());
        for (symbol, code) in codes(lengths)?.into_iter().enumerate().filter(|(_, code)| code.length > 0) {
            if u32::from(code.length) > STEP {
                long.push((code, symbol as u16));
                continue;
            }
            let places = table.iter_mut().skip(usize::from(code.bits)).step_by(1 << code.length);
            places.for_each(|place| *place = (symbol as u16) << 4 | u16::from(code.length));
        }
        Some(Self { table, long })
    }

    /// The next symbol.
    pub(super) fn symbol(&self, reader: &mut BitReader<'_>) -> Option<u16> {
        let bits = reader.peek();
        let entry = *self.table.get(bits as usize & ((1 << STEP) - 1))?;
        let (symbol, length) = if entry == 0 {
            let fits = |code: &Code| bits & ((1 << code.length) - 1) == u32::from(code.bits);
            let (code, symbol) = self.long.iter().find(|(code, _)| fits(code))?;
            (*symbol, code.length)
        } else {
            (entry >> 4, entry as u8 & 15)
        };
        reader.skip(length.into());
        reader.is_within().then_some(symbol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_complete_and_within_the_limit() {
        for limit in [7, 15] {
            let symbols = if limit == 7 { 19 } else { 286 };
            for seed in 0..200u32 {
                let mut state = seed;
                let frequencies: Vec<u32> = (0..symbols)
                    .map(|_| {
                        state = state.wrapping_mul(1_103_515_245).wrapping_add(12345);
                        (1 << (state >> 27)) >> (seed % 32)
                    })
                    .collect();
                let lengths = code_lengths(&frequencies, limit);
                let used = lengths.iter().filter(|&&length| length > 0);
                assert!(used.clone().all(|&length| length <= limit));
                assert_eq!(used.map(|&length| 1u32 << (limit - length)).sum::<u32>(), 1 << limit);
                assert!(frequencies.iter().zip(&lengths).all(|(&count, &length)| count == 0 || length > 0));
            }
        }
    }

    #[test]
    fn trees_have_two_codes_at_least() {
        assert_eq!(code_lengths(&[0; 4], 15), [1, 1, 0, 0]);
        assert_eq!(code_lengths(&[7, 0, 0, 0], 15), [1, 1, 0, 0]);
        assert_eq!(code_lengths(&[0, 9, 0, 0], 15), [0, 1, 1, 0]);
        assert_eq!(code_lengths(&[0, 0, 3, 0], 15), [1, 0, 1, 0]);
    }

    #[test]
    fn too_many_codes_are_refused() {
        assert!(codes(&[1, 1, 1]).is_none() && codes(&[1, 2, 2]).is_some() && codes(&[2]).is_some());
    }
}
