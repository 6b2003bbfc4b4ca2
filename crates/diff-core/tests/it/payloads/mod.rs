//! Payloads: what is taken out of compressed files and archives, and what is refused.

mod damaged;
mod tars;
mod zips;

use smidgen_diff::archive::{Packing, PayloadError, payload};
use smidgen_diff::input::{Format, Reading, read, read_named};
use std::path::Path;
use testkit::archives::{Put, gzip, tar, text, zip};

/// The payload of a file that has one.
fn contents(file: &[u8], entry: Option<&str>) -> Vec<u8> {
    payload(file, entry).unwrap().bytes.into_owned()
}

fn packing(file: &[u8], entry: Option<&str>) -> Packing {
    payload(file, entry).unwrap().packing.unwrap()
}

fn refusal(file: &[u8], entry: Option<&str>) -> String {
    payload(file, entry).unwrap_err().to_string()
}

#[test]
fn payloads_of_everything() {
    let plain = text(17);
    let archive = tar(&[("bin/app", &plain), ("other", b"x")]);
    assert_eq!(contents(&gzip(&plain), None), plain);
    assert_eq!(contents(&gzip(&archive), Some("bin/app")), plain);
    assert_eq!(contents(&archive, Some("./bin/app")), plain);
    for put in [Put::Stored, Put::Deflated, Put::Described, Put::Zip64] {
        let file = zip(&[("app.bin", put, &plain), ("dir/", Put::Stored, b"")]);
        assert_eq!(contents(&file, None), plain, "{put:?}");
        assert_eq!(contents(&file, Some("app.bin")), plain, "{put:?}");
    }
    let several = zip(&[("a", Put::Deflated, &plain), ("b", Put::Encrypted, &plain)]);
    assert!(payload(&several, None).is_err());
    assert!(refusal(&several, Some("b")).contains("encrypted"));
    assert!(refusal(&several, Some("c")).contains("a, b"));
}

#[test]
fn a_plain_file_is_its_own_payload() {
    let firmware = [1, 2].map(testkit::firmware);
    for plain in firmware.into_iter().chain([b"plain".to_vec(), vec![], vec![0; 2000], vec![0xFF; 2000]]) {
        let found = payload(&plain, None).unwrap();
        assert!(found.packing.is_none() && *found.bytes == *plain);
        // It may stand beside an archive with this entry.
        assert_eq!(payload(&plain, Some("x")).unwrap(), found);
    }
    // What is in a compressed file has no name: to take it would be a guess.
    assert_eq!(payload(&gzip(b"one file"), Some("x")), Err(PayloadError::NoArchive));
}

#[test]
fn the_last_of_a_name_is_taken() {
    let (old, new) = (text(1), text(2));
    for other in ["app.bin", "./app.bin", "/app.bin", ".//app.bin"] {
        let archive = tar(&[("app.bin", &old), ("notes", b"x"), (other, &new)]);
        let zipped = zip(&[
            ("app.bin", Put::Stored, &old),
            ("notes", Put::Stored, b"x"),
            (other, Put::Deflated, &new),
        ]);
        for file in [&archive, &gzip(&archive), &zipped] {
            assert!(contents(file, Some("app.bin")) == new, "{other}");
            assert!(refusal(file, None).contains("2 files"), "{other}");
        }
        // Alone, it needs no name.
        assert!(contents(&tar(&[("app.bin", &old), (other, &new)]), None) == new);
    }
}

#[test]
fn what_follows_a_gzip_stream_is_ignored_with_a_note() {
    let plain = text(3);
    let members = [gzip(&plain[..100]), gzip(&plain[100..]), vec![0; 9]].concat();
    assert!(contents(&members, None) == plain);
    assert!(packing(&members, None).notes.is_empty());
    for behind in
        [&b"{ \"metadata_version\": \"1.1\" }"[..], b"\0\0x", b"PK\x05\x06", b"\x1F\x8Bx", b"\x1F\x8C"]
    {
        for (plain, format) in [(plain.clone(), "gzip"), (tar(&[("app", &plain)]), "tar.gz")] {
            let file = [&gzip(&plain), behind].concat();
            let packing = packing(&file, None);
            assert_eq!(packing.format, format);
            assert_eq!(
                packing.notes,
                [format!("the {} bytes behind the gzip stream are ignored", behind.len())]
            );
        }
    }
    // A member that was cut off is no junk.
    for cut in [1, 2, 3, 10, 18, 30] {
        let file = [gzip(&plain), gzip(&plain)[..cut].to_vec()].concat();
        assert!(refusal(&file, None).contains("damaged or truncated"), "{cut}");
    }
}

#[test]
fn damage_to_a_gzip_file_is_noticed() {
    let file = gzip(b"some bytes of firmware");
    for back in 1..=8 {
        let mut file = file.clone();
        let at = file.len() - back;
        file[at] ^= 1;
        assert!(refusal(&file, None).contains("checksum or the length"), "{back}");
    }
}

