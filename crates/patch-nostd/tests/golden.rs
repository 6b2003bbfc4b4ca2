//! Version 1 of the format is what restores these packages: they never change, and they always work.
#![cfg(feature = "sha2")]

mod common;

use common::{all_golden, golden, hex_digest, restore};
use patch_nostd::required_ram;
use patch_nostd::wire::{Codec, RegionKind};

#[test]
fn golden_packages_have_not_changed() {
    for golden in all_golden() {
        assert_eq!(hex_digest(&golden.package), golden.digest, "{} was changed", golden.name);
    }
}

#[test]
fn golden_packages_give_their_targets() {
    for golden in golden() {
        let header = golden.header();
        assert_eq!(u64::from(header.ram), required_ram(&header));
        for piece in [usize::MAX, 1, 20, 255, 256, 257, 1000] {
            let (restored, slot) = restore(&golden.base, &golden.package, piece);
            assert!(restored.as_ref() == Ok(&golden.target), "{}: {:?}", golden.name, restored.err());
            assert_eq!(slot.begun, Some(golden.target.len() as u32));
            assert!(slot.reads == 0 || header.read_back, "{} is read back, but does not say so", golden.name);
        }
    }
}

/// Without this, the two tests above would promise less than they seem to.
#[test]
fn golden_packages_use_all_of_the_format() {
    let headers: Vec<_> = all_golden().iter().filter(|g| g.is_ours()).map(common::Golden::header).collect();
    let kind = |kind| headers.iter().any(|h| h.regions.as_slice().iter().any(|region| region.kind == kind));
    assert!(kind(RegionKind::Bytes) && kind(RegionKind::Words) && kind(RegionKind::Thumb));
    assert!(headers.iter().any(|header| header.regions.as_slice().len() > 1));
    assert!(headers.iter().any(|header| header.regions.as_slice().is_empty()));
    let sizes: Vec<_> = headers
        .iter()
        .filter_map(|header| match header.codec {
            Codec::Cm { size, .. } => Some(size),
            Codec::Zstd { .. } => None,
        })
        .collect();
    assert!(sizes.len() < headers.len(), "no zstd");
    assert!(sizes.iter().any(|size| size.landmarks > 0 && size.learned > 0));
    assert!(sizes.iter().any(|size| size.landmarks == 0));
    assert!(headers.iter().any(|header| header.read_back) && headers.iter().any(|header| !header.read_back));
    assert!(headers.iter().any(|header| header.target_md5.is_some() && header.body_digest.is_some()));
    assert!(headers.iter().any(|header| header.windows[0].length > 0));
    assert!(headers.iter().any(|header| header.base_address != 0));
    assert!(headers.iter().any(|header| header.base_size == 0));
    assert!(headers.iter().any(|header| header.body_length == 0));
}
