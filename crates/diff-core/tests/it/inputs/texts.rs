//! Texts of records as tools and people leave them: comments, marks, line ends and counts.

use std::path::Path;

use proptest::prelude::*;
use smidgen_diff::input::{Format, InputError, Reading, read, read_named};
use testkit::builds::{hex, hex_record, srec, srec_record};
use testkit::noise;

use super::{flat, record};

/// A text of each format, with LF, and what it is in flash.
fn texts() -> ([(Format, String); 2], Vec<u8>) {
    let data = noise(600, 256, 7);
    let pieces = [(0x0800_0000, data.as_slice())];
    let hex = hex(&pieces).replace("\r\n", "\n");
    ([(Format::Hex, hex), (Format::Srec, srec(&pieces, 3))], data)
}

#[test]
fn comments_marks_and_line_ends_change_nothing() {
    let ([hex, srec], data) = texts();
    for (format, text) in [hex, srec] {
        let with = |before: &str, after: &str| format!("{before}{text}{after}");
        let each_line = |begin: &str, end: &str| {
            text.lines().map(|line| format!("{begin}{line}{end}")).collect::<String>()
        };
        let files = [
            with("; device = mk3\n", ""),
            with("# build 202401011230\n// (c) ACME 2024\n\n/* of\n * many lines\n */\n", ""),
            with("Firmware of the S12X: version 1.2, 20240101123000\n@ 17\nBuild:20240101123000\n", ""),
            with("\u{feff}", ""),
            with("\u{feff}\r\n; x\r\n", "\r\n\r\n"),
            with("", "\u{1a}"),
            with("", "\u{1a}\u{1a}\0\0\r\n"),
            with("", "; the end\n/* signed by the build */\n"),
            with("\n \t\n", "\n\n  \n"),
            text.replace('\n', "\r"),
            text.replace('\n', "\r\n"),
            text.replace('\n', " \t \r\n"),
            text.trim_end().to_owned(),
            text.to_lowercase(),
            each_line("  ", "\n"),
            each_line("; of this line\n", "\n"),
            each_line("", " ; vectors\n"),
            each_line("", "\n\n\n"),
        ];
        for file in files {
            let found = flat(file.as_bytes());
            let shown = file.get(..60);
            assert!(*found.bytes == data, "{format} {shown:?}");
            assert_eq!(found.record.unwrap().format, format, "{shown:?}");
        }
        // Comments in another code than UTF-8.
        let latin = [b"; \xA9 ACME\n", text.as_bytes()].concat();
        assert!(*flat(&latin).bytes == data);
        let noted = record(with("; a\n\n; b\n", "").as_bytes());
        assert_eq!(noted.notes, ["2 lines are no records and were passed over, the first is line 1"]);
        let one = record(with("", "; a\n").as_bytes()).notes.remove(0);
        assert!(one.starts_with("1 line is no record and was passed over, the first is line "), "{one}");
    }
}

#[test]
fn a_text_with_an_example_of_records_is_no_firmware() {
    let hex = "# How to flash\n\n    :040000006162636472\n    :00000001FF\n\nand wait\n";
    let srec = "#!/bin/sh\nset -e\n\ncd firmware\nflash <<END\nS1070000616263646E\nS9030000FC\nEND\n";
    for (format, text) in [(Format::Hex, hex), (Format::Srec, srec)] {
        let found = read(text.as_bytes(), &Reading::default()).unwrap_err().to_string();
        assert!(found.contains("lines are records"), "{found}");
        assert!(found.contains(&format!("--input-format {}", format.name())), "{found}");
        assert_eq!(*read(text.as_bytes(), &Reading::of(format)).unwrap().bytes, *b"abcd");
        let name = Path::new(if format == Format::Hex { "a.hex" } else { "a.S19" });
        assert_eq!(*read_named(text.as_bytes(), name, &Reading::default()).unwrap().bytes, *b"abcd");
    }
}

