//! Packages of compressed files: everything is restored to the bit, at about the size of a package of the contents.

use crate::common::{Pieces, check, expand, gzip_pair, restore};
use smidgen_diff::{Containers, Options, Package, Silent, TargetFile, diff, diff_to};
use smidgen_patch::container::Opened;
use smidgen_patch::internals::container::{Frame, Level};
use smidgen_patch::{Error, SoftwareSha256};
use testkit::archives::{Put, changed, gzip, tar, text, zip, zlib};
use testkit::{builds, noise};

fn package(old: &[u8], new: &[u8]) -> Package {
    diff(old, new, &Options::default(), &Silent).unwrap()
}

/// The package of two files must be a container's, and not much larger than that of what is in them.
fn profits(old: &[u8], new: &[u8], plain: (&[u8], &[u8])) -> Level {
    let package = package(old, new);
    let recipe = check(old, new, &package).expect("a container");
    let inner = diff(plain.0, plain.1, &Options::default(), &Silent).unwrap();
    // Most of it is corrections: miniz_oxide is not zlib.
    let (found, wanted) = (package.bytes.len(), inner.bytes.len() + 200 + 250 * recipe.streams());
    assert!(found <= wanted, "{found} bytes instead of {wanted}");
    recipe
}

fn frames(level: &Level) -> Vec<Frame> {
    level.items.iter().map(|item| item.frame).collect()
}

#[test]
fn gzip_costs_what_is_in_it() {
    let (old, new) = (text(1), changed(text(1)));
    let recipe = profits(&gzip(&old), &gzip(&new), (&old, &new));
    assert_eq!(frames(&recipe), [Frame::Gzip]);
}

/// Streams in streams, and one of more bytes than encoders are told apart by.
#[test]
fn packages_to_a_shared_target_are_those_to_one_of_their_own() {
    let large = |seed| {
        let part = text(seed);
        part.iter()
            .copied()
            .cycle()
            .take(400 << 10)
            .zip(0u32..)
            .map(|(byte, at)| byte ^ (at >> 15) as u8)
            .collect()
    };
    let targets: [(Vec<u8>, Vec<Vec<u8>>); 2] = [
        (
            zip(&[
                ("a", Put::Deflated, &changed(text(3))),
                ("b.gz", Put::Deflated, &gzip(&changed(text(4)))),
            ]),
            vec![
                zip(&[("a", Put::Deflated, &text(3)), ("b.gz", Put::Deflated, &gzip(&changed(text(4))))]),
                zip(&[("a", Put::Deflated, &changed(text(3))), ("b.gz", Put::Deflated, &gzip(&text(4)))]),
                gzip(&text(4)),
                text(5),
            ],
        ),
        (gzip(&changed(large(6))), vec![gzip(&large(6)), gzip(&changed(changed(large(6))))]),
    ];
    let options = Options::default().with_level(1);
    for (target, bases) in &targets {
        let shared = TargetFile::new(target);
        // In both orders, and twice: what an earlier package found out makes no difference.
        for base in bases.iter().chain(bases.iter().rev()) {
            let package = diff_to(base, &shared, &options, &Silent).unwrap();
            let alone = diff(base, target, &options, &Silent).unwrap();
            assert!(package.bytes == alone.bytes, "{} and {} bytes", package.bytes.len(), alone.bytes.len());
            check(base, target, &package);
        }
    }
}

#[test]
fn several_members_and_junk_behind_them() {
    let (old, new) = (text(2), changed(text(2)));
    let file =
        |plain: &[u8]| [gzip(&plain[..5000]), gzip(&plain[5000..]), b"trailing junk".to_vec()].concat();
    let recipe = profits(&file(&old), &file(&new), (&old, &new));
    assert_eq!(frames(&recipe), [Frame::Gzip, Frame::Gzip]);
}

#[test]
fn entries_of_zip() {
    let (old, new, other) = (text(3), changed(text(3)), text(4));
    for put in [Put::Deflated, Put::Described, Put::Zip64] {
        let file = |plain: &[u8]| {
            zip(&[("a", put, plain), ("b", Put::Stored, &other), ("c", Put::Deflated, &other)])
        };
        let recipe = profits(&file(&old), &file(&new), (&old, &new));
        let first = if put == Put::Described { Frame::Described } else { Frame::Entry };
        // What has not changed stays as it is.
        assert_eq!(frames(&recipe), [first, Frame::Stored, Frame::Stored, Frame::Directory(3)], "{put:?}");
    }
}

#[test]
fn encrypted_entries_are_left_alone() {
    let (old, new) = (text(5), changed(text(5)));
    let file = |plain: &[u8]| zip(&[("secret", Put::Encrypted, &text(6)), ("a", Put::Deflated, plain)]);
    let recipe = profits(&file(&old), &file(&new), (&old, &new));
    assert_eq!(frames(&recipe), [Frame::Stored, Frame::Entry, Frame::Directory(2)]);
    let alone = |plain: &[u8]| zip(&[("secret", Put::Encrypted, plain)]);
    let package = package(&alone(&old), &alone(&new));
    assert_eq!(check(&alone(&old), &alone(&new), &package), None);
}

