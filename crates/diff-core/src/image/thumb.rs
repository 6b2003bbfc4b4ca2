//! Whether an image holds Thumb code: calls have few different targets, chance has many.

use patch_nostd::refs::{AddressSpace, ReferenceKind};
use patch_nostd::wire::RegionKind;

/// Branches that are looked at.
const MOST: usize = 1 << 16;
/// Fewer branches in an image tell nothing.
const LEAST: usize = 64;

/// True if a third of what could be branches share their target with another one.
#[must_use]
pub fn looks_like_thumb(image: &[u8], space: &AddressSpace) -> bool {
    let branch = |(index, bytes): (usize, &[u8])| {
        let bytes = *bytes.first_chunk()?;
        let address = space.base_address.wrapping_add(index as u32 * 2);
        let kind = ReferenceKind::find(RegionKind::Thumb, bytes, address, &AddressSpace::default())?;
        kind.is_relative().then(|| kind.read(bytes, address))
    };
    let mut targets: Vec<u32> =
        image.windows(4).step_by(2).enumerate().filter_map(branch).take(MOST).collect();
    let all = targets.len();
    targets.sort_unstable();
    targets.dedup();
    all >= LEAST && (all - targets.len()) * 3 >= all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(targets: u32) -> Vec<u8> {
        let space = AddressSpace::default();
        let mut image = Vec::new();
        for index in 0..2000u32 {
            let blank = [0x00, 0xF0, 0x00, 0xF8];
            let call =
                ReferenceKind::ThumbBranch.write(blank, index * 8, 0x10_0000 + index * 7919 % targets * 2);
            image.extend(call.unwrap());
            image.extend(index.to_le_bytes());
        }
        assert!(!space.contains(1));
        image
    }

    #[test]
    fn few_targets_are_code_and_many_are_chance() {
        assert!(looks_like_thumb(&calls(100), &AddressSpace::default()));
        assert!(!looks_like_thumb(&calls(100_003), &AddressSpace::default()));
        assert!(!looks_like_thumb(&[], &AddressSpace::default()));
    }
}