#[test]
fn what_cannot_be_opened_is_refused_by_name() {
    let files: [(&[u8], &str, &str); 14] = [
        (b"\xFD7zXZ\0\0\x04", "an xz file", "xz -d"),
        (b"BZh91AY&SY\x01", "a bzip2 file", "bzip2 -d"),
        (b"\x28\xB5\x2F\xFD\x04\0", "a zstd file", "zstd -d"),
        (b"\x50\x2A\x4D\x18\x04\0\0\0", "a zstd file", "zstd -d"),
        (b"\x5D\0\0\x80\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\x21", "an lzma file", "xz -d --format=lzma"),
        (b"7z\xBC\xAF\x27\x1C\0\x04", "a 7z archive", "7z x"),
        (b"Rar!\x1A\x07\x01\0", "a rar archive", "unrar x"),
        (b"\x04\x22\x4D\x18\x40", "an lz4 file", "lz4 -d"),
        (b"LZIP\x01\x0C", "an lzip file", "lzip -d"),
        (b"070701000", "a cpio archive", "cpio -i"),
        (b"!<arch>\ndebian-binary", "a Debian package", "ar x"),
        (b"\x1F\x9D\x90x", "a .Z file", "gzip -d"),
        (b"Salted__12345678", "OpenSSL encrypted", "openssl enc -d"),
        (b"#!/bin/sh\nexit\n\x80", "a script", "--help"),
    ];
    for (start, what, command) in files {
        let file = [start, &text(1)].concat();
        let text = refusal(&file, None);
        assert!(text.contains(what) && text.contains(command) && text.contains("not opened"), "{text}");
        assert_eq!(refusal(&file, Some("app")), text);
        // Nor is it taken out of another file, as if devices stored it.
        for file in [gzip(&file), tar(&[("app", &file)]), zip(&[("app", Put::Deflated, &file)])] {
            let text = refusal(&file, None);
            assert!(text.contains(what) && text.contains("unpack this file first"), "{text}");
        }
    }
    let stream = testkit::archives::zlib(&text(1));
    assert!(refusal(&stream, None).contains("a zlib stream"));
}

#[test]
fn what_is_packed_twice_is_refused() {
    let plain = text(4);
    let once = [
        ("a gzip file", gzip(&plain)),
        ("a tar archive", tar(&[("app", &plain)])),
        ("a zip archive", zip(&[("app", Put::Stored, &plain)])),
    ];
    for (what, inner) in &once {
        let named =
            [tar(&[("fw", inner)]), gzip(&tar(&[("fw", inner)])), zip(&[("fw", Put::Deflated, inner)])];
        for file in &named {
            let text = refusal(file, Some("fw"));
            assert!(text.contains(&format!("its contents, \"fw\", are {what}")), "{text}");
        }
    }
    assert!(refusal(&gzip(&gzip(&plain)), None).contains("its contents are a gzip file"));
}

#[test]
fn names_of_strangers_are_escaped() {
    let archive = tar(&[("a\x1b[31m", b"1"), ("b\n", b"2")]);
    for error in [payload(&archive, None), payload(&archive, Some("c\r"))] {
        let text = error.unwrap_err().to_string();
        assert!(!smidgen_diff::has_control(&text) && text.contains("a\\u001b[31m, b\\n"), "{text}");
    }
}

#[test]
fn payloads_are_images_of_all_formats() {
    let hex = b":024142006162B8\n:00000001FF\n";
    let reading = Reading::default().with_payload(true);
    for file in [gzip(hex), tar(&[("a.hex", hex)]), zip(&[("a.hex", Put::Deflated, hex)]), hex.to_vec()] {
        let flat = read(&file, &reading).unwrap();
        assert_eq!(*flat.bytes, *b"ab");
        assert_eq!(flat.record.unwrap().format, Format::Hex);
    }
    let file = zip(&[("a.hex", Put::Deflated, hex), ("b", Put::Stored, b"plain")]);
    assert!(read(&file, &reading).unwrap_err().to_string().contains("no payload: the archive has 2 files"));
    let flat = read(&file, &reading.with_payload_entry(Some("b".to_owned()))).unwrap();
    assert_eq!((&*flat.bytes, flat.record), (&b"plain"[..], None));
    let packing = flat.packing.unwrap();
    assert_eq!((packing.format, packing.entry.as_deref()), ("zip", Some("b")));
    assert_eq!(read(&file, &Reading::default()).unwrap().packing, None);
}

#[test]
fn a_file_that_is_named_as_packed_must_be_so() {
    let reading = Reading::default().with_payload(true);
    for name in ["fw.gz", "dir/fw.tar.GZ", "fw.tar", "fw.zip", "fw.br", "fw.lzma", "fw.cpio"] {
        let read = |reading: &Reading| read_named(b"any bytes", Path::new(name), reading);
        let text = read(&reading).unwrap_err().to_string();
        assert!(text.starts_with("no payload: its name ends with .") && text.contains("raw"), "{text}");
        let plain = [Reading::default(), reading.clone().with_format(Some(Format::Raw))];
        plain.iter().for_each(|reading| assert_eq!(*read(reading).unwrap().bytes, *b"any bytes"));
    }
    assert!(read_named(b"any bytes", Path::new("fw.bin"), &reading).is_ok());
}

#[test]
fn the_name_of_what_is_in_an_archive_says_its_format() {
    let reading = Reading::default().with_payload(true);
    let broken = b":024142006162B9\n:00000001FF\n";
    let refusal = |file: &[u8], name: &str| {
        read_named(file, Path::new(name), &reading).err().map(|error| error.to_string()).unwrap_or_default()
    };
    for name in ["fw.hex", "boot/FW.HEX", "fw.elf"] {
        let file = zip(&[(name, Put::Deflated, b"no such format")]);
        assert!(refusal(&file, "fw.zip").contains("name"), "{name}");
        assert!(read(&file, &reading).is_err());
        let raw = reading.clone().with_format(Some(Format::Raw));
        assert!(read_named(&file, Path::new("fw.zip"), &raw).is_ok());
    }
    assert!(refusal(&gzip(b"no such format"), "dir/fw.hex.gz").contains("name"));
    assert!(refusal(&gzip(broken), "fw.gz").contains("Intel HEX, line 1"));
    // The name of an archive says nothing of what is in it.
    assert_eq!(refusal(&gzip(b"any bytes"), "fw.hex"), "");
    assert_eq!(refusal(&tar(&[("fw.bin", b"any bytes")]), "fw.hex"), "");
}
