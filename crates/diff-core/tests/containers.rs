//! Packages of compressed files: everything comes back to the bit, and packages are as small as those of what is inside.

mod common;

use std::fmt::Write as _;

use common::{Random, noise};
use diff_core::container::payload;
use diff_core::{Containers, Options, Package, Silent, diff};
use miniz_oxide::deflate::compress_to_vec;
use patch_nostd::container::{Frame, Level, Opened, restore};
use patch_nostd::{Error, Patcher, SliceTarget, SoftwareSha256};
use proptest::prelude::*;

/// Text that resembles a configuration: it deflates well, and is large enough to be worth expanding.
fn text(seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut text = String::new();
    for line in 0..400 {
        let _ = writeln!(text, "option.{line} = {:x} {}", random.below(1 << 30), random.below(100));
    }
    text.into_bytes()
}

/// The same with some changes.
fn changed(mut text: Vec<u8>) -> Vec<u8> {
    let length = text.len();
    for at in [length / 7, length / 3, length / 2] {
        text.splice(at..at + 3, *b"changed");
    }
    text
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut file = vec![0x1F, 0x8B, 8, 8, 1, 2, 3, 4, 2, 3];
    file.extend(b"name\0");
    file.extend(compress_to_vec(plain, 6));
    file.extend(crc(plain).to_le_bytes());
    file.extend((plain.len() as u32).to_le_bytes());
    file
}

fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    }) ^ !0
}

fn zlib(plain: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(plain, 6)
}

/// How an entry is put into a zip.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Put {
    Stored,
    Deflated,
    Described,
    Encrypted,
    Zip64,
}