#[test]
fn stored_entries_are_compared_as_they_are() {
    let (old, new) = (text(7), changed(text(7)));
    let file = |plain: &[u8]| zip(&[("a", Put::Stored, plain)]);
    let package = package(&file(&old), &file(&new));
    assert_eq!(check(&file(&old), &file(&new), &package), None);
    assert!(package.bytes.len() < 600, "{}", package.bytes.len());
}

#[test]
fn archives_in_archives() {
    let (old, new, other) = (text(8), changed(text(8)), text(9));
    let tarred = |plain: &[u8]| gzip(&tar(&[("etc/a", plain), ("etc/b", &other)]));
    let recipe = profits(&tarred(&old), &tarred(&new), (&old, &new));
    assert_eq!(frames(&recipe), [Frame::Gzip]);
    let nested =
        |plain: &[u8]| zip(&[("rootfs.tar.gz", Put::Deflated, &tarred(plain)), ("x", Put::Stored, b"x")]);
    let recipe = profits(&nested(&old), &nested(&new), (&old, &new));
    assert_eq!(frames(&recipe.items[0].inside), [Frame::Gzip]);
    let stored = |plain: &[u8]| {
        let inner = zip(&[("firmware.bin", Put::Deflated, plain), ("other", Put::Deflated, &other)]);
        tar(&[("inner.zip", &inner), ("readme", b"text")])
    };
    let recipe = profits(&stored(&old), &stored(&new), (&old, &new));
    assert_eq!(frames(&recipe), [Frame::Entry, Frame::Stored, Frame::Directory(2)]);
}

#[test]
fn zlib_streams_inside_of_anything() {
    let (old, new) = (text(10), changed(text(10)));
    let file = |plain: &[u8]| [noise(3000, 256, 1), zlib(plain), noise(100, 256, 2)].concat();
    let recipe = profits(&file(&old), &file(&new), (&old, &new));
    assert_eq!(frames(&recipe), [Frame::Zlib]);
}

#[test]
fn only_one_side_may_be_compressed() {
    let (old, new) = (text(11), changed(text(11)));
    profits(&old, &gzip(&new), (&old, &new));
    profits(&gzip(&old), &new, (&old, &new));
}

#[test]
fn what_shares_nothing_stays_compressed() {
    let (old, new) = (gzip(&text(12)), gzip(&noise(20_000, 16, 3)));
    let package = package(&old, &new);
    check(&old, &new, &package);
    assert!(package.bytes.len() < new.len() + 400);
}

#[test]
fn they_can_be_switched_off() {
    let (old, new) = gzip_pair(13);
    let options = Options::default().with_containers(Some(Containers::None));
    let package = diff(&old, &new, &options, &Silent).unwrap();
    assert_eq!(check(&old, &new, &package), None);
}

#[test]
fn zstd_bodies_and_digests_work_as_well() {
    let (old, new) = gzip_pair(14);
    let options =
        Options::default().with_codec(smidgen_diff::CodecChoice::Zstd).with_md5(true).with_body_digest(true);
    let package = diff(&old, &new, &options, &Silent).unwrap();
    assert!(check(&old, &new, &package).is_some());
    let report = smidgen_diff::inspect(&old, &package.bytes).unwrap();
    assert_eq!(report, package.report);
}

#[test]
fn small_devices_refuse_it() {
    let (old, new) = gzip_pair(15);
    let package = package(&old, &new);
    assert_eq!(restore(&old, &package.bytes, Pieces::Whole), Err(Error::Container));
}

#[test]
fn damaged_packages_are_refused_and_write_no_wrong_target() {
    let (old, new) = gzip_pair(16);
    let good = package(&old, &new).bytes;
    let header = good.len() - package(&old, &new).header.body_length as usize;
    for at in (header..good.len()).step_by(7) {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        let Ok(Some(opened)) = Opened::new::<SoftwareSha256>(&bad) else { continue };
        let restored = expand(&opened, &old);
        assert!(restored.is_err() || restored == Ok(new.clone()), "byte {at}");
    }
    for end in [header, header + 1, good.len() - 1] {
        assert_eq!(Opened::new::<SoftwareSha256>(&good[..end]).unwrap_err(), Error::Truncated);
    }
    let opened = Opened::new::<SoftwareSha256>(&good).unwrap().unwrap();
    let wrong = expand(&opened, &new[..old.len().min(new.len())]);
    assert!(matches!(wrong, Err(Error::BaseSize | Error::BaseDigest)));
}

#[test]
fn contents_that_compress_very_well_are_expanded() {
    let [old, new] = [1, 2].map(|number| builds::hex(&[(0, &testkit::firmware(number))]).into_bytes());
    let options = Options::default().with_level(1);
    let inner = diff(&old, &new, &options, &Silent).unwrap();
    for pack in [gzip as fn(&[u8]) -> Vec<u8>, zlib, |plain| zip(&[("image", Put::Deflated, plain)])] {
        let (old, new) = (pack(&old), pack(&new));
        let package = diff(&old, &new, &options, &Silent).unwrap();
        check(&old, &new, &package).expect("a container");
        let (found, wanted) = (package.bytes.len(), inner.bytes.len());
        assert!(2 * found < 3 * wanted, "{found} bytes, and {wanted} for the contents");
    }
}
