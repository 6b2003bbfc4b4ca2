//! Archives cut anywhere and with any byte changed: an error or the right contents, and no panic.

use super::tars::{archive, holes, member, old_sparse, pax};
use super::zips::{large, with_comment};
use smidgen_diff::archive::payload;
use testkit::Random;
use testkit::archives::{Put, gzip, tar, zip};

/// Small files of all kinds, and what is in each.
fn samples() -> Vec<(Vec<u8>, Vec<u8>)> {
    let plain = b"firmware, firmware, and more firmware".repeat(9);
    let (holed, stored, map) =
        holes(&[(0, 100), (700, 33), (1500, 7), (1600, 1), (1700, 1), (1999, 1)], 2000);
    let numbers = "0,100,700,33,1500,7,1600,1,1700,1,1999,1";
    let in_records = [("GNU.sparse.size", "2000"), ("GNU.sparse.map", numbers)];
    let newest = [("GNU.sparse.major", "1"), ("GNU.sparse.name", "app"), ("GNU.sparse.realsize", "2000")];
    let mut map_first = format!("6\n{}\n", numbers.replace(',', "\n")).into_bytes();
    map_first.resize(512, 0);
    map_first.extend(&stored);
    let entries: [(&str, Put, &[u8]); 2] = [("dir/", Put::Stored, b""), ("app", Put::Deflated, &plain)];
    vec![
        (gzip(&plain), plain.clone()),
        ([gzip(&plain[..50]), gzip(&plain[50..])].concat(), plain.clone()),
        (gzip(&tar(&[("app", &plain)])), plain.clone()),
        (tar(&[("app", b"old"), ("./app", &plain)]), plain.clone()),
        (archive(&[pax(&[("path", "app")]), member("x", b'0', &plain, |_| {})]), plain.clone()),
        (archive(&[member("L", b'L', b"app\0", |_| {}), member("x", b'0', &plain, |_| {})]), plain.clone()),
        (archive(&[old_sparse("app", &stored, &map, 2000)]), holed.clone()),
        (archive(&[pax(&in_records), member("app", b'0', &stored, |_| {})]), holed.clone()),
        (archive(&[pax(&newest), member("x", b'0', &map_first, |_| {})]), holed),
        (zip(&entries), plain.clone()),
        (large(zip(&[("app", Put::Zip64, &plain)])), plain.clone()),
        (with_comment(zip(&[("app", Put::Described, &plain)]), b"PK\x05\x06 a comment"), plain.clone()),
        (zip(&[("app", Put::Stored, &plain)]), plain.clone()),
        ([b"MZ a stub".to_vec(), zip(&entries)].concat(), plain),
    ]
}

#[test]
fn a_part_of_a_file_is_refused_or_has_all_contents() {
    for (number, (file, plain)) in samples().into_iter().enumerate() {
        assert!(*payload(&file, None).unwrap().bytes == *plain, "{number}");
        // A program before an archive, and the first block of tar without a mark, are just bytes.
        let least = match &file[..2] {
            b"MZ" => file.len(),
            b"PK" | b"\x1F\x8B" => 6,
            _ if file[257..262] == *b"ustar" => 262,
            _ => 512,
        };
        for end in 0..file.len() {
            let Ok(found) = payload(&file[..end], None) else { continue };
            match found.packing {
                Some(packing) => {
                    // Of two members, the first may be all that is left: of files of one name a note says so.
                    let note = !packing.notes.is_empty();
                    let older = *found.bytes == *b"old" && note
                        || packing.format == "gzip" && found.bytes.len() == 50;
                    assert!(*found.bytes == *plain || older, "{number} up to {end}");
                }
                // What it was cannot be known.
                None => assert!(end < least, "{number} up to {end}"),
            }
        }
    }
}

#[test]
fn changed_bytes_never_panic() {
    let mut random = Random::new(1);
    for (file, _) in samples() {
        for at in 0..file.len() {
            for change in [1, 0x80, 0xFF, random.below(255) as u8 + 1] {
                let mut file = file.clone();
                file[at] ^= change;
                let _ = payload(&file, None);
                let _ = payload(&file, Some("app"));
            }
        }
    }
}
