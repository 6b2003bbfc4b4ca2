//! Inputs as builds produce them: what writers of their own wrote comes back, and what real tools make of firmware.

mod damaged;
mod elf;
mod elf_kinds;
mod texts;
mod uf2;

use std::borrow::Cow;
use std::process::Command;

use proptest::prelude::*;
use smidgen_diff::input::{Flat, Format, InputError, Provenance, Reading, Stretch, read};
use testkit::builds::{self, Elf, Piece, esp, hex, hex_record, mcuboot, srec, uf2};
use testkit::{firmware, fixtures, peers};

const PIECES: [Piece; 3] =
    [(0x0800_0040, b"and what follows"), (0x0800_0000, b"vectors"), (0x0800_0007, b"!")];

/// What the pieces are in flash.
fn expected() -> Vec<u8> {
    [&b"vectors!"[..], &[0xFF; 0x38], b"and what follows"].concat()
}

fn flat<'a>(file: &'a [u8]) -> Flat<'a> {
    read(file, &Reading::default()).unwrap()
}

fn is_plain(file: &[u8]) -> bool {
    let found = flat(file);
    matches!(found.bytes, Cow::Borrowed(_)) && found.record.is_none() && found.resembles.is_none()
}

fn record(file: &[u8]) -> Provenance {
    flat(file).record.unwrap()
}

/// What is said about a file, whether its format is named or found out.
fn refusal(file: &[u8], format: Format) -> String {
    let named = read(file, &Reading::of(format)).unwrap_err();
    if let Err(found) = read(file, &Reading::default()) {
        assert_eq!(found, named);
    }
    named.to_string()
}

fn expect(file: &[u8], format: Format, parts: &[&str]) {
    let text = refusal(file, format);
    parts.iter().for_each(|part| assert!(text.contains(part), "{part:?} is missing in {text:?}"));
}

#[test]
fn addressed_formats_are_flattened_to_the_same_bytes() {
    let low: Vec<Piece> = PIECES.iter().map(|&(at, bytes)| (at & 0xFFFF, bytes)).collect();
    let files: Vec<(Format, Vec<u8>, u64)> = vec![
        (Format::Hex, hex(&PIECES).into_bytes(), 0x0800_0000),
        (Format::Hex, hex(&low).to_lowercase().into_bytes(), 0),
        (Format::Srec, srec(&low, 1).into_bytes(), 0),
        (Format::Srec, srec(&low, 2).into_bytes(), 0),
        (Format::Srec, srec(&PIECES, 3).into_bytes(), 0x0800_0000),
        (Format::Elf, Elf::firmware(&PIECES).bytes(), 0x0800_0000),
        (Format::Elf, Elf { big_endian: true, ..Elf::firmware(&PIECES) }.bytes(), 0x0800_0000),
        (Format::Uf2, uf2(&PIECES, Some(0xE48B_FF56)), 0x0800_0000),
        (Format::Uf2, uf2(&PIECES, None), 0x0800_0000),
    ];
    for (format, file, base) in files {
        let found = flat(&file);
        assert!(*found.bytes == expected(), "{format}");
        let record = found.record.unwrap();
        assert_eq!((record.format, record.base_address, record.fill), (format, Some(base), Some(0xFF)));
        let stretch = |at: u64, size| Stretch { address: base + at, size };
        assert_eq!(record.ranges, [stretch(0, 8), stretch(0x40, 16)], "{format}");
        assert_eq!(record.gaps, [stretch(8, 0x38)], "{format}");
        assert_eq!(record.file_size, file.len() as u64);
        let raw = read(&file, &Reading::of(Format::Raw)).unwrap();
        assert!(matches!(raw.bytes, Cow::Borrowed(_)) && *raw.bytes == file && raw.record.is_none());
    }
}

