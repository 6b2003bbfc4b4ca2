//! Code of every architecture and words of every form, restored from packages of every kind.

use crate::common::{Pieces, covers, restore, round_trip};
use proptest::prelude::*;
use smidgen_diff::{Arch, Options, Ram};
use smidgen_patch::Header;
use smidgen_patch::header::{Forms, MAX_KINDS, ModelSize, PageKind, Tuning};
use smidgen_patch::internals::wire::PAGE_LOG;
use testkit::Choice;
use testkit::code::{Code, all_kinds};
use testkit::{edited, edits, noise};

/// Where images run; at the last one addresses overflow.
const ADDRESSES: [u64; 4] = [0, 0x0800_0000, 0xFFFF_8000_0020_0000, 0xFFFF_F000];

/// The search's covers, coded with one kind of pages.
fn one_kind(kind: PageKind, base_address: u64, size: ModelSize, block_log: u8) -> Choice {
    let tuning = Tuning { counter_rate: 4, mixer_rate: 10, block_log, high_first: false };
    Choice {
        kinds: vec![kind],
        forms: Forms::NONE,
        places: Vec::new(),
        base_address,
        size,
        tuning,
        lite: block_log == 4,
    }
}

/// A package with the search's covers.
fn package(choice: &Choice, base: &[u8], target: &[u8]) -> Vec<u8> {
    choice.package(base, target, &covers(base, target))
}

fn speeds() -> impl Strategy<Value = Tuning> {
    let speeds = (3..=6u8, 1..=15u8, 3..=6u8, any::<bool>());
    speeds.prop_map(|(counter_rate, mixer_rate, block_log, high_first)| Tuning {
        counter_rate,
        mixer_rate,
        block_log,
        high_first,
    })
}

