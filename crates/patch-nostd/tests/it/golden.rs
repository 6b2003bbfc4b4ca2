//! The format is what restores these packages: they never change, and they always work.

use crate::common::{Slot, all_golden, golden, hex_digest, named, restore};
use smidgen_patch::header::{PageKind, WordForm};
use smidgen_patch::{Error, Header, Patcher};
use testkit::with_workspace;

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
        let needed = header.requirements();
        let stated = if header.codec.models().is_some() { needed.workspace } else { needed.heap };
        assert_eq!(header.ram, stated, "{}", golden.name);
        let restored = with_workspace(needed.workspace as usize, 0, |workspace| {
            let mut patcher = Patcher::new(workspace, &golden.base[..], Slot::default());
            patcher.push(&golden.package)?;
            patcher.finish()
        });
        assert!(restored.is_ok_and(|slot| slot.image == golden.target), "{}", golden.name);
        for piece in [usize::MAX, 1, 20, 255, 256, 257, 1000] {
            let (restored, slot) = restore(&golden.base, &golden.package, piece);
            assert!(restored.as_ref() == Ok(&golden.target), "{}: {:?}", golden.name, restored.err());
            assert_eq!(slot.begun, Some(golden.target.len() as u32));
            assert!(slot.reads == 0 || header.read_back, "{} is read back, but does not say so", golden.name);
        }
    }
}

#[test]
fn packages_of_kinds_that_are_not_built_in_are_refused() {
    for kind in PageKind::CODE.iter().copied().chain([PageKind::Words(WordForm::WIDE_POINTER)]) {
        let name = match kind {
            PageKind::Thumb => "small-thumb",
            PageKind::Words(_) => "kinds-of-words",
            _ => kind.name(),
        };
        let golden = named(name);
        let parsed = Header::parse(&golden.package).map(|(header, _)| header);
        if kind.is_built_in() {
            assert!(parsed.unwrap().kinds.as_slice().contains(&kind), "{name}");
        } else {
            assert_eq!(parsed, Err(Error::UnsupportedPageKind), "{name}");
            let (end, slot) = restore(&golden.base, &golden.package, 64);
            assert_eq!((end, slot.begun), (Err(Error::UnsupportedPageKind), None), "{name}");
        }
    }
    let all = PageKind::CODE.iter().all(|kind| kind.is_built_in());
    assert_eq!(Header::parse(&named("kinds-of-code").package).is_ok(), all);
    assert_eq!(Header::parse(&named("kinds-of-words").package).is_ok(), cfg!(feature = "words"));
}

/// Only decoders with all architectures know what is in all packages.
#[cfg(feature = "all-architectures")]
mod coverage {
    use std::collections::BTreeSet;

    use smidgen_patch::header::MAX_KINDS;

    use crate::common::{Golden, all_golden};

    /// Every kind that the format has.
    const ALL_KINDS: [u8; 20] = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 24, 25, 26, 27, 28, 29];

    /// Without this, the tests above would promise less than they seem to.
    #[test]
    fn golden_packages_use_all_of_the_format() {
        let headers: Vec<_> =
            all_golden().iter().filter(|g| g.is_ours() && g.is_supported()).map(Golden::header).collect();
        let kinds: BTreeSet<u8> =
            headers.iter().flat_map(|header| header.kinds.as_slice()).map(|kind| kind.number()).collect();
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ALL_KINDS);
        for counts in [1..=1, 2..=MAX_KINDS - 1, MAX_KINDS..=MAX_KINDS] {
            assert!(
                headers.iter().any(|header| counts.contains(&header.kinds.as_slice().len())),
                "{counts:?}"
            );
        }
        let sizes: Vec<_> =
            headers.iter().filter_map(|header| header.codec.models()).map(|(size, _)| size).collect();
        let names: BTreeSet<&str> = headers.iter().map(|header| header.codec.name()).collect();
        let known = [cfg!(feature = "cm"), cfg!(feature = "zstd"), cfg!(feature = "lite")];
        assert_eq!(names.len(), known.into_iter().filter(|&known| known).count(), "{names:?}");
        assert!(sizes.iter().any(|size| size.landmarks > 0 && size.learned > 0));
        assert!(sizes.iter().any(|size| size.landmarks == 0));
        assert!(
            headers.iter().any(|header| header.read_back) && headers.iter().any(|header| !header.read_back)
        );
        assert!(headers.iter().any(|header| header.target_md5.is_some() && header.body_digest.is_some()));
        assert!(headers.iter().any(|header| header.windows[0].length > 0));
        assert!(headers.iter().any(|header| header.base_address != 0));
        assert!(headers.iter().any(|header| header.address_high != 0));
        assert!(headers.iter().any(|header| header.base_size == 0));
        assert!(headers.iter().any(|header| header.body_length == 0));
    }
}
