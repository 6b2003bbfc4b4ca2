//! Tar archives of all kinds: long names, large sizes, links, and files with holes.

use super::{contents, packing, refusal};
use testkit::archives::{tar, text};

/// A member with this type; `change` changes its header before the checksum is set.
pub(super) fn member(name: &str, kind: u8, stored: &[u8], change: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut block = vec![0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[124..135].copy_from_slice(format!("{:011o}", stored.len()).as_bytes());
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    change(&mut block);
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block.extend_from_slice(stored);
    block.resize(block.len().next_multiple_of(512), 0);
    block
}

fn same(_: &mut [u8]) {}

pub(super) fn archive(members: &[Vec<u8>]) -> Vec<u8> {
    [&members.concat()[..], &[0; 1024]].concat()
}

/// A pax header with these records.
pub(super) fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    let mut text = String::new();
    for (key, value) in records {
        let rest = key.len() + value.len() + 3;
        let size = (rest + 1..).find(|size| size - size.to_string().len() == rest).unwrap();
        text += &format!("{size} {key}={value}\n");
    }
    member("pax", b'x', text.as_bytes(), same)
}

/// A file with holes, the parts of it that are stored, and their places and lengths.
pub(super) fn holes(parts: &[(usize, usize)], size: usize) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let (mut plain, mut stored, mut map) = (vec![0; size], Vec::new(), Vec::new());
    for (number, &(place, length)) in parts.iter().enumerate() {
        let part = testkit::noise(length, 256, number as u64);
        plain[place..place + length].copy_from_slice(&part);
        stored.extend(part);
        map.extend(format!("{place:011o}\0{length:011o}\0").bytes());
    }
    (plain, stored, map)
}

/// The same in GNU's format before pax.
pub(super) fn old_sparse(name: &str, stored: &[u8], map: &[u8], size: usize) -> Vec<u8> {
    let (first, mut more) = map.split_at(map.len().min(96));
    let mut blocks = Vec::new();
    while !more.is_empty() {
        let (now, later) = more.split_at(more.len().min(504));
        let mut block = now.to_vec();
        block.resize(512, 0);
        block[504] = u8::from(!later.is_empty());
        blocks.extend(block);
        more = later;
    }
    let mut member = member(name, b'S', stored, |block| {
        block[257..265].copy_from_slice(b"ustar  \0");
        block[386..386 + first.len()].copy_from_slice(first);
        block[482] = u8::from(!blocks.is_empty());
        block[483..494].copy_from_slice(format!("{size:011o}").as_bytes());
    });
    member.splice(512..512, blocks);
    member
}

#[test]
fn names_are_found_wherever_they_are() {
    let long = "a".repeat(150);
    let file = archive(&[
        member("dir/", b'5', b"", same),
        member("dir/one", b'0', b"first", same),
        member("././@LongLink", b'L', format!("{long}\0").as_bytes(), same),
        member("cut", b'0', b"second", same),
        pax(&[("SCHILY.xattr.user.x", "\n18 path=wrong.bin\n"), ("path", "a/third.bin")]),
        member("cut", b'0', &[7; 600], same),
        member("four", b'7', b"fourth", |block| block[345..351].copy_from_slice(b"prefix")),
        member("before POSIX", 0, b"fifth", |block| block[257..265].fill(0)),
        member("folder before POSIX/", 0, b"", |block| block[257..265].fill(0)),
        member("GNU", b'0', b"sixth", |block| {
            block[257..265].copy_from_slice(b"ustar  \0");
            block[345..351].copy_from_slice(b"atime ");
        }),
    ]);
    let all: [(&str, &[u8]); 6] = [
        ("dir/one", b"first"),
        (&long, b"second"),
        ("a/third.bin", &[7; 600]),
        ("prefix/four", b"fourth"),
        ("before POSIX", b"fifth"),
        ("GNU", b"sixth"),
    ];
    for (name, expected) in all {
        assert_eq!(contents(&file, Some(name)), expected, "{name}");
    }
    assert!(refusal(&file, None).contains("6 files"));
    assert!(refusal(&file, Some("wrong.bin")).contains("no entry"));
}

#[test]
fn sizes_are_octal_binary_or_in_a_pax_header() {
    let plain = text(1);
    let size = plain.len();
    let binary = |block: &mut [u8]| {
        block[124..136].fill(0);
        block[124] = 0x80;
        block[128..136].copy_from_slice(&(size as u64).to_be_bytes());
    };
    let octal = |block: &mut [u8]| block[124..136].copy_from_slice(format!("{size:>11o} ").as_bytes());
    let zero = |block: &mut [u8]| block[124..136].copy_from_slice(b"000000000000");
    for file in [
        archive(&[member("app", b'0', &plain, binary)]),
        archive(&[member("app", b'0', &plain, octal)]),
        archive(&[pax(&[("size", &size.to_string())]), member("app", b'0', &plain, zero)]),
    ] {
        assert!(contents(&file, None) == plain);
    }
    for wrong in [
        &b"77777777777\0"[..],
        b"\x80\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
        b"\x80\0\0\0\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
        b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
        b"-1\0\0\0\0\0\0\0\0\0\0",
        b"0x12345\0\0\0\0\0",
    ] {
        let file = archive(&[member("app", b'0', b"x", |block| block[124..136].copy_from_slice(wrong))]);
        assert!(refusal(&file, None).contains("damaged or truncated"), "{wrong:?}");
    }
    for wrong in ["18446744073709551615", "99999999999999999999999", "-1", "0x1", ""] {
        let file = archive(&[pax(&[("size", wrong)]), member("app", b'0', b"x", same)]);
        assert!(refusal(&file, None).contains("damaged or truncated"), "{wrong:?}");
    }
}

