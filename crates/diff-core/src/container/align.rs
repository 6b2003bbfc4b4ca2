//! Where the plain bytes of a stream of the target are in those of a stream of the base: what the decisions of its encoder are
//! predicted by (`docs/format.md`, section 14.5.2).

use smidgen_patch::internals::container::deflate::Segment;

use crate::search::common_prefix;

/// Bytes that are looked up. Code that was moved has as many that stay the same.
const GRAM: usize = 12;
/// The base's bytes are entered at multiples of this.
const STEP: usize = 4;
/// Places that are compared for the longest.
const PLACES: usize = 16;
/// Bytes that are compared: of strings as long as this one is as good as another.
const LONG: usize = 4096;
/// Of as many bytes behind a difference, half must be the same for the place to stay.
const NEAR: usize = 32;

/// The segments of the target, in order.
pub(super) fn align(base: &[u8], target: &[u8]) -> Vec<Segment> {
    let index = Index::new(base);
    let mut segments: Vec<Segment> = Vec::new();
    let (mut position, mut place): (usize, Option<usize>) = (0, Some(0));
    // `place` is where in the base `position` is.
    let mut displacement = place.map(|_| 0);
    let mut push = |end: usize, displacement: Option<i32>| {
        let end = end as u32;
        match segments.last_mut() {
            Some(last) if last.displacement == displacement => last.end = end,
            Some(last) if last.end >= end => {}
            None if end == 0 => {}
            _ => segments.push(Segment { end, displacement }),
        }
    };
    while position < target.len() {
        let rest = &target[position..];
        let here = place.and_then(|place| base.get(place..)).unwrap_or(&[]);
        let same = common_prefix(rest, here);
        if same > 0 {
            (position, place) = (position + same, place.map(|place| place + same));
            continue;
        }
        let near = rest.iter().zip(here).take(NEAR).filter(|(one, other)| one == other).count();
        let is_near = 2 * near >= NEAR.min(rest.len());
        if !is_near && let Some(found) = index.find(base, rest) {
            push(position, displacement);
            place = Some(found);
            displacement = Some((found as i64 - position as i64) as i32);
            continue;
        }
        (position, place) = (position + 1, place.map(|place| place + 1));
    }
    push(target.len(), displacement);
    segments
}

/// The places of strings in the base.
struct Index {
    head: Vec<u32>,
    before: Vec<u32>,
    shift: u32,
}

impl Index {
    fn new(base: &[u8]) -> Self {
        let bits = (base.len() / STEP).next_power_of_two().trailing_zeros().clamp(8, 24);
        let mut index =
            Self { head: vec![0; 1 << bits], before: vec![0; base.len() / STEP + 1], shift: 64 - bits };
        // The first ones last, so that they are found first.
        for at in (0..base.len() / STEP).rev() {
            if let Some(hash) = index.hash(&base[at * STEP..]) {
                index.before[at] = std::mem::replace(&mut index.head[hash], at as u32 + 1);
            }
        }
        index
    }

    fn hash(&self, bytes: &[u8]) -> Option<usize> {
        let (first, last) = (bytes.get(..8)?, bytes.get(GRAM - 8..GRAM)?);
        let number = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
        let mixed = number(first).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ number(last).rotate_left(29);
        Some((mixed.wrapping_mul(0xD6E8_FEB8_6659_FD93) >> self.shift) as usize)
    }

    /// The place of the longest string that these bytes begin with.
    fn find(&self, base: &[u8], bytes: &[u8]) -> Option<usize> {
        let mut next = self.head[self.hash(bytes)?];
        let mut best = (GRAM - 1, None);
        for _ in 0..PLACES {
            let Some(at) = next.checked_sub(1) else { break };
            let place = at as usize * STEP;
            let same = common_prefix(&bytes[..bytes.len().min(LONG)], &base[place..]);
            if same > best.0 {
                best = (same, Some(place));
            }
            next = self.before[at as usize];
        }
        best.1
    }
}