#[test]
fn what_else_files_say_is_recorded() {
    assert_eq!(record(hex(&PIECES).as_bytes()).entry, Some(0x0800_0101));
    let elf = record(&Elf::firmware(&PIECES).bytes());
    assert_eq!((elf.entry, elf.architecture.as_deref()), (Some(0x101), Some("arm")));
    assert_eq!(record(&uf2(&PIECES, Some(0xE48B_FF56))).family, Some(0xE48B_FF56));
}

#[test]
fn addresses_of_20_bits_are_those_of_segments() {
    let text = hex_record(0, 2, &[0x10, 0]) + &hex_record(0xFFFE, 0, b"ab") + &hex_record(0, 1, &[]);
    let found = flat(text.as_bytes());
    assert_eq!((found.record.unwrap().base_address, &*found.bytes), (Some(0x1_FFFE), &b"ab"[..]));
    let wraps = hex_record(0, 2, &[0x10, 0]) + &hex_record(0xFFFF, 0, b"ab") + &hex_record(0, 1, &[]);
    expect(wraps.as_bytes(), Format::Hex, &["line 2", "0x0001ffff wrap around"]);
}

#[test]
fn ranges_that_contradict_each_other_or_lie_far_apart_are_refused() {
    let clash: [Piece; 2] = [(0x1000, b"abcd"), (0x1002, b"cx")];
    let far: [Piece; 2] = [(0, b"flash"), (0x1000_1000, b"fuses")];
    let files = |pieces: &[Piece]| {
        [
            hex(pieces).into_bytes(),
            srec(pieces, 3).into_bytes(),
            Elf::firmware(pieces).bytes(),
            uf2(pieces, None),
        ]
    };
    for file in files(&clash) {
        let text = read(&file, &Reading::default()).unwrap_err().to_string();
        for part in ["0x00001000 to 0x00001003", "0x00001002 to 0x00001003", "at 0x00001003"] {
            assert!(text.contains(part), "{text}");
        }
    }
    for file in files(&far) {
        let text = read(&file, &Reading::default()).unwrap_err().to_string();
        assert!(text.contains("0x00000005") && text.contains("0x10001000"), "{text}");
        let flash = Reading::default().with_range(Some(0..0x10_0000));
        assert_eq!(&*read(&file, &flash).unwrap().bytes, b"flash");
    }
}

#[test]
fn elf_is_flattened_without_being_asked_only_if_it_is_firmware() {
    let firmware = Elf::firmware(&PIECES);
    assert!(flat(&firmware.bytes()).record.is_some());
    let segment = |kind: u32| {
        let mut elf = firmware.clone();
        elf.segments.push((kind, 0, 0, b"/lib/ld.so".to_vec()));
        elf
    };
    let doubtful = [
        Elf { machine: 62, ..firmware.clone() },
        Elf { os_abi: 3, ..firmware.clone() },
        segment(4),
        segment(0x6474_E552),
    ];
    for elf in doubtful {
        let found = elf.bytes();
        let found = flat(&found);
        assert!(found.record.is_none() && found.resembles == Some(Format::Elf), "{elf:?}");
        assert_eq!(found.bytes.len(), elf.bytes().len());
    }
    for elf in [segment(3), segment(2), Elf { kind: 3, ..firmware.clone() }] {
        let file = elf.bytes();
        assert!(is_plain(&file), "{elf:?}");
    }
    let asked = segment(4).bytes();
    assert_eq!(*read(&asked, &Reading::of(Format::Elf)).unwrap().bytes, expected());
}

#[test]
fn data_is_where_it_is_flashed_not_where_it_runs() {
    let mut elf = Elf::firmware(&[(0x0800_0000, b"code")]);
    elf.segments.push((1, 0x0800_0004, 0x2000_0000, b"data".to_vec()));
    assert_eq!(&*flat(&elf.bytes()).bytes, b"codedata");
    // Linkers that know no physical addresses leave all of them zero.
    let mut elf = Elf::firmware(&[(0, b"code"), (0, b"data")]);
    (elf.segments[0].2, elf.segments[1].2) = (0x100, 0x104);
    let file = elf.bytes();
    let found = flat(&file);
    assert_eq!((&*found.bytes, found.record.unwrap().base_address), (&b"codedata"[..], Some(0x100)));
}

