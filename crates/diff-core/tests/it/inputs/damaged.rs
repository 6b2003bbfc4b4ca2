//! Damaged inputs: errors name the place, nothing panics, and what is flattened is bounded.

use std::path::Path;

use proptest::prelude::*;
use smidgen_diff::input::{Format, Reading, read, read_named};
use testkit::builds::{Elf, Piece, area, esp, hex, hex_record, mcuboot, srec, srec_record, uf2, uf2_block};
use testkit::elf::{LinkedElf, Segment};
use testkit::noise;

use super::{PIECES, expect, flat, record};

#[test]
fn errors_of_hex_name_the_line() {
    let text = hex(&[(0, b"0123456789abcdef0123")]);
    let lines: Vec<&str> = text.lines().collect();
    let cases = [
        (lines[..lines.len() - 1].join("\n"), "the end record is missing"),
        (format!("{text}{}", hex_record(0, 0, b"x")), "more after the end record"),
        (text.replacen("3031", "3131", 1), "line 2: the checksum is"),
        (text.replacen("3031", "3G31", 1), "line 2: 'G' is not a hexadecimal digit"),
        (text.replacen("3031", "303", 1), "an odd number"),
        (text.replacen("3031", "30", 1), "has 21 in all, not 20"),
        (text.replacen("\r\n:", "\r\n;", 1), "line 2: a record begins with a colon"),
        (text.replacen("\r\n:", "\r\n", 1), "line 2: a record begins with a colon"),
        (text.replacen("\r\n:", "\r\n\0", 1), "line 2: there are bytes that no text has"),
        (text.replacen("\r\n:", " :", 1), "line 1: a record begins with a colon"),
        (hex_record(0, 4, &[0xFF; 2]) + &hex_record(0xFFFF, 0, b"ab"), "wrap around"),
        (hex_record(0, 4, &[0; 3]), "a record of type 04 has 2 bytes of data, not 3"),
        (hex_record(0, 9, &[]), "no record of type 09"),
        (hex_record(0, 0x0A, &[0; 4]), "universal file"),
        (hex_record(0, 1, &[]), "nothing to flash"),
        (":00".to_owned(), "5 bytes at least"),
        (":".to_owned(), "5 bytes at least, this one 0"),
    ];
    for (text, part) in cases {
        expect(text.as_bytes(), Format::Hex, &["Intel HEX", part]);
    }
}

#[test]
fn errors_of_s_records_name_the_line() {
    let text = srec(&[(0, b"0123456789abcdef0123xyz")], 2);
    let lines: Vec<&str> = text.lines().collect();
    let cases = [
        (lines[..lines.len() - 2].join("\n"), "the last record (S7, S8 or S9) is missing"),
        (
            text.replacen(&format!("{}\n", lines[2]), "", 1),
            "there are 2 records of data before it; there are 1",
        ),
        (text.replacen("3031", "3131", 1), "line 2: the checksum is"),
        (text.replacen("3031", "30", 1), "the record says that 24 bytes follow; there are 23"),
        (text.replacen("\nS2", "\nX2", 1), "line 2: a record begins with S and a digit"),
        (srec_record(4, &[0; 2], &[]), "there is no record S4"),
        (srec_record(1, &[0xFF; 2], b"ab"), "wrap around"),
        (srec_record(3, &[0xFF; 4], b"ab"), "wrap around"),
        (format!("{text}{}", srec_record(9, &[0; 2], &[])), "more after the last record"),
        (srec_record(9, &[0; 2], &[]), "nothing to flash"),
        ("S1".to_owned(), "0 bytes follow; there are 0"),
        ("S10100".to_owned(), "1 bytes follow; there are 1"),
    ];
    for (text, part) in cases {
        expect(text.as_bytes(), Format::Srec, &["Motorola S-records", part]);
    }
}

#[test]
fn damaged_elf_is_refused() {
    let whole = Elf::firmware(&PIECES).bytes();
    expect(&whole[..whole.len() - 1], Format::Elf, &["goes beyond its end"]);
    expect(&whole[..60], Format::Elf, &["ELF"]);
    expect(b"\x7FELF", Format::Elf, &["ELF"]);
    expect(b"ELF", Format::Elf, &["does not begin"]);
    expect(b"", Format::Elf, &["the file is empty"]);
    expect(&Elf { segments: Vec::new(), ..Elf::firmware(&[]) }.bytes(), Format::Elf, &["not linked"]);
    let again: Vec<Piece> = [(0, &[7; 1000][..])].repeat(5);
    let mut bomb = Elf::firmware(&again).bytes();
    bomb.truncate(52 + 5 * 32 + 1000);
    let first: [u8; 4] = bomb[56..60].try_into().unwrap();
    (1..5).for_each(|index| bomb[56 + 32 * index..60 + 32 * index].copy_from_slice(&first));
    expect(&bomb, Format::Elf, &["again and again"]);
    let wraps = Elf::firmware(&[(u32::MAX, b"ab")]).bytes();
    assert_eq!(flat(&wraps).bytes.len(), 2, "addresses of ELF have 64 bits here");
}

