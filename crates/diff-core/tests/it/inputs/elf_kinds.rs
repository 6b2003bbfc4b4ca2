//! Which ELF files are flattened, which are taken as they are, and which are refused.

use std::path::Path;

use smidgen_diff::input::{Format, InputError, Reading, read, read_named};
use testkit::elf::{LinkedElf, Segment};
use testkit::noise;

use super::elf::{FLASH, firmware};
use super::flat;

/// A file of Qualcomm's signing tool: no sections, a segment for the headers, and one for hashes and signature.
fn signed(machine: u16) -> LinkedElf {
    let mut elf = LinkedElf { machine, ..LinkedElf::new() };
    let hashes = Segment { flags: 0x0220_0000, ..Segment::new(0, 0x0900_0000, &noise(328, 256, 4)) };
    elf.segments.push(Segment { flags: 7 << 24, ..Segment::new(0, 0, b"") });
    elf.segments.push(hashes);
    elf.segments.push(Segment::new(1, 0x0142_1000, &noise(3000, 256, 5)));
    elf.segments.push(Segment { flags: 6, ..Segment::new(1, 0x0143_1000, &noise(500, 256, 6)) });
    elf
}

#[test]
fn files_that_drivers_load_are_taken_as_they_are() {
    let resources = firmware().section(".resource_table", 0x1000_0000, &[1; 16]);
    let mut library = resources.clone();
    library.segments.push(Segment::new(2, 0, b"dynamic"));
    let files = [signed(40).bytes(), signed(164).bytes(), resources.bytes(), library.bytes()];
    for (index, file) in files.iter().enumerate() {
        let found = flat(file);
        assert!(found.record.is_none() && *found.bytes == **file, "{index}");
        assert!(
            found.notes[0].contains("taken as it is") && found.notes[0].contains("the file itself"),
            "{index}"
        );
        for name in ["modem.mdt", "modem.mbn", "cm4.elf"] {
            assert!(*read_named(file, Path::new(name), &Reading::default()).unwrap().bytes == **file);
        }
    }
    let asked = read(&files[2], &Reading::of(Format::Elf).with_range(Some(FLASH..FLASH + 4096))).unwrap();
    assert_eq!(asked.bytes.len(), 1600);
    assert!(asked.record.unwrap().notes[0].contains("this is not what the device has"));
}

/// Headers and hashes stand for segments in files of their own; with a part of these, the file was cut off.
#[test]
fn a_signed_file_has_all_segments_or_none() {
    let whole = signed(40).bytes();
    let (headers, hashes) = (52 + 32 * 4, 192..192 + 328);
    let packed = |headers: u32| {
        let mut file = [&whole[..180], &whole[hashes.clone()]].concat();
        // The size that the first segment states is that of the headers.
        file[52 + 16..52 + 20].copy_from_slice(&headers.to_le_bytes());
        file
    };
    for file in [&whole[..headers], &whole[..hashes.start], &whole[..hashes.end], &whole[..576], &packed(180)]
    {
        let found = flat(file);
        assert!(*found.bytes == *file && found.notes[0].contains("taken as it is"), "{}", file.len());
    }
    let later = 576 + 3008;
    for file in [
        &whole[..hashes.start + 1],
        &whole[..hashes.end - 1],
        &whole[..577],
        &whole[..later - 100],
        &whole[..later],
        &whole[..later + 499],
        &packed(179),
    ] {
        for name in ["modem.mbn", "modem.mdt", "modem.elf", "modem"] {
            let error = read_named(file, Path::new(name), &Reading::default()).unwrap_err().to_string();
            assert!(error.contains("goes beyond its end"), "{} {error}", file.len());
        }
        assert!(*read(file, &Reading::of(Format::Raw)).unwrap().bytes == *file);
    }
}

#[test]
fn of_a_signed_file_segments_that_are_not_loaded_may_be_missing() {
    let mut elf = signed(40);
    elf.segments.push(Segment::new(4, 0, &[7; 100]));
    let whole = elf.bytes();
    let notes = whole.windows(100).rposition(|bytes| bytes == [7; 100]).unwrap();
    for size in [whole.len(), notes + 50, notes] {
        assert!(flat(&whole[..size]).notes[0].contains("taken as it is"), "{size}");
    }
}

#[test]
fn object_files_are_refused_and_modules_of_kernels_taken_as_they_are() {
    let relocatable = |elf: &LinkedElf| {
        let mut file = elf.bytes();
        file[16 + usize::from(elf.big_endian)] = 1;
        file
    };
    let object = LinkedElf::new().section(".text", 0, &noise(600, 256, 1));
    for elf in [
        object.clone(),
        LinkedElf { machine: 62, wide: true, ..object.clone() },
        LinkedElf { big_endian: true, ..object.clone() },
        firmware(),
    ] {
        let file = relocatable(&elf);
        let error = read(&file, &Reading::default()).unwrap_err().to_string();
        assert!(error.contains("an object file, not linked: give the program"), "{error}");
        assert!(read(&file[..file.len() - 1], &Reading::default()).is_err());
        assert!(*read(&file, &Reading::of(Format::Raw)).unwrap().bytes == *file);
    }
    for name in [".modinfo", "set_modmetadata_set", "link_set_modules"] {
        let module =
            LinkedElf { machine: 183, wide: true, ..object.clone() }.section(name, 0, b"license=MIT\0");
        let file = relocatable(&module);
        for named in ["driver.ko", "driver.elf"] {
            let found = read_named(&file, Path::new(named), &Reading::default()).unwrap();
            assert!(*found.bytes == *file && found.record.is_none() && found.resembles.is_none());
            assert_eq!(found.notes, ["taken as it is: it is a module that a kernel loads"]);
        }
        let signed = [&file[..], b"signature ~Module signature appended~\n"].concat();
        assert!(*flat(&signed).bytes == signed);
    }
}

