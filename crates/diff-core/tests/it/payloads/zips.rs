//! Zip archives of all kinds: with something before and behind them, and with entries that are not opened.

use super::{contents, packing, refusal};
use smidgen_diff::input::{Reading, read};
use testkit::archives::{Put, gzip, text, zip};

/// The place of the record at the end.
fn end_of(file: &[u8]) -> usize {
    file.windows(4).rposition(|four| four == b"PK\x05\x06").unwrap()
}

/// The place of the first record of the directory.
fn record_of(file: &[u8]) -> usize {
    file.windows(4).position(|four| four == b"PK\x01\x02").unwrap()
}

pub(super) fn with_comment(mut file: Vec<u8>, comment: &[u8]) -> Vec<u8> {
    let at = file.len() - 2;
    file[at..].copy_from_slice(&(comment.len() as u16).to_le_bytes());
    file.extend_from_slice(comment);
    file
}

/// The same archive with the ends of zip64 before its end, which says that they count.
pub(super) fn large(mut file: Vec<u8>) -> Vec<u8> {
    let end = end_of(&file);
    let word = |at: usize| u64::from(u32::from_le_bytes(file[at..at + 4].try_into().unwrap()));
    let (size, offset) = (word(end + 12), word(end + 16));
    let count = u64::from(file[end + 10]);
    let mut ends = b"PK\x06\x06".to_vec();
    ends.extend(44u64.to_le_bytes());
    ends.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for number in [count, count, size, offset] {
        ends.extend(number.to_le_bytes());
    }
    ends.extend(b"PK\x06\x07\0\0\0\0");
    ends.extend((end as u64).to_le_bytes());
    ends.extend(1u32.to_le_bytes());
    file[end + 8..end + 20].fill(0xFF);
    file.splice(end..end, ends);
    file
}

#[test]
fn scripts_are_firmware_or_stand_before_an_archive() {
    let script = b"#!/bin/sh\nunzip -q \"$0\" && exec ./install # \xC3\xA9\n";
    for file in [script.to_vec(), gzip(script), zip(&[("update.sh", Put::Deflated, script)])] {
        assert!(contents(&file, None) == script);
    }
    let plain = text(1);
    for put in [Put::Stored, Put::Deflated] {
        let file = [&script[..], &zip(&[("app.bin", put, &plain)])].concat();
        assert!(contents(&file, None) == plain);
    }
    let sealed = [&script[..], b"\x1F\x8B\x08\0\xFF"].concat();
    for file in [sealed.clone(), gzip(&sealed)] {
        assert!(refusal(&file, None).contains("a script"));
    }
}

#[test]
fn archives_are_found_behind_a_program() {
    let plain = text(1);
    let file = zip(&[("app.bin", Put::Deflated, &plain), ("notes", Put::Stored, b"x")]);
    let stub = [b"MZ\x90".to_vec(), vec![0x90; 5000]].concat();
    for file in [file.clone(), large(file)] {
        let program = [&stub[..], &file].concat();
        assert!(contents(&program, Some("app.bin")) == plain);
        assert!(packing(&program, Some("notes")).notes[0].contains("the archive follows something else"));
        let commented = with_comment(program, b"signed PK\x05\x06 by nobody, with the mark of an end in it");
        assert!(contents(&commented, Some("app.bin")) == plain);
        // Firmware that holds an archive, or a program that looks for the mark of its end, is firmware.
        for comment in [b"\xFF\xFF", b"\x01\0"] {
            let firmware =
                [&[0x90; 5000], &b"PK\x05\x06 0123456789abcde"[..], comment, b"more code"].concat();
            assert!(contents(&firmware, None) == firmware);
        }
        let firmware = [&[0x90; 5000], &b"PK\x05\x06"[..], &[0; 300]].concat();
        assert!(contents(&firmware, None) == firmware);
        let firmware = [&[0x90; 5000], &file[..], b"more code"].concat();
        assert!(contents(&firmware, None) == firmware);
    }
}