#[test]
fn damaged_records_are_no_comments() {
    let ([hex, srec], _) = texts();
    for (format, text) in [hex, srec] {
        let lines: Vec<&str> = text.lines().collect();
        let third = lines[3];
        let damaged = [
            format!(";{}", &third[1..]),
            third[1..].to_owned(),
            format!("> {third}"),
            format!("\"{third}\","),
            format!("{}\n{}", &third[..20], &third[20..]),
            format!("{third}{third}"),
            third.replace(&third[10..12], "zz"),
            format!("{} {}", &third[..20], &third[20..]),
            format!("{}\u{1}{}", &third[..20], &third[20..]),
        ];
        for line in damaged {
            for head in ["", "; a comment first\n"] {
                let file = format!("{head}{}", text.replacen(third, &line, 1));
                let error = read(file.as_bytes(), &Reading::default()).expect_err(&line);
                assert!(
                    matches!(error, InputError::Line { format: of, .. } if of == format),
                    "{line:?}: {error}"
                );
            }
        }
        // All lines quoted: not one is a record.
        let quoted: String = lines.iter().map(|line| format!("> {line}\n")).collect();
        assert!(read(quoted.as_bytes(), &Reading::default()).is_err());
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect();
        for file in [wide, marked] {
            let error = read(&file, &Reading::default()).unwrap_err().to_string();
            assert!(error.contains("UTF-16: save it as ASCII or UTF-8"), "{error}");
        }
    }
}

#[test]
fn joined_hex_files_are_refused() {
    let one = hex(&[(0, b"one")]);
    let error = read((one.clone() + &one).as_bytes(), &Reading::default()).unwrap_err().to_string();
    assert!(error.contains("there is more after the end record"), "{error}");
}

#[test]
fn counts_end_s_records() {
    let header = srec_record(0, &[0, 0], b"HDR");
    let row = |at: u8, data: &[u8]| srec_record(1, &[0, at], data);
    let rows = row(0, b"abcd") + &row(4, b"efgh");
    let ends = |end: &str| {
        let file = format!("{header}{rows}{end}");
        read(file.as_bytes(), &Reading::default()).map(|flat| flat.bytes.into_owned())
    };
    for end in [
        srec_record(5, &[0, 2], &[]),
        srec_record(6, &[0, 0, 2], &[]),
        srec_record(9, &[0, 0], &[]),
        srec_record(5, &[0, 2], &[]) + &srec_record(9, &[0, 0], &[]),
        srec_record(5, &[0, 2], &[]) + &header + "; the end\n",
    ] {
        assert_eq!(ends(&end).unwrap(), b"abcdefgh", "{end}");
    }
    for end in [
        srec_record(5, &[0, 3], &[]),
        srec_record(6, &[0, 0, 1], &[]),
        String::new(),
        header.clone(),
        srec_record(5, &[0, 2], &[]) + &row(8, b"ijkl"),
    ] {
        assert!(ends(&end).is_err(), "{end}");
    }
    // Headers may come again, and so may starts in HEX.
    let again =
        format!("{header}{header}{}{header}{}{}", row(0, b"ab"), row(2, b"cd"), srec_record(9, &[0, 0], &[]));
    assert_eq!(&*flat(again.as_bytes()).bytes, b"abcd");
    let starts = hex_record(0, 3, &[0x12, 0x34, 0, 5]) + &hex_record(0, 5, &[0, 0, 1, 0]);
    let text = starts + &hex_record(0, 0, b"ab") + &hex_record(0, 1, &[]);
    assert_eq!((&*flat(text.as_bytes()).bytes, record(text.as_bytes()).entry), (&b"ab"[..], Some(0x100)));
}

#[test]
fn other_texts_are_plain_bytes_and_said_to_be_texts() {
    let texts: [&[u8]; 7] = [
        b"# Firmware\nBuild it with make, flash it with S3 tools.\n",
        b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  v1.hex\n",
        b"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n",
        b"<html><body>404: not found</body></html>",
        b"@F000\n31 40 00 24\nq\n",
        "{\"name\": \"ä and ö\"}".as_bytes(),
        b"a:0102030405060708090a\nb:0102030405060708090a\n",
    ];
    for text in texts {
        let found = flat(text);
        assert!(found.is_text && found.record.is_none() && *found.bytes == *text, "{text:?}");
        assert!(!read(text, &Reading::of(Format::Raw)).unwrap().is_text);
    }
    let table: Vec<u8> = (0x20..0x7Fu16).flat_map(u16::to_be_bytes).collect();
    for file in [&b""[..], b"text\0", &noise(300, 256, 3), b"abc", b"S1", &[b'A'; 5000], &table] {
        assert!(!flat(file).is_text);
    }
}