#[test]
fn one_family_can_be_chosen() {
    let both = [uf2(&[(0, b"first")], Some(1)), uf2(&[(0, b"second")], Some(2))].concat();
    let chosen = |family| read(&both, &Reading::default().with_family(Some(family)));
    assert_eq!(&*chosen(2).unwrap().bytes, b"second");
    let error = chosen(3).unwrap_err();
    assert_eq!(error, InputError::NoFamily { wanted: 3, found: vec![Some(1), Some(2)] });
    let both = read(&both, &Reading::default()).unwrap_err();
    assert_eq!(both, InputError::Families(vec![Some(1), Some(2)]));
}

#[test]
fn mcuboot_images_are_checked_and_not_changed() {
    let file = mcuboot(b"the program", 4);
    let found = flat(&file);
    assert!(matches!(found.bytes, Cow::Borrowed(bytes) if bytes == file));
    let record = found.record.unwrap();
    assert_eq!(record.version.as_deref(), Some("1.2.3.4"));
    assert_eq!(self::record(&mcuboot(b"", 0)).version.as_deref(), Some("1.2.3"));
    assert_eq!(record.checked, ["SHA-256"]);
    let names: Vec<&str> = record.parts.iter().map(|part| part.name.as_str()).collect();
    let expected = [
        "header",
        "program",
        "protected record: security counter",
        "record: SHA-256",
        "record: hash of the public key",
        "record: signature (Ed25519)",
    ];
    assert_eq!(names, expected);
    let slot = [&file[..], &[0xFF; 100]].concat();
    let padded = self::record(&slot);
    assert_eq!((padded.checked.len(), padded.parts.last().unwrap().size), (1, 100));
}

#[test]
fn esp_images_are_checked_and_not_changed() {
    let file = esp("v1.4.0", &[(0x4038_0000, &b"code in RAM"[..]), (0x4200_0020, b"code in flash")]);
    let found = flat(&file);
    assert!(matches!(found.bytes, Cow::Borrowed(bytes) if bytes == file));
    let record = found.record.unwrap();
    assert_eq!((record.version.as_deref(), record.architecture.as_deref()), (Some("v1.4.0"), Some("riscv")));
    assert_eq!(
        (record.entry, record.checked.as_slice()),
        (Some(0x4038_0000), &["checksum", "SHA-256"].map(str::to_owned)[..])
    );
    assert_eq!((record.parts[2].address, record.parts[2].size), (Some(0x4038_0000), 11));
    let signed = [&file[..], &[0; 4096]].concat();
    assert_eq!(self::record(&signed).parts.last().unwrap().size, 4096);
    // The numbers of chips in esptool 5.
    let chips = [
        (0x00, "xtensa"),
        (0x09, "xtensa"),
        (0x12, "riscv"),
        (0x1C, "riscv"),
        (0x1F, "riscv"),
        (0x20, "riscv"),
    ];
    for (chip, architecture) in chips {
        let mut image = file.clone();
        // Without a SHA-256, as it is of these bytes, too.
        (image[12], image[23]) = (chip, 0);
        assert_eq!(self::record(&image).architecture.as_deref(), Some(architecture), "{chip:#x}");
    }
}

#[test]
fn other_files_are_plain_bytes() {
    let files: [&[u8]; 9] = [
        b"",
        b":",
        b"S",
        b"S1",
        b":00000001",
        b"\n\n",
        b"UF2\n",
        b"\xE9\x01",
        b"Some text: of no format.\nS0.\n",
    ];
    for file in files {
        assert!(is_plain(file), "{file:?}");
    }
}

