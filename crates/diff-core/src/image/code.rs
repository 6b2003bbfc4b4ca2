//! Whether an image holds code of some kind: calls have few different targets, chance has many.

use patch_nostd::refs::{AddressSpace, Class, Halves, Reference, VIEW, View};
use patch_nostd::wire::RegionKind;

/// Branches that are looked at.
const MOST: usize = 1 << 16;
/// Fewer branches in an image tell nothing.
const LEAST: usize = 64;

/// True if a third of what could be branches within the image share their target with another one.
#[must_use]
pub fn looks_like(kind: RegionKind, image: &[u8], space: &AddressSpace) -> bool {
    let branch = |at: usize| {
        let address = space.base_address.wrapping_add(at as u32);
        let view = View { bytes: &image[at..image.len().min(at + VIEW)], address, before: 0 };
        let found = Reference::find(kind, &view, space, &Halves::default())?;
        let inside = found.target.wrapping_sub(space.base_address) < space.image_size;
        (found.class() == Class::Branch && inside).then_some(found.target)
    };
    let places = (0..image.len()).step_by(kind.alignment() as usize);
    let mut targets: Vec<u32> = places.filter_map(branch).take(MOST).collect();
    let all = targets.len();
    targets.sort_unstable();
    targets.dedup();
    all >= LEAST && (all - targets.len()) * 3 >= all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(targets: u32) -> Vec<u8> {
        let space = AddressSpace { image_size: 1 << 24, ..AddressSpace::default() };
        let mut image = Vec::new();
        for index in 0..2000u32 {
            let blank = [0x00, 0xF0, 0x00, 0xF8, 0, 0, 0, 0];
            let view = View { bytes: &blank[..4], address: index * 8, before: 0 };
            let call = Reference::find(RegionKind::Thumb, &view, &space, &Halves::default()).unwrap();
            let call = call.write(blank, index * 8, &space, 0x10_0000 + index * 7919 % targets * 2);
            image.extend(&call.unwrap()[..4]);
            image.extend(index.to_le_bytes());
        }
        image
    }

    #[test]
    fn few_targets_are_code_and_many_are_chance() {
        let space = AddressSpace { image_size: 1 << 24, ..AddressSpace::default() };
        assert!(looks_like(RegionKind::Thumb, &calls(100), &space));
        assert!(!looks_like(RegionKind::Thumb, &calls(100_003), &space));
        assert!(!looks_like(RegionKind::Thumb, &[], &space));
    }
}