#[test]
fn names_say_formats() {
    let ([hex, srec], data) = texts();
    let named = |name: &str, file: &[u8]| {
        read_named(file, Path::new(name), &Reading::default()).map(|flat| flat.bytes.into_owned())
    };
    let readme = b"# Firmware\nFlash it.\n";
    for (name, format) in [
        ("a.hex", Format::Hex),
        ("a.HEX", Format::Hex),
        ("dir.bin/a.ihex", Format::Hex),
        ("a.mcs", Format::Hex),
        ("a.S19", Format::Srec),
        ("a.srec", Format::Srec),
        ("a.mot", Format::Srec),
        ("a.elf", Format::Elf),
        ("a.axf", Format::Elf),
        ("a.uf2", Format::Uf2),
    ] {
        for file in [&readme[..], &data, b"", &data[..1]] {
            let error = named(name, file).unwrap_err();
            assert!(
                matches!(&error, InputError::Name { format: of, .. } if *of == format),
                "{name}: {error}"
            );
            assert!(
                error.to_string().starts_with(&format!("its name says {format}, but it is none: ")),
                "{error}"
            );
            assert_eq!(read_named(file, Path::new(name), &Reading::of(Format::Raw)).unwrap().bytes, file);
        }
        if matches!(format, Format::Hex | Format::Srec) {
            for file in [&readme[..], b"\r\n\r\n", &[0; 4096], &[0xFF; 4096]] {
                let error = named(name, file).unwrap_err().to_string();
                assert!(!error.contains("cut off"), "{error}");
            }
            assert!(
                named(name, readme).unwrap_err().to_string().contains("not one of its lines is a record")
            );
        }
        // Whatever its name says, a format that the contents say is certain.
        assert_eq!(named(name, hex.1.as_bytes()).unwrap(), data, "{name}");
        assert_eq!(named(name, srec.1.as_bytes()).unwrap(), data, "{name}");
    }
    for name in ["a", "a.bin", "a.hex.bak", "hex", "a.fw"] {
        assert_eq!(named(name, readme).unwrap(), readme);
    }
}

proptest! {
    /// Wherever comments and blank lines are, the bytes are the same.
    #[test]
    fn annotations_change_nothing(
        places in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec![
            "", "; x", "# :", "// 12", "-- a", "* S1", "' b", "% c", "! d", "Text of people: 1.", "; :00", "(c) é",
        ])), 0..60),
        ending in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        which in 0usize..2,
    ) {
        let (texts, data) = texts();
        let mut lines: Vec<&str> = texts[which].1.lines().collect();
        for (place, comment) in places {
            lines.insert(place.index(lines.len() + 1), comment);
        }
        let file = lines.join(ending);
        // By their names: without one, a text that is mostly remarks is no firmware.
        let name = ["a.hex", "a.s19"][which];
        let flat = read_named(file.as_bytes(), Path::new(name), &Reading::default()).unwrap();
        prop_assert!(*flat.bytes == data);
    }

    /// One changed character never makes other bytes: it is an error, a remark, or the case of a digit.
    #[test]
    fn one_changed_character_is_no_other_image(
        place in any::<prop::sample::Index>(), byte in any::<u8>(), which in 0usize..2,
    ) {
        let (texts, data) = texts();
        let mut file = texts[which].1.clone().into_bytes();
        let at = place.index(file.len());
        // The checksum of S-records is not over their kind.
        prop_assume!(which == 0 || at != 1 && file[at.max(2) - 2] != b'\n');
        file[at] = byte;
        if let Ok(found) = read(&file, &Reading::default()) {
            prop_assert!(*found.bytes == data, "byte {at} is {byte}");
        }
    }
}
