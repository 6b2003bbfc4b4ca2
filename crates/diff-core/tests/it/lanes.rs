//! Bodies in lanes: restored one after the other and at the same time, in containers and encrypted, and refused if damaged.

use crate::common::{Pieces, check, gzip_pair, on_threads, restore, round_trip, with_header};
use proptest::prelude::*;
use smidgen_diff::{Arch, InPlace, Kept, Options, Package, Ram, Restore, Silent, diff, prove};
use smidgen_patch::container::Opened;
use smidgen_patch::internals::wire::{Lane, Lanes};
use smidgen_patch::{Error, Header, SoftwareSha256};
use testkit::{edited, edits, firmware, noise};

fn options(lanes: u8) -> Options {
    Options::default().with_ram(Ram::Bytes(16 << 10)).with_lanes(Some(lanes))
}

fn lanes(package: &[u8]) -> Vec<Lane> {
    let (header, extensions, _) = Header::parse_extended(package).unwrap();
    Lanes::read(extensions.lanes, &header).unwrap().as_slice().to_vec()
}

/// What the host's restore makes of it, with so many threads.
fn at_once(base: &[u8], package: &[u8], threads: usize) -> Result<Vec<u8>, Error> {
    let mut target = Kept::all();
    let restored = on_threads(threads, || Restore::default().restore(base, package, &mut target));
    restored.map(|()| target.bytes).map_err(|error| error.code())
}

/// The package of two firmware images that copies from the target too.
fn package(count: u8) -> (Vec<u8>, Vec<u8>, Package) {
    let (old, new) = (firmware(3), firmware(1));
    let package = diff(&old, &new, &options(count).with_body_digest(true), &Silent).unwrap();
    assert!(package.header.read_back);
    (old, new, package)
}

#[test]
fn bodies_have_as_many_lanes_as_asked_for() {
    for count in [1, 2, 5, 8] {
        for (old, new) in [(1, 2), (3, 1)] {
            let (old, new) = (firmware(old), firmware(new));
            let package = round_trip(&old, &new, &options(count));
            let found = lanes(&package.bytes);
            // A lane has a page at least, and the last pages of these images have little.
            assert!((usize::from(count).min(7)..=usize::from(count)).contains(&found.len()), "{count}");
            assert!(found.iter().skip(1).all(|lane| lane.start.is_multiple_of(4096)));
            for threads in [1, 2, 9] {
                assert!(at_once(&old, &package.bytes, threads).as_ref() == Ok(&new), "{count} on {threads}");
            }
        }
    }
}

#[test]
fn what_takes_the_place_of_its_base_and_what_is_small_has_one_lane() {
    let (old, new) = (firmware(1), firmware(3));
    let flash = InPlace::default().with_slot(40960).with_page(2048).with_write(8).with_scratch(8192);
    let in_place = diff(&old, &new, &options(3).with_in_place(Some(flash)), &Silent).unwrap();
    let small = diff(&old, &new, &Options::default(), &Silent).unwrap();
    assert_eq!([lanes(&in_place.bytes).len(), lanes(&small.bytes).len()], [1, 1]);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let make = |threads| on_threads(threads, || package(4).2.bytes);
    assert!(make(1) == make(3));
}

/// Lanes know nothing of each other.
#[test]
fn what_is_damaged_in_one_lane_is_in_that_lane() {
    let (old, new, package) = package(3);
    let [first, second, _] = lanes(&package.bytes)[..] else { panic!("not three lanes") };
    let mut damaged = package.bytes.clone();
    let body = damaged.len() - package.header.body_length as usize;
    damaged[body + (first.body_length + second.body_length / 2) as usize] ^= 0x40;
    for threads in [1, 3] {
        assert!(at_once(&old, &damaged, threads).is_err());
    }
    assert!(restore(&old, &damaged, Pieces::Of(77)).is_err());
    let mut target = Kept::all();
    // Which error it is depends on what the damage makes of the lane.
    let _ = Restore::default().restore(&old, &damaged, &mut target);
    assert!(target.bytes[..first.end as usize] == new[..first.end as usize]);
}