/// What the GNU tools make of the fixtures' firmware is flattened to what they flash of it.
#[test]
fn files_of_gnu_tools_are_flattened_to_their_binary() {
    let firmware = firmware(1);
    let folder = tempfile::tempdir().unwrap();
    let run = |program: &str, arguments: &[&str]| {
        peers::run(Command::new(program).current_dir(folder.path()).args(arguments)).is_some()
    };
    let objcopy = |arguments: &[&str]| run("arm-none-eabi-objcopy", arguments);
    std::fs::write(folder.path().join("app.bin"), &firmware).unwrap();
    let elf =
        ["-I", "binary", "-O", "elf32-littlearm", "--change-addresses", "0x08004000", "app.bin", "app.o"];
    if !objcopy(&elf) {
        return;
    }
    for (format, name) in [(Format::Hex, "ihex"), (Format::Srec, "srec")] {
        assert!(objcopy(&["-O", name, "app.o", name]));
        let file = std::fs::read(folder.path().join(name)).unwrap();
        let found = flat(&file);
        assert!(*found.bytes == firmware, "{name}");
        let record = found.record.unwrap();
        assert_eq!((record.format, record.base_address), (format, Some(0x0800_4000)));
    }
    // Linked: the file's headers may be in the first segment, but never in the image.
    for page in ["0x10000", "4"] {
        let page = format!("max-page-size={page}");
        let link = ["-z", &page, "-Tdata=0x08004000", "-e", "0x08004001", "app.o", "-o", "app.elf"];
        assert!(run("arm-none-eabi-ld", &link));
        let file = std::fs::read(folder.path().join("app.elf")).unwrap();
        let found = read(&file, &Reading::of(Format::Elf)).unwrap();
        assert!(*found.bytes == firmware, "{page}");
        assert_eq!(found.record.unwrap().base_address, Some(0x0800_4000));
    }
}

/// The fixtures' firmware as it is linked, and what objcopy makes of that.
#[test]
fn linked_firmware_is_flattened_to_its_binary() {
    let folder = tempfile::tempdir().unwrap();
    if peers::run(Command::new("arm-none-eabi-gcc").arg("--version")).is_none() {
        return;
    }
    let mut build = Command::new(fixtures().join("firmware/build.sh"));
    peers::run(build.arg(folder.path()).env("KEEP_ELF", "1")).unwrap();
    for version in 1..=3 {
        let path = |ending: &str| folder.path().join(format!("app-v{version}.{ending}"));
        let binary = std::fs::read(path("bin")).unwrap();
        for (ending, name) in [("elf", None), ("hex", Some("ihex")), ("srec", Some("srec"))] {
            if let Some(name) = name {
                let mut objcopy = Command::new("arm-none-eabi-objcopy");
                peers::run(objcopy.args(["-O", name]).args([path("elf"), path(ending)])).unwrap();
            }
            let file = std::fs::read(path(ending)).unwrap();
            let found = flat(&file);
            assert!(*found.bytes == binary, "version {version}, {ending}");
            let record = found.record.unwrap();
            assert_eq!(record.base_address, Some(0x0800_4000));
            assert!(record.entry.is_some_and(|entry| entry > 0x0800_4000), "{ending}");
        }
    }
}

proptest! {
    /// Flattening is the inverse of writing, for pieces of any place and order.
    #[test]
    fn what_was_written_comes_back(data in prop::collection::vec(any::<u8>(), 1..900), at in 0u32..0xF000, cut in any::<prop::sample::Index>()) {
        let (first, second) = data.split_at(cut.index(data.len()));
        let pieces = [(at + first.len() as u32, second), (at, first)];
        for file in [
            builds::hex(&pieces).into_bytes(), srec(&pieces, 1).into_bytes(), srec(&pieces, 3).into_bytes(),
            Elf::firmware(&pieces).bytes(), uf2(&pieces, None),
        ] {
            let found = read(&file, &Reading::default()).unwrap();
            prop_assert_eq!(&*found.bytes, &data);
            prop_assert_eq!(found.record.unwrap().base_address, Some(at.into()));
        }
    }
}