#[test]
fn what_is_behind_an_archive_that_extracts_itself_does_not_matter() {
    let plain = text(1);
    let file = zip(&[("app.bin", Put::Deflated, &plain)]);
    let stubs =
        [b"MZ\x90".repeat(1000), b"#!/bin/sh\nexec unzip \"$0\"\n".to_vec(), b"\x7FELF\x02\x01".repeat(500)];
    for (index, stub) in stubs.iter().enumerate() {
        for file in [file.clone(), large(file.clone()), with_comment(file.clone(), b"a comment")] {
            let program = [&stub[..], &file].concat();
            for behind in [&b"\n"[..], b"\r\n\x1A", &[0; 512], b""] {
                let found = [&program[..], behind].concat();
                assert!(contents(&found, None) == plain, "{index}, {behind:?}");
                let ignored = behind.iter().any(|&byte| byte != 0);
                assert_eq!(
                    packing(&found, None).notes.len(),
                    1 + usize::from(ignored),
                    "{index}, {behind:?}"
                );
            }
            // A program for Windows has a signature there; other bytes may be firmware that holds an archive.
            let signed = [&program[..], b"x"].concat();
            if index < 2 {
                assert!(contents(&signed, None) == plain, "{index}");
                assert!(
                    packing(&signed, None).notes[1].contains("the 1 bytes behind the archive are ignored")
                );
            } else {
                assert!(contents(&signed, None) == signed);
            }
        }
        // Of a comment, the end may be missing.
        let commented = with_comment([&stub[..], &file].concat(), b"a long comment");
        assert!(contents(&commented[..commented.len() - 5], None) == plain, "{index}");
    }
}

#[test]
fn firmware_that_ends_with_an_archive_is_firmware() {
    let pages = zip(&[("index.html", Put::Deflated, &text(1))]);
    let firmware = [&testkit::firmware(2)[..], &pages].concat();
    for firmware in [firmware.clone(), gzip(&firmware)] {
        assert!(contents(&firmware, None) == [&testkit::firmware(2)[..], &pages].concat());
    }
    let found = read(&firmware, &Reading::default().with_payload(true)).unwrap();
    assert!(*found.bytes == firmware && found.notes[0].contains("it has a zip archive inside"));
    // Unless the archive is meant.
    assert!(contents(&firmware, Some("index.html")) == text(1));
    for program in [&b"MZ\x90"[..], b"\x7FELF\x02\x01", b"#!/bin/sh\n\xFF"] {
        assert!(contents(&[program, &pages].concat(), None) == text(1), "{program:?}");
    }
}

#[test]
fn of_joined_archives_the_last_is_taken_with_a_note() {
    let [one, two] = [1, 2].map(|seed| zip(&[("app.bin", Put::Deflated, &text(seed))]));
    let both = [one, two].concat();
    assert!(contents(&both, None) == text(2));
    assert!(packing(&both, None).notes[0].contains("follows something else"));
}

#[test]
fn offsets_may_count_the_program_before_them() {
    let plain = text(2);
    let file = zip(&[("app.bin", Put::Deflated, &plain)]);
    let mut program = [&b"MZ"[..], &[0x90; 2998], &file].concat();
    for at in [3000 + end_of(&file) + 16, 3000 + record_of(&file) + 42] {
        let offset = u32::from_le_bytes(program[at..at + 4].try_into().unwrap()) + 3000;
        program[at..at + 4].copy_from_slice(&offset.to_le_bytes());
    }
    assert!(contents(&program, None) == plain);
}

#[test]
fn comments_and_what_is_behind_an_archive_do_not_matter() {
    let plain = text(3);
    for file in [zip(&[("app", Put::Described, &plain)]), large(zip(&[("app", Put::Zip64, &plain)]))] {
        assert!(contents(&file, None) == plain);
        let comment = [b"PK\x05\x06".repeat(5), vec![b'x'; 60_000]].concat();
        assert!(contents(&with_comment(file.clone(), &comment), None) == plain);
        assert!(packing(&with_comment(file.clone(), &comment), None).notes.is_empty());
        let padded = [&file[..], &[0; 1000]].concat();
        assert!(contents(&padded, None) == plain && packing(&padded, None).notes.is_empty());
        let longer = [&file[..], b"a signature"].concat();
        assert!(contents(&longer, None) == plain);
        assert_eq!(packing(&longer, None).notes, ["the 11 bytes behind the archive are ignored"]);
        // The mark of an end in a comment, with what would be the number of a part.
        let marked = [&with_comment(file.clone(), b"PK\x05\x06 by nobody, and so on"), &b"\n"[..]].concat();
        assert!(contents(&marked, None) == plain);
        assert!(contents(&[b"MZ\x90", &marked[..]].concat(), None) == plain);
    }
}