#[test]
fn lanes_that_do_not_fit_are_refused() {
    let (old, _, package) = package(2);
    let [first, last] = lanes(&package.bytes)[..] else { panic!("not two lanes") };
    let with = |end: u32, body_length: u32| {
        let value = Lanes::to_value(&[Lane { end, body_length, ..first }, last]).unwrap();
        with_header(&package.bytes, |header, extensions| {
            header.body_digest = None;
            extensions.lanes = Some(Box::leak(value.into_boxed_slice()));
        })
    };
    let refused = |package: &[u8]| {
        let by_device = restore(&old, package, Pieces::Random(1)).unwrap_err();
        assert!(at_once(&old, package, 2).is_err());
        by_device
    };
    assert_eq!(refused(&with(last.end, first.body_length)), Error::MalformedHeader);
    assert_eq!(refused(&with(first.end, package.header.body_length)), Error::MalformedHeader);
    // The first lane's code ends before or after its part of the body.
    assert_eq!(refused(&with(first.end, first.body_length + 9)), Error::TrailingData);
    let cut = refused(&with(first.end, first.body_length - 9));
    assert!([Error::Truncated, Error::Corrupt].contains(&cut), "{cut:?}");
    let mut truncated = package.bytes.clone();
    truncated.pop();
    assert_eq!(at_once(&old, &truncated, 2), Err(Error::Truncated));
    let longer = [&package.bytes[..], &[0]].concat();
    assert_eq!(at_once(&old, &longer, 2), Err(Error::TrailingData));
    let other = with_header(&package.bytes, |header, _| header.body_digest = Some([1; 32]));
    assert_eq!(at_once(&old, &other, 2), Err(Error::BodyDigest));
    let other = with_header(&package.bytes, |header, _| header.target_digest = [1; 32]);
    assert_eq!(at_once(&old, &other, 2), Err(Error::TargetDigest));
    assert_eq!(at_once(&old[1..], &package.bytes, 2), Err(Error::BaseSize));
    assert_eq!(at_once(&[&old[1..], &[7]].concat(), &package.bytes, 2), Err(Error::BaseDigest));
}

#[test]
fn containers_have_lanes_of_what_is_in_them() {
    let (old, new) = gzip_pair(5);
    let package = diff(&old, &new, &Options::default().with_lanes(Some(3)), &Silent).unwrap();
    assert!(check(&old, &new, &package).is_some());
    let opened = Opened::new::<SoftwareSha256>(&package.bytes).unwrap().unwrap();
    let lanes = opened.lanes.as_slice();
    assert_eq!((lanes.len(), lanes.last().unwrap().end), (3, opened.inner.target_size));
    assert_eq!(prove(&old, &new, &package.bytes), Ok(()));
}

#[cfg(feature = "release")]
#[test]
fn encrypted_bodies_have_lanes() {
    use smidgen_diff::release::{
        CipherChoice, Encryption, Recipient, SharedSecret, encrypt, encrypt_and_prove,
    };

    let (old, new, package) = package(3);
    let recipient = Recipient::Shared(SharedSecret::from_bytes(&[3; 32]));
    let encryption = Encryption { recipient, cipher: CipherChoice::ChaCha20 };
    let encrypted = encrypt(&package.bytes, &encryption).unwrap();
    assert_eq!(lanes(&encrypted.bytes).len(), 3);
    assert_eq!(encrypt_and_prove(&old, &new, &package.bytes, &encryption).unwrap(), encrypted.bytes);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn edited_images_come_back(
        length in 0..40_000usize, alphabet in 1..=256u32, seed: u64, edits in edits(12), count in 2..=8u8, level in 1..=9u8,
    ) {
        let old = noise(length, alphabet, seed);
        let new = edited(&old, &edits);
        let options = options(count).with_level(level).with_arch(Arch::None);
        let package = round_trip(&old, &new, &options);
        prop_assert!(lanes(&package.bytes).len() <= new.len().div_ceil(4096).max(1));
        prop_assert!(at_once(&old, &package.bytes, 2).as_ref() == Ok(&new));
    }
}