#[test]
fn programs_for_chips_of_espressif_are_refused() {
    let code = noise(600, 256, 1);
    let of = |machine, address, section| {
        LinkedElf { machine, ..LinkedElf::new().load(address, &code, &[(section, 0, 600)]) }.bytes()
    };
    let two = |first, second| {
        let elf = LinkedElf::new().load(first, &code, &[(".text", 0, 600)]);
        LinkedElf { machine: 243, ..elf.load(second, b"data", &[(".data", 0, 4)]) }.bytes()
    };
    let programs = [
        of(94, 0x400D_0020, ".flash.text"),
        of(94, 0x4008_0000, ".text"),
        of(94, 0x3FFB_0000, ".data"),
        of(94, 0x4200_0020, ".text"),
        of(94, 0x4020_1010, ".irom0.text"),
        of(243, 0x4200_0020, ".text"),
        of(243, 0x3C00_0020, ".rodata"),
        of(243, 0x4038_0000, ".iram0.text"),
        of(243, 0x4FF0_0000, ".dram0.data"),
        // Programs for memory alone, of C3, C6 and H2, P4 and S31, without names of ESP-IDF's sections.
        of(243, 0x4038_0000, ".text"),
        of(243, 0x3FC8_8000, ".text"),
        of(243, 0x4080_0000, ".text"),
        of(243, 0x4FF4_0000, ".text"),
        of(243, 0x2F00_1000, ".text"),
    ];
    for file in &programs {
        let error = read(file, &Reading::default()).unwrap_err();
        assert_eq!(error, InputError::EspElf);
        assert!(error.to_string().contains("esptool elf2image"));
        let asked = read(file, &Reading::of(Format::Elf)).unwrap();
        assert!(asked.record.unwrap().notes[0].contains("esptool elf2image"));
        assert!(*read(file, &Reading::of(Format::Raw)).unwrap().bytes == **file);
    }
    // P4, whose flash is where others have memory, and two memories of one chip.
    for file in [two(0x4000_0020, 0x4FF0_0000), two(0x4FF0_0000, 0x5010_8000), two(0x4080_0000, 0x5000_0000)]
    {
        assert_eq!(read(&file, &Reading::default()), Err(InputError::EspElf));
    }
    // Chips of Bouffalo have memory at 0x42014000.
    let mut other =
        LinkedElf { machine: 243, ..LinkedElf::new().load(0x2300_0000, &code, &[(".text", 0, 600)]) };
    other.segments.push(Segment::new(1, 0x2300_0258, b"data"));
    other.segments[1].addresses[1] = 0x4201_4000;
    assert_eq!(flat(&other.bytes()).bytes.len(), 604);
    // LiteX has its main memory, and HPMicro external memory, from 0x40000000 on.
    for file in [
        of(94, 0xBE00_0000, ".text"),
        of(243, 0x2040_0000, ".text"),
        of(40, 0x4200_0000, ".text"),
        of(243, 0x4000_0000, ".text"),
        of(243, 0x5000_0000, ".text"),
        two(0x4000_0000, 0x4038_0000),
        two(0x4000_0000, 0x4080_0000),
    ] {
        let found = read(&file, &Reading::default().with_max_gap(16 << 20)).unwrap();
        assert!([600, 0x38_0004, 0x80_0004].contains(&found.bytes.len()));
    }
    let mut moved = LinkedElf { machine: 243, ..LinkedElf::new().load(0x8000_0000, &code, &[]) };
    moved.segments.push(Segment::new(1, 0x8000_0258, b"data"));
    moved.segments[1].addresses[1] = 0x4080_0000;
    assert_eq!(flat(&moved.bytes()).bytes.len(), 604);
}

#[test]
fn names_of_elf_want_headers_and_segments() {
    let named = |file: &[u8]| {
        read_named(file, Path::new("app.elf"), &Reading::default()).map(|flat| flat.bytes.len())
    };
    let library = LinkedElf { machine: 62, wide: true, ..firmware() }.bytes();
    assert_eq!(named(&library), Ok(library.len()));
    let cut = named(&library[..library.len() - 1]).unwrap_err().to_string();
    assert!(cut.contains("its name says ELF") && cut.contains("the file was cut off"), "{cut}");
    // With any name, and with none.
    for file in [&library[..100], b"\x7FELF", b"\x7FELF and text"] {
        let error = read(file, &Reading::default()).unwrap_err();
        assert!(error.to_string().contains("its headers are damaged, or the file was cut off"), "{error}");
        assert_eq!(named(file), Err(error));
    }
}
