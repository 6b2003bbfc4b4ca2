//! Golden packages of compressed files: they never change, and they always work (`docs/format.md`, section 14).

use smidgen_patch::container::{Opened, restore};
use smidgen_patch::{SliceTarget, SoftwareSha256};

use crate::common::{container_golden, hex_digest};

#[test]
fn golden_containers_have_not_changed_and_give_their_targets() {
    let all = container_golden();
    assert!(all.len() > 10, "{}", all.len());
    for golden in all {
        assert_eq!(hex_digest(&golden.package), golden.digest, "{} was changed", golden.name);
        let opened = Opened::new::<SoftwareSha256>(&golden.package).unwrap().unwrap();
        let mut image = vec![0; golden.target.len()];
        let target = SliceTarget::new(&mut image);
        restore::<_, _, SoftwareSha256>(&opened, &golden.base[..], target, Vec::new(), Vec::new()).unwrap();
        assert!(image == golden.target, "{}", golden.name);
    }
}