fn zip(entries: &[(&str, Put, &[u8])]) -> Vec<u8> {
    let (mut file, mut records) = (Vec::new(), Vec::new());
    for &(name, put, plain) in entries {
        let data = if put == Put::Stored { plain.to_vec() } else { compress_to_vec(plain, 6) };
        let flags: u16 = match put {
            Put::Described => 8,
            Put::Encrypted => 1,
            _ => 0,
        };
        let mut extra = Vec::new();
        let [mut packed, mut length] = [data.len() as u32, plain.len() as u32];
        if put == Put::Zip64 {
            extra.extend([1, 0, 16, 0]);
            extra.extend(u64::from(length).to_le_bytes());
            extra.extend(u64::from(packed).to_le_bytes());
            [packed, length] = [u32::MAX; 2];
        }
        let fields = |known: bool| {
            let mut fields = Vec::new();
            fields.extend(20u16.to_le_bytes());
            fields.extend(flags.to_le_bytes());
            fields.extend((if put == Put::Stored { 0u16 } else { 8 }).to_le_bytes());
            fields.extend([1, 2, 3, 4]);
            for value in [crc(plain), packed, length] {
                fields.extend((if known { value } else { 0 }).to_le_bytes());
            }
            fields.extend((name.len() as u16).to_le_bytes());
            fields.extend((extra.len() as u16).to_le_bytes());
            fields
        };
        let offset = file.len() as u32;
        file.extend(b"PK\x03\x04");
        file.extend(fields(put != Put::Described));
        file.extend(name.as_bytes());
        file.extend(&extra);
        file.extend(&data);
        if put == Put::Described {
            file.extend(b"PK\x07\x08");
            [crc(plain), packed, length].iter().for_each(|value| file.extend(value.to_le_bytes()));
        }
        records.extend(b"PK\x01\x02\x14\x03");
        records.extend(fields(true));
        records.extend([0; 10]);
        records.extend(offset.to_le_bytes());
        records.extend(name.as_bytes());
        records.extend(&extra);
    }
    let (start, size, count) = (file.len() as u32, records.len() as u32, entries.len() as u16);
    file.extend(records);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend([count, count].map(u16::to_le_bytes).concat());
    file.extend([size, start].map(u32::to_le_bytes).concat());
    file.extend([0, 0]);
    file
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = Vec::new();
    for (name, contents) in members {
        let mut block = vec![0; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", contents.len()).as_bytes());
        block[156] = b'0';
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        file.extend(block);
        file.extend(*contents);
        file.resize(file.len().next_multiple_of(512), 0);
    }
    file.resize(file.len() + 1024, 0);
    file
}

fn package(old: &[u8], new: &[u8]) -> Package {
    diff(old, new, &Options::default(), &Silent).unwrap()
}

/// Restores, compares, and returns the recipe of the target if the package is a container's.
fn check(old: &[u8], new: &[u8], package: &Package) -> Option<Level> {
    let Some(opened) = Opened::new::<SoftwareSha256>(&package.bytes).unwrap() else {
        let mut target = vec![0; new.len()];
        let mut memory = vec![0; package.header.ram as usize + 3];
        let slot = SliceTarget::new(&mut target);
        let mut patcher = Patcher::<_, _, SoftwareSha256>::new(aligned(&mut memory), old, slot);
        patcher.push(&package.bytes).unwrap();
        patcher.finish().unwrap();
        assert!(target == new);
        return None;
    };
    let mut target = vec![0; new.len()];
    let slot = SliceTarget::new(&mut target);
    restore::<_, _, SoftwareSha256>(&opened, old, slot, Vec::new(), Vec::new()).unwrap();
    assert!(target == new);
    Some(opened.target)
}

/// What the decoder wants.
fn aligned(memory: &mut [u8]) -> &mut [u8] {
    let start = memory.as_ptr().align_offset(4);
    &mut memory[start..]
}

/// The package of two files must be a container's, and not much larger than that of what is in them.
fn profits(old: &[u8], new: &[u8], plain: (&[u8], &[u8])) -> Level {
    let package = package(old, new);
    let recipe = check(old, new, &package).expect("a container");
    let inner = diff(plain.0, plain.1, &Options::default(), &Silent).unwrap();
    // Most of it is corrections: preflate knows zlib better than miniz_oxide.
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
    let (old, new) = (gzip(&text(13)), gzip(&changed(text(13))));
    let options = Options { containers: Containers::None, ..Options::default() };
    let package = diff(&old, &new, &options, &Silent).unwrap();
    assert_eq!(check(&old, &new, &package), None);
}

#[test]
fn zstd_bodies_and_digests_work_as_well() {
    let (old, new) = (gzip(&text(14)), gzip(&changed(text(14))));
    let options =
        Options { codec: diff_core::CodecChoice::Zstd, md5: true, body_digest: true, ..Options::default() };
    let package = diff(&old, &new, &options, &Silent).unwrap();
    assert!(check(&old, &new, &package).is_some());
    let report = diff_core::inspect(&old, &package.bytes).unwrap();
    assert_eq!(report, package.report);
}

#[test]
fn small_devices_refuse_it() {
    let (old, new) = (gzip(&text(15)), gzip(&changed(text(15))));
    let package = package(&old, &new);
    let (mut slot, mut memory) = (vec![0; new.len()], vec![0; 100_000]);
    let target = SliceTarget::new(&mut slot);
    let mut patcher = Patcher::<_, _, SoftwareSha256>::new(aligned(&mut memory), &old[..], target);
    assert_eq!(patcher.push(&package.bytes), Err(Error::Container));
}

#[test]
fn damaged_packages_are_refused_and_write_no_wrong_target() {
    let (old, new) = (gzip(&text(16)), gzip(&changed(text(16))));
    let good = package(&old, &new).bytes;
    let header = good.len() - package(&old, &new).header.body_length as usize;
    for at in (header..good.len()).step_by(7) {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        let Ok(Some(opened)) = Opened::new::<SoftwareSha256>(&bad) else { continue };
        let mut slot = vec![0; new.len()];
        let target = SliceTarget::new(&mut slot);
        let restored = restore::<_, _, SoftwareSha256>(&opened, &old[..], target, Vec::new(), Vec::new());
        assert!(restored.is_err() || slot == new, "byte {at}");
    }
    for end in [header, header + 1, good.len() - 1] {
        assert_eq!(Opened::new::<SoftwareSha256>(&good[..end]).unwrap_err(), Error::Truncated);
    }
    let opened = Opened::new::<SoftwareSha256>(&good).unwrap().unwrap();
    let mut slot = [0; 10];
    let wrong = restore::<_, _, SoftwareSha256>(
        &opened,
        &new[..old.len().min(new.len())],
        SliceTarget::new(&mut slot),
        Vec::new(),
        Vec::new(),
    );
    assert!(matches!(wrong, Err(Error::BaseSize | Error::BaseDigest)));
}

#[test]
fn payloads_of_everything() {
    let plain = text(17);
    let archive = tar(&[("bin/app", &plain), ("other", b"x")]);
    assert_eq!(*payload(&gzip(&plain), None).unwrap(), *plain);
    assert_eq!(*payload(&gzip(&archive), Some("bin/app")).unwrap(), *plain);
    assert_eq!(*payload(&archive, Some("./bin/app")).unwrap(), *plain);
    for put in [Put::Stored, Put::Deflated, Put::Described, Put::Zip64] {
        let file = zip(&[("app.bin", put, &plain), ("dir/", Put::Stored, b"")]);
        assert_eq!(*payload(&file, None).unwrap(), *plain, "{put:?}");
        assert_eq!(*payload(&file, Some("app.bin")).unwrap(), *plain, "{put:?}");
    }
    let several = zip(&[("a", Put::Deflated, &plain), ("b", Put::Encrypted, &plain)]);
    assert!(payload(&several, None).is_err());
    assert!(payload(&several, Some("b")).unwrap_err().to_string().contains("encrypted"));
    assert!(payload(&several, Some("c")).unwrap_err().to_string().contains("a, b"));
}

/// A file with everything in it.
fn everything(seed: u64, change: bool) -> Vec<u8> {
    let [one, two, three] = [seed, seed + 1, seed + 2].map(text);
    let one = if change { changed(one) } else { one };
    let two = if change { changed(two) } else { two };
    [
        zip(&[
            ("one", Put::Deflated, &one),
            ("two", Put::Described, &two),
            ("inner.zip", Put::Stored, &zip(&[("x", Put::Deflated, &one[..4000])])),
            ("three.tar.gz", Put::Stored, &gzip(&tar(&[("t", &three), ("o", &one)]))),
            ("four", Put::Zip64, &two[100..]),
        ]),
        zlib(&one[1000..]),
        b"junk".to_vec(),
        gzip(&two),
    ]
    .concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_is_broken_comes_back(
        cut in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        both: bool,
    ) {
        let (mut old, mut new) = (everything(20, false), everything(20, true));
        new.truncate(cut.index(new.len() + 1));
        for (at, byte) in changes {
            let file = if both { &mut old } else { &mut new };
            if !file.is_empty() {
                let at = at.index(file.len());
                file[at] = byte;
            }
        }
        let options = Options { level: 1, ..Options::default() };
        let package = diff(&old, &new, &options, &Silent).unwrap();
        check(&old, &new, &package);
    }
}