#[test]
fn firmware_without_a_sum_is_no_archive() {
    // Where an archive has its sum, it is empty, and the sum of all its bytes as signed ones is zero.
    for empty in [0, b' '] {
        let mut file = vec![1; 512];
        file[148..156].fill(empty);
        file[..380].iter_mut().filter(|byte| **byte == 1).for_each(|byte| *byte = 0xFF);
        let sum = |file: &[u8]| {
            let bytes = file.iter().enumerate();
            bytes
                .map(|(at, &byte)| if (148..156).contains(&at) { 32 } else { i32::from(byte as i8) })
                .sum::<i32>()
        };
        file[400..408].fill(0xFF);
        assert_eq!(sum(&file), 0);
        assert!(contents(&file, None) == file);
    }
}

#[test]
fn a_name_for_all_members_is_not_copied_into_each() {
    let record = |name: &str| {
        let rest = name.len() + "path".len() + 3;
        let size = (rest + 1..).find(|size| size - size.to_string().len() == rest).unwrap();
        member("pax", b'g', format!("{size} path={name}\n").as_bytes(), same)
    };
    let file =
        |name: &str| archive(&[vec![record(name)], vec![member("x", b'0', b"1", same); 3000]].concat());
    assert_eq!(contents(&file("app"), Some("app")), b"1");
    assert_eq!(contents(&file(&"long".repeat(50)), None), b"1");
    let text = refusal(&file(&"long".repeat(50_000)), None);
    assert!(text.contains("gives many members the same long name"), "{text}");
}