/// Parts of several kinds, one after the other, and later versions of them.
fn parts(kinds: &[PageKind], functions: u32, changes: u32, seed: u64, address: u64) -> (Vec<u8>, Vec<u8>) {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for (index, &kind) in kinds.iter().enumerate() {
        let code = Code::new(kind, functions, seed + index as u64);
        old.extend(code.link(address, old.len() as u32));
        new.extend(code.revised(changes, seed).link(address, new.len() as u32));
    }
    (old, new)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn code_comes_back_whatever_it_is_taken_for(
        kind in prop::sample::select(all_kinds()), address in prop::sample::select(ADDRESSES.to_vec()),
        functions in 1..60u32, changes in 0..6u32, seed: u32, edits in edits(2), level in 1..=5u8, known: bool,
    ) {
        let (old, new) = parts(&[kind], functions, changes, seed.into(), address);
        let new = edited(&new, &edits);
        let base_address = known.then_some(address);
        for arch in Arch::ALL {
            let options = Options::default().with_arch(arch).with_base_address(base_address).with_level(level).with_ram(Ram::Bytes(6000));
            round_trip(&old, &new, &options);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// The encoder would not choose such kinds for such bytes; the decoder must follow all the same.
    #[test]
    fn pages_may_have_any_kind(
        contents in prop::collection::vec(prop::sample::select(all_kinds()), 1..6),
        kinds in prop::sample::subsequence(all_kinds(), 1..=MAX_KINDS),
        pages in prop::collection::vec(any::<prop::sample::Index>(), 16),
        address in prop::sample::select(ADDRESSES.to_vec()), seed: u32, edits in edits(3),
        (functions, changes) in (1..120u32, 0..6u32), (landmarks, learned) in (0..5u32, 0..50u32), tuning in speeds(), lite: bool,
    ) {
        let (old, new) = parts(&contents, functions, changes, seed.into(), address);
        let new = edited(&new, &edits);
        let place = |(page, index): (usize, &prop::sample::Index)| ((page as u32) << PAGE_LOG, index.index(kinds.len()));
        let places = pages.iter().enumerate().map(place).collect();
        let size = ModelSize { slots: 300, landmarks, learned };
        let choice = Choice { kinds, forms: Forms::NONE, places, base_address: address, size, tuning, lite };
        let package = package(&choice, &old, &new);
        for pieces in [Pieces::Whole, Pieces::Bytes, Pieces::Random(seed.into())] {
            let restored = restore(&old, &package, pieces);
            prop_assert!(restored.as_ref() == Ok(&new), "{:?}: {:?}", pieces, restored.err());
        }
    }
}

#[test]
fn each_architecture_gains_from_its_own_kind() {
    for arch in Arch::ALL {
        let Arch::Only(kind) = arch else { continue };
        let code = Code::new(kind, 400, 3);
        let (old, new) = (code.link(0x0800_0000, 0), code.revised(7, 4).link(0x0800_0000, 0));
        let make = |arch| {
            let base_address = Some(0x0800_0000);
            round_trip(&old, &new, &Options::default().with_arch(arch).with_base_address(base_address))
        };
        let (own, auto, plain) = (make(arch), make(Arch::Auto), make(Arch::None));
        assert!(own.header.kinds.as_slice().contains(&kind), "{arch:?}: {:?}", own.header.kinds);
        assert!(auto.header.kinds.as_slice().contains(&kind), "{arch:?}: {:?}", auto.header.kinds);
        assert_eq!(plain.header.kinds.as_slice(), [PageKind::Bytes]);
        let [own, auto, plain] = [own, auto, plain].map(|package| package.bytes.len());
        assert!(own * 3 < plain * 2, "{arch:?}: {own} bytes, without references {plain}");
        assert!(auto * 3 < plain * 2, "{arch:?}: {auto} bytes if found out, without references {plain}");
    }
}

#[test]
fn upper_halves_of_addresses_cost_nothing() {
    let address = 0xFFFF_8000_0020_0000;
    let kind = PageKind::Words(smidgen_patch::header::WordForm::WIDE_POINTER);
    let code = Code::new(kind, 300, 3);
    let (old, new) = (code.link(address, 0), code.revised(7, 4).link(address, 0));
    let size = ModelSize { slots: 1000, landmarks: 4, learned: 50 };
    let make = |kind| package(&one_kind(kind, address, size, 5), &old, &new);
    let (words, bytes) = (make(kind), make(PageKind::Bytes));
    for package in [&words, &bytes] {
        assert!(restore(&old, package, Pieces::Random(1)).as_ref() == Ok(&new));
    }
    let (header, _) = Header::parse(&words).unwrap();
    assert_eq!((header.address_high, header.base_address), (0xFFFF_8000, 0x0020_0000));
    assert!(words.len() * 2 < bytes.len(), "{} and {} bytes", words.len(), bytes.len());
}

/// References at the very end of an image, where a view ends early.
#[test]
fn images_may_end_anywhere() {
    for kind in all_kinds() {
        let code = Code::new(kind, 12, 9);
        let (old, new) = (code.link(0, 0), code.revised(2, 5).link(0, 0));
        for cut in 0..24.min(new.len()) {
            let (old, new) = (&old[..old.len() - cut], &new[..new.len() - cut]);
            let size = ModelSize { slots: 100, landmarks: 1, learned: 20 };
            let package = package(&one_kind(kind, 0, size, 3), old, new);
            assert!(
                restore(old, &package, Pieces::Bytes).as_deref() == Ok(new),
                "{kind:?}, {cut} bytes less"
            );
        }
    }
}

#[test]
fn noise_is_restored_as_any_kind() {
    let (old, more) = (noise(9000, 256, 1), noise(40, 256, 2));
    let new = [&old[..3001], &more, &old[3333..]].concat();
    for kind in all_kinds() {
        let size = ModelSize { slots: 100, landmarks: 0, learned: 20 };
        let package = package(&one_kind(kind, 0x1000_0000, size, 5), &old, &new);
        assert!(restore(&old, &package, Pieces::Random(3)).as_ref() == Ok(&new), "{kind:?}");
    }
}
