//! Detects code of an architecture: calls have few different targets, chance has many.

use std::ops::Range;

use smidgen_patch::header::PageKind;
use smidgen_patch::internals::refs::{AddressSpace, Class, Halves, Reference, Steps, VIEW, View};

/// Branches that are looked at.
const MOST: usize = 1 << 16;
/// Fewer branches than this in an image prove nothing.
const LEAST: usize = 64;
/// Of images from this size on, one `PART` of each `STRETCH` is looked at: as telling, for a quarter of the time.
const LARGE: usize = 256 << 10;
const STRETCH: usize = 16 << 10;
const PART: usize = 4 << 10;

/// True if an eighth of what could be branches within the image share their target with another one: by chance it
/// is one in twenty at most, in code one in four at least.
pub(crate) fn looks_like(kind: PageKind, image: &[u8], space: &AddressSpace) -> bool {
    let mut targets = branches(kind, image, space);
    let all = targets.len();
    targets.sort_unstable();
    targets.dedup();
    all >= LEAST && (all - targets.len()) * 8 >= all
}

/// The targets of the first branches within the image.
fn branches(kind: PageKind, image: &[u8], space: &AddressSpace) -> Vec<u32> {
    let (stretch, part) = if image.len() < LARGE { (LARGE, LARGE) } else { (STRETCH, PART) };
    let mut targets = Vec::new();
    for start in (0..image.len()).step_by(stretch) {
        branches_in(kind, image, start..image.len().min(start + part), space, &mut targets);
        if targets.len() >= MOST {
            break;
        }
    }
    targets
}

fn branches_in(
    kind: PageKind,
    image: &[u8],
    range: Range<usize>,
    space: &AddressSpace,
    targets: &mut Vec<u32>,
) {
    let mut steps = Steps::default();
    let mut at = range.start;
    while at < range.end {
        let address = space.base_address.wrapping_add(at as u32);
        let bytes = &image[at..image.len().min(at + VIEW)];
        let view = View::new(bytes, address, steps.inside(address));
        let found = Reference::find(kind, &view, space, &Halves::default());
        let length = found.map_or(1, |reference| usize::from(reference.length));
        match found {
            Some(_) => steps.begin(address.wrapping_add(length as u32)),
            None => steps.byte(kind, address, bytes[0], bytes.get(1).copied().unwrap_or(0)),
        }
        let inside = |target: u32| target.wrapping_sub(space.base_address) < space.image_size;
        let branch = |reference: &Reference| reference.class() == Class::Branch && inside(reference.target);
        targets.extend(found.filter(branch).map(|reference| reference.target));
        at += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(targets: u32) -> Vec<u8> {
        let space = AddressSpace { image_size: 1 << 24, ..AddressSpace::default() };
        let mut image = Vec::new();
        for index in 0..2000u32 {
            let blank = [0x00, 0xF0, 0x00, 0xF8, 0, 0, 0, 0];
            let view = View::new(&blank[..4], index * 8, false);
            let call = Reference::find(PageKind::Thumb, &view, &space, &Halves::default()).unwrap();
            let call = call.write(blank, index * 8, &space, 0x10_0000 + index * 7919 % targets * 2);
            image.extend(&call.unwrap()[..4]);
            image.extend(index.to_le_bytes());
        }
        image
    }

    #[test]
    fn few_targets_are_code_and_many_are_chance() {
        let space = AddressSpace { image_size: 1 << 24, ..AddressSpace::default() };
        assert!(looks_like(PageKind::Thumb, &calls(100), &space));
        assert!(!looks_like(PageKind::Thumb, &calls(100_003), &space));
        assert!(!looks_like(PageKind::Thumb, &[], &space));
    }

    #[test]
    fn a_part_of_a_large_image_is_looked_at() {
        let space = AddressSpace { image_size: 1 << 24, ..AddressSpace::default() };
        let image = calls(100).repeat(LARGE / (2000 * 8) + 1);
        let all = image.len() / 8;
        let seen = branches(PageKind::Thumb, &image, &space).len();
        assert!(seen * 5 > all && seen * 3 < all, "{seen} of {all}");
        assert!(looks_like(PageKind::Thumb, &image, &space));
    }
}