#[test]
fn errors_of_uf2_name_the_block() {
    let data = noise(1000, 256, 1);
    let whole = uf2(&[(0x1000_0000, &data)], Some(7));
    assert_eq!(*flat(&whole).bytes, data);
    let mut backwards: Vec<&[u8]> = whole.chunks(512).collect();
    backwards.reverse();
    assert_eq!(*flat(&backwards.concat()).bytes, data);
    let block = |number, count, family| uf2_block(256 * number, b"data", number, count, family);
    let mut broken = whole.clone();
    broken[1020] ^= 1;
    let mut long = whole.clone();
    long[16..20].copy_from_slice(&477u32.to_le_bytes());
    let wraps = uf2_block(u32::MAX, b"ab", 0, 1, None);
    let cases: [(Vec<u8>, &str); 11] = [
        (whole[..whole.len() - 1].to_vec(), "3 blocks and 511 bytes: the file was cut off"),
        (whole[..1536].to_vec(), "1 of 4 blocks are missing, the first is number 3"),
        (whole[512..].to_vec(), "the first is number 0"),
        ([block(0, 2, None), block(1, 3, None)].concat(), "1 of 2 blocks are missing, the first is number 1"),
        (
            [block(0, 2, None), block(1, 2, None), uf2_block(4096, b"data", 0, 2, None)].concat(),
            "1 of 4 blocks are missing, the first is number 1, if these are 2 files, one behind the other: there is \
             another block number 0",
        ),
        (
            [block(0, 2, None), block(1, 2, None), uf2_block(0, b"dota", 0, 2, None)].concat(),
            "two ranges overlap with different bytes at 0x00000001",
        ),
        (block(1, 1, None), "it is number 1 of 1"),
        (
            [block(0, 1, Some(7)), block(0, 1, Some(9)), block(0, 1, None)].concat(),
            "no stated family, 0x00000007, 0x00000009",
        ),
        (broken, "block 1: it does not begin and end as blocks do"),
        (wraps, "wrap around"),
        (Vec::new(), "the file is empty"),
    ];
    for (file, part) in cases {
        expect(&file, Format::Uf2, &[part]);
    }
    expect(&long, Format::Uf2, &["block 0: it says that it holds 477 bytes; a block has room for 476"]);
    let mut other = whole.clone();
    other[8] |= 1;
    assert_eq!(flat(&other).bytes.len(), 744, "blocks that are not for flash are passed over");
}

#[test]
fn damaged_mcuboot_images_are_refused() {
    let whole = mcuboot(b"the program", 0);
    let with = |at: usize, byte: u8| {
        let mut file = whole.clone();
        file[at] = byte;
        file
    };
    let end = 64 + 11;
    for at in [20, 63, 64, end + 8] {
        expect(
            &with(at, 0x77),
            Format::Mcuboot,
            &["the SHA-256 is wrong: the file states", "its bytes have"],
        );
    }
    expect(&with(14, 1), Format::Mcuboot, &["the header says that the program ends at byte"]);
    expect(&with(12, 3), Format::Mcuboot, &["there are no records at byte 67"]);
    expect(&with(10, 13), Format::Mcuboot, &["the protected records have 13 bytes; they have 12"]);
    expect(&with(end + 2, 3), Format::Mcuboot, &["more than the file, or fewer than 4"]);
    expect(&with(end + 6, 5), Format::Mcuboot, &["goes beyond the end of the records"]);
    expect(&with(end + 12 + 3, 1), Format::Mcuboot, &["more than the file"]);
    expect(&with(end + 12 + 6, 31), Format::Mcuboot, &["the SHA-256 at byte 91 has 31 bytes"]);
    expect(&whole[..whole.len() - 1], Format::Mcuboot, &["more than the file"]);
    expect(&whole[..end], Format::Mcuboot, &["not signed, or was cut off"]);
    expect(&whole[..31], Format::Mcuboot, &["does not begin with a header"]);
    let raw = read(&whole[..end], &Reading::of(Format::Raw)).unwrap();
    assert_eq!(raw.bytes.len(), end);
    // Nothing to check is no mistake.
    let encrypted = record(&with(16, 4));
    assert!(encrypted.checked.is_empty() && encrypted.notes[0].contains("encrypted"));
    let bare = [&mcuboot(b"", 0)[..64 + 12], &area(0x6907, &[(0x25, &[0; 64])])].concat();
    assert!(record(&bare).notes[0].contains("states no hash"));
}