#[test]
fn names_may_be_written_as_on_windows() {
    let file = zip(&[
        ("boot\\app.bin", Put::Stored, b"old"),
        ("x", Put::Stored, b"x"),
        ("boot/app.bin", Put::Stored, b"new"),
    ]);
    assert_eq!(contents(&file, Some("boot/app.bin")), b"new");
}

#[test]
fn entries_that_are_no_files_are_not_taken() {
    let mut file = zip(&[("app", Put::Stored, b"target"), ("other", Put::Stored, b"1")]);
    let record = record_of(&file);
    // A symbolic link of Unix.
    file[record + 38..record + 42].copy_from_slice(&(0o12_0777u32 << 16).to_le_bytes());
    assert_eq!(contents(&file, None), b"1");
    assert!(refusal(&file, Some("app")).contains("a symbolic link, and no file"));
    // What zip read from a pipe or a socket.
    for kind in [0o01_0600u32, 0o14_0777] {
        file[record + 38..record + 42].copy_from_slice(&(kind << 16).to_le_bytes());
        assert_eq!(contents(&file, Some("app")), b"target");
    }
    assert!(refusal(&zip(&[("dir/", Put::Stored, b"")]), None).contains("no files"));
    assert!(refusal(&zip(&[]), None).contains("no files"));
}

#[test]
fn methods_that_are_not_opened_are_named() {
    let good = zip(&[("app", Put::Deflated, &text(5))]);
    for (method, name) in [
        (9, "deflate64"),
        (12, "bzip2"),
        (14, "lzma"),
        (93, "zstd"),
        (95, "xz"),
        (98, "ppmd"),
        (1, "method 1"),
    ] {
        let mut file = good.clone();
        let record = record_of(&file);
        file[record + 10] = method;
        let text = refusal(&file, None);
        assert!(
            text.contains(&format!("compressed by {name}")) && text.contains("unpack the archive first"),
            "{text}"
        );
    }
    for (flag, at) in [(1, 8), (0x20, 9)] {
        let mut file = good.clone();
        let record = record_of(&file);
        file[record + at] |= flag;
        assert!(refusal(&file, None).contains("encrypted"));
    }
}

#[test]
fn what_the_directory_says_must_be_so() {
    let good = zip(&[("app", Put::Deflated, &text(6)), ("raw", Put::Stored, b"raw bytes")]);
    let (record, end) = (record_of(&good), end_of(&good));
    let changed = |at: usize, bytes: &[u8]| {
        let mut file = good.clone();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        file
    };
    for (at, bytes, why) in [
        (record + 16, &b"\0\0\0\0"[..], "its checksum or its length"),
        (record + 20, b"\x05\0\0\0", "its deflate stream"),
        (record + 24, b"\x05\0\0\0", "its deflate stream"),
        (record + 42, b"\x01\0\0\0", "where the directory says"),
        (record + 42, b"\xF0\xFF\xFF\xFF", "where the directory says"),
        (record + 46, b"b", "no entry"),
        (30, b"b", "where the directory says"),
        (record + 28, b"\xFF\xFF", "damaged or truncated"),
        (end + 10, b"\x07\0", "not as many entries"),
        (end + 16, b"\xF0\xFF\xFF\x7F", "the directory at its end is missing"),
        (end + 12, b"\xF0\xFF\xFF\x7F", "the directory at its end is missing"),
        (end + 4, b"\x02\0", "in several files"),
        (record + 24, b"\0\0\0\x7F", "more than 1000000000 bytes"),
        (record + 24, b"\xFF\xFF\xFF\xFF", "damaged or truncated"),
    ] {
        let text = refusal(&changed(at, bytes), Some("app"));
        assert!(text.contains(why), "{why:?} in {text}");
    }
    assert!(refusal(&good[..end], None).contains("the directory at its end is missing"));
    assert!(refusal(&[&b"PK\x07\x08"[..], &good].concat(), None).contains("in several files"));
}

#[test]
fn a_bomb_is_refused_before_it_is_expanded() {
    // It says that it has no more than an image may have.
    let plain = vec![0; 3_000_000];
    let mut file = zip(&[("app", Put::Deflated, &plain)]);
    let record = record_of(&file);
    file[record + 24..record + 28].copy_from_slice(&1000u32.to_le_bytes());
    assert!(refusal(&file, None).contains("larger than it says"));
}