#[test]
fn a_sum_of_signed_bytes_counts_too() {
    let mut file = tar(&[("\u{FC}", b"x")]);
    let sum: i32 = file[..512]
        .iter()
        .enumerate()
        .map(|(at, &byte)| if (148..156).contains(&at) { 32 } else { i32::from(byte as i8) })
        .sum();
    file[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    assert_eq!(contents(&file, Some("\u{FC}")), b"x");
}

#[test]
fn links_are_no_files() {
    let link = |kind: u8| {
        // Some programs write the size of what a link leads to.
        member("latest", kind, b"", |block| {
            block[124..135].copy_from_slice(b"00000001000");
            block[157..164].copy_from_slice(b"app.bin");
        })
    };
    for kind in [b'1', b'2'] {
        let file = archive(&[member("app.bin", b'0', b"1", same), link(kind)]);
        assert_eq!(contents(&file, None), b"1");
        assert!(refusal(&file, Some("latest")).contains("is a link to \"app.bin\""));
        // The link took the place of a file.
        let file =
            archive(&[member("app.bin", b'0', b"1", same), member("latest", b'0', b"0", same), link(kind)]);
        assert_eq!(contents(&file, None), b"1");
        assert!(refusal(&file, Some("latest")).contains("is a link"));
    }
    // A file that was given to tar twice.
    let twice = member("./app.bin", b'1', b"", |block| block[157..164].copy_from_slice(b"app.bin"));
    let file = archive(&[member("app.bin", b'0', b"1", same), twice]);
    assert_eq!((contents(&file, None), contents(&file, Some("app.bin"))), (b"1".to_vec(), b"1".to_vec()));
    for (kind, what) in [
        (b'3', "a device"),
        (b'5', "a folder"),
        (b'6', "a pipe"),
        (b'M', "another archive"),
        (b'?', "unknown"),
    ] {
        let file = archive(&[member("app", b'0', b"1", same), member("other", kind, b"", same)]);
        assert_eq!(contents(&file, None), b"1");
        assert!(refusal(&file, Some("other")).contains(what), "{what}");
    }
    assert!(refusal(&archive(&[member("dir/", b'5', b"", same)]), None).contains("no files"));
}

#[test]
fn holes_are_filled() {
    let many: Vec<(usize, usize)> = (0..60).map(|number| (number * 4096, 300 + number)).collect();
    for (parts, size) in
        [(&many[..], 300_000), (&many[1..3], 20_000), (&[(0, 700)], 700), (&[], 5000), (&[(9000, 0)], 9000)]
    {
        let (plain, stored, map) = holes(parts, size);
        let numbers: Vec<String> = parts
            .iter()
            .flat_map(|&(place, length)| [place, length])
            .map(|number| number.to_string())
            .collect();
        let size_text = size.to_string();
        let mut each = vec![("GNU.sparse.size", &*size_text)];
        each.extend(
            numbers
                .iter()
                .enumerate()
                .map(|(index, number)| (["GNU.sparse.offset", "GNU.sparse.numbytes"][index % 2], &**number)),
        );
        let joined = numbers.join(",");
        let together =
            [("GNU.sparse.size", &*size_text), ("GNU.sparse.name", "app"), ("GNU.sparse.map", &*joined)];
        let newest = [
            ("GNU.sparse.major", "1"),
            ("GNU.sparse.minor", "0"),
            ("GNU.sparse.name", "app"),
            ("GNU.sparse.realsize", &*size_text),
        ];
        let mut map_first = format!("{}\n", parts.len()).into_bytes();
        map_first.extend(numbers.iter().flat_map(|number| format!("{number}\n").into_bytes()));
        map_first.resize(map_first.len().next_multiple_of(512), 0);
        map_first.extend(&stored);
        let files = [
            archive(&[old_sparse("app", &stored, &map, size)]),
            archive(&[pax(&each), member("app", b'0', &stored, same)]),
            archive(&[pax(&together), member("GNUSparseFile.7/app", b'0', &stored, same)]),
            archive(&[pax(&newest), member("GNUSparseFile.7/app", b'0', &map_first, same)]),
        ];
        for (number, file) in files.iter().enumerate() {
            assert!(contents(file, Some("app")) == plain, "format {number}, {} parts", parts.len());
            assert!(contents(file, None) == plain, "format {number}");
        }
    }
}

#[test]
fn wrong_maps_of_holes_are_refused() {
    let (_, stored, _) = holes(&[(0, 10), (100, 10)], 200);
    for (map, size, why) in [
        ("0,10,5,10", "200", "overlap"),
        ("100,10,0,10", "200", "out of order"),
        ("0,10,100,11", "200", "more than is stored"),
        ("0,10,100,9", "200", "less than is stored"),
        ("0,10,195,10", "200", "beyond the end"),
        ("0,10,100", "200", "no length"),
        ("0,10,100,x", "200", "no number"),
        ("0,10,18446744073709551615,10", "200", "too large a place"),
        ("0,10,100,18446744073709551615", "200", "too large a length"),
        ("", "200", "nothing"),
        ("0,10,100,10", "5", "too small a size"),
    ] {
        let file = archive(&[
            pax(&[("GNU.sparse.size", size), ("GNU.sparse.map", map)]),
            member("app", b'0', &stored, same),
        ]);
        assert!(refusal(&file, None).contains("its map of holes is wrong"), "{why}");
    }
    for map in [
        "99999999999\n0\n10\n",
        "1\n0\n",
        "2\n0\n10\n100\n",
        "1\n0\n10",
        "\n",
        "x\n",
        "-1\n",
        "123456789012345678901234567890\n",
    ] {
        let records = [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "200")];
        let file = archive(&[pax(&records), member("app", b'0', map.as_bytes(), same)]);
        assert!(refusal(&file, None).contains("its map of holes is wrong"), "{map:?}");
    }
    // More than an image may have, of a small file.
    for size in ["1000000001", "18446744073709551615"] {
        let records = [("GNU.sparse.size", size), ("GNU.sparse.map", "0,20")];
        let file = archive(&[pax(&records), member("app", b'0', &stored, same)]);
        assert!(refusal(&file, None).contains("more than 1000000000 bytes"), "{size}");
    }
    let file = archive(&[pax(&[("GNU.sparse.major", "2")]), member("app", b'0', &stored, same)]);
    assert!(refusal(&file, None).contains("without --sparse"));
    let star = member("app", b'S', &stored, |block| block[508..512].copy_from_slice(b"tar\0"));
    assert!(refusal(&archive(&[star]), None).contains("without --sparse"));
}

#[test]
fn the_end_of_an_archive_is_looked_at() {
    let file = tar(&[("one", b"1")]);
    assert!(packing(&file, None).notes.is_empty());
    let notes = packing(&file[..1024], None).notes;
    assert_eq!(notes, ["the archive has no mark of its end: it may be truncated"]);
    let joined = [&file[..], &tar(&[("two", b"2")])].concat();
    assert_eq!(packing(&joined, None).notes, ["what is behind the end of the archive is ignored"]);
    assert_eq!(contents(&joined, None), b"1");
    for cut in [1, 511, 513, 700] {
        let longer = tar(&[("one", b"1"), ("two", &[2; 600])]);
        assert!(refusal(&longer[..1024 + cut], Some("one")).contains("damaged or truncated"), "{cut}");
    }
    let mut wrong = tar(&[("one", b"1"), ("two", b"2")]);
    wrong[1024] ^= 1;
    assert!(refusal(&wrong, Some("one")).contains("the checksum of a header is wrong"));
    wrong[0] ^= 1;
    wrong[257..262].copy_from_slice(b"ustar");
    assert!(refusal(&wrong, Some("one")).contains("damaged or truncated"));
    let file = archive(&[member("one", b'0', b"1", same), pax(&[("path", "x")])]);
    assert!(refusal(&file, None).contains("the member of its last header is missing"));
}