#[test]
fn damaged_esp_images_are_refused() {
    let whole = esp("1", &[(0x4038_0000, b"code in RAM")]);
    let with = |at: usize, byte: u8| {
        let mut file = whole.clone();
        file[at] = byte;
        file
    };
    let segment = 24 + 8 + 256;
    expect(&with(segment + 8, 0), Format::Esp, &["the checksum is wrong: the file states"]);
    expect(&with(4, 9), Format::Esp, &["the SHA-256 is wrong"]);
    // The bytes that pad the image look like an empty segment.
    expect(&with(1, 3), Format::Esp, &["the SHA-256 is wrong"]);
    expect(&with(1, 16), Format::Esp, &["segment "]);
    expect(&with(1, 17), Format::Esp, &["known chip"]);
    expect(&with(1, 0), Format::Esp, &["known chip"]);
    expect(&with(12, 1), Format::Esp, &["known chip"]);
    expect(&with(segment + 7, 0x7F), Format::Esp, &["segment 1 has", "the file has"]);
    expect(&whole[..whole.len() - 1], Format::Esp, &["the image ends at byte"]);
    expect(&whole[..segment + 4], Format::Esp, &["the header of segment 1 is missing"]);
    expect(&whole[..20], Format::Esp, &["known chip"]);
    // A byte that happens to be the right one is not enough.
    let chance = [&[0xE9, 1][..], &noise(400, 256, 3)].concat();
    assert!(flat(&chance).record.is_none());
}

/// A file of each format.
fn good() -> Vec<(Format, Vec<u8>)> {
    let data = noise(700, 256, 5);
    let pieces: [Piece; 2] = [(0x2000, &data), (0x3000, b"more")];
    let mut linked = LinkedElf::new()
        .load(0x2000, &data, &[(".text", 0, 300), (".rodata", 304, 396)])
        .load(0x3000, b"more", &[(".data", 0, 4)])
        .section(".crc", 0x3004, b"CRC!");
    linked.segments[0].with_headers = true;
    linked.segments.push(Segment::new(
        4,
        0x2000,
        &[4, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, b'G', b'N', b'U', 0, 1, 2, 3, 4],
    ));
    vec![
        (Format::Hex, hex(&pieces).into_bytes()),
        (Format::Srec, srec(&pieces, 3).into_bytes()),
        (Format::Elf, Elf::firmware(&pieces).bytes()),
        (Format::Elf, linked.clone().bytes()),
        (Format::Elf, LinkedElf { wide: true, big_endian: true, ..linked }.bytes()),
        (Format::Hex, hex(&pieces).replace("\r\n", " ; remark\r# of its own\r").into_bytes()),
        (Format::Uf2, uf2(&pieces, Some(7))),
        (
            Format::Uf2,
            [uf2(&pieces, Some(7)), uf2(&[(0x4000, &data)], Some(7)), uf2(&pieces, Some(8))].concat(),
        ),
        (Format::Mcuboot, mcuboot(&data, 1)),
        (Format::Esp, esp("1.0", &pieces)),
    ]
}

proptest! {
    /// No damage makes a panic, or an image out of proportion.
    #[test]
    fn damage_is_survived(
        which in 0usize..10,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
        named in 0usize..7,
    ) {
        let (format, mut file) = good().swap_remove(which);
        for (place, byte) in edits {
            let at = place.index(file.len());
            file[at] = byte;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        for name in ["a.hex", "a.elf", "a.uf2"] {
            let _ = read_named(&file, Path::new(name), &Reading::default().with_max_gap(4096));
        }
        for format in [Some(format), Some(Format::ALL[named]), None] {
            let reading = Reading::default().with_format(format).with_max_gap(4096);
            if let Ok(flat) = read(&file, &reading) {
                let record = flat.record.iter();
                let held: u64 = record.flat_map(|it| it.ranges.iter().chain(&it.gaps)).map(|it| it.size).sum();
                prop_assert!(held == 0 || held == flat.bytes.len() as u64);
                prop_assert!(flat.bytes.len() <= file.len() * 4096 + 1);
            }
        }
    }

    #[test]
    fn any_bytes_are_survived(file in prop::collection::vec(any::<u8>(), 0..2000), named in 0usize..7) {
        let _ = read(&file, &Reading::of(Format::ALL[named]).with_max_gap(4096));
        let _ = read(&file, &Reading::default());
    }
}
