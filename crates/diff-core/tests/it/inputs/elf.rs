//! ELF of all shapes: what is flashed of it, and what `objcopy` makes of it.

use std::process::Command;

use smidgen_diff::input::{Format, Reading, read};
use testkit::elf::{LinkedElf, Place, Section, Segment};
use testkit::{noise, peers};

use super::flat;

pub(super) const FLASH: u64 = 0x0800_0000;

/// Firmware with a vector table, code, constants behind padding, initial values of variables, and variables without.
pub(super) fn firmware() -> LinkedElf {
    let text = [&noise(1000, 256, 1)[..], &[0; 24], &noise(512, 256, 2)].concat();
    let sections = [(".isr_vector", 0, 0x100), (".text", 0x100, 744), (".rodata", 1024, 512)];
    let mut elf = LinkedElf::new().load(FLASH, &text, &sections);
    let mut data = Segment::new(1, FLASH + 1536, &noise(64, 256, 3));
    data.addresses[1] = 0x2000_0000;
    data.zeros = 4096;
    elf.segments.push(data);
    let section =
        |name: &str, kind, address, place| Section { name: name.into(), kind, flags: 3, address, place };
    elf.sections.push(section(".data", 1, 0x2000_0000, Place::Segment(1, 0, 64)));
    elf.sections.push(section(".bss", 8, 0x2000_0040, Place::Segment(1, 64, 4096)));
    // Of no program header, without bytes, and not loaded.
    elf.sections.push(section(".stack", 8, 0x2001_0000, Place::Segment(1, 64, 1 << 20)));
    let debug = Section { flags: 0, ..section(".debug_info", 1, 0, Place::Own(vec![7; 3000])) };
    elf.sections.push(debug);
    elf.segments.push(Segment::new(0x6474_E551, 0, b""));
    elf
}

fn note(owner: &[u8], kind: u32) -> Vec<u8> {
    let mut bytes =
        [(owner.len() as u32 + 1).to_le_bytes(), 20u32.to_le_bytes(), kind.to_le_bytes()].concat();
    bytes.extend(owner);
    bytes.resize((bytes.len() + 1).next_multiple_of(4), 0);
    bytes.extend([9; 20]);
    bytes
}

/// The shapes that linkers make, and what they are called.
fn shapes() -> Vec<(&'static str, LinkedElf)> {
    let plain = LinkedElf::new;
    let data = noise(700, 256, 9);
    let wide = |big_endian| LinkedElf { wide: true, big_endian, machine: 243, ..firmware() };
    let mut empty = firmware();
    empty.segments.insert(0, Segment::new(1, 0x2000_8000, b""));
    for section in &mut empty.sections {
        if let Place::Segment(index, ..) = &mut section.place {
            *index += 1;
        }
    }
    let mut nested = plain().load(FLASH, &data, &[(".text", 0, 700)]);
    nested.segments.push(Segment::new(0x7000_0001, FLASH + 100, b""));
    let mut headers = firmware();
    headers.segments[0].with_headers = true;
    let mut virtual_only = plain().load(0, &data[..400], &[]).load(0, &data[400..], &[]);
    (virtual_only.segments[0].addresses[1], virtual_only.segments[1].addresses[1]) = (0x100, 0x400);
    for (index, (address, size)) in [(0x100, 400), (0x400, 300)].into_iter().enumerate() {
        let place = Place::Segment(index, 0, size);
        virtual_only.sections.push(Section { name: ".x".into(), kind: 1, flags: 2, address, place });
    }
    vec![
        ("a firmware", firmware()),
        ("big-endian", LinkedElf { big_endian: true, ..firmware() }),
        ("64 bits", wide(false)),
        ("64 bits, big-endian", wide(true)),
        ("an empty segment first", empty),
        (
            "padding between sections",
            plain().load(FLASH, &[&data[..], &[0; 6], &data].concat(), &[(".a", 0, 700), (".b", 706, 700)]),
        ),
        (
            "a section of its own",
            plain().load(FLASH, &data, &[(".text", 0, 700)]).section(".crc", FLASH + 700, b"CRC!"),
        ),
        (
            "one before the segment",
            plain().load(FLASH, &data, &[(".text", 0, 700)]).section(".key", FLASH - 64, &data[..16]),
        ),
        (
            "segments that touch",
            plain().load(FLASH, &data, &[(".a", 0, 700)]).load(FLASH + 700, b"tail", &[(".b", 0, 4)]),
        ),
        (
            "segments in falling order",
            plain().load(FLASH + 4096, &data, &[(".a", 0, 700)]).load(FLASH, b"head", &[(".b", 0, 4)]),
        ),
        ("a nested header", nested),
        ("headers in the first segment", headers),
        ("no physical addresses", virtual_only),
    ]
}

#[test]
fn segments_are_flashed_whole() {
    let data = noise(700, 256, 9);
    let at = |name: &str| shapes().into_iter().find(|(shape, _)| *shape == name).unwrap().1.bytes();
    let code = [&noise(1000, 256, 1)[..], &[0; 24], &noise(512, 256, 2), &noise(64, 256, 3)].concat();
    for shape in ["a firmware", "an empty segment first", "headers in the first segment", "big-endian"] {
        let file = at(shape);
        let found = flat(&file);
        assert!(*found.bytes == code, "{shape}");
        assert_eq!(found.record.unwrap().base_address, Some(FLASH), "{shape}");
    }
    for shape in ["64 bits", "64 bits, big-endian"] {
        let file = at(shape);
        assert_eq!(flat(&file).resembles, Some(Format::Elf), "{shape}");
        assert!(*read(&file, &Reading::of(Format::Elf)).unwrap().bytes == code, "{shape}");
    }
    let padded = [&data[..], &[0; 6], &data].concat();
    assert!(*flat(&at("padding between sections")).bytes == padded);
    assert!(*flat(&at("a section of its own")).bytes == [&data[..], b"CRC!"].concat());
    assert!(*flat(&at("one before the segment")).bytes == [&data[..16], &[0xFF; 48], &data].concat());
    // Sections that were moved away leave their bytes in the segment.
    let headless = LinkedElf::new().load(FLASH, &data, &[(".text", 100, 200)]).bytes();
    assert!(*flat(&headless).bytes == data);
}

#[test]
fn headers_are_not_flashed_without_sections_that_tell_them_apart() {
    let strip = |mut file: Vec<u8>| {
        file[32..36].fill(0);
        file[48..52].fill(0);
        file
    };
    // Several memories: clearly firmware.
    let mut elf = LinkedElf { sections: Vec::new(), ..firmware() };
    elf.segments.truncate(2);
    assert!(
        *flat(&strip(elf.bytes())).bytes == [&elf.segments[0].bytes[..], &elf.segments[1].bytes].concat()
    );
    elf.segments[0].with_headers = true;
    let text = read(&strip(elf.bytes()), &Reading::default()).unwrap_err().to_string();
    assert!(text.contains("has no section headers") && text.contains("its own headers"), "{text}");
}

/// armlink places initial values behind the code, and states the address at which they are used.
#[test]
fn sections_of_armlink_are_where_their_segment_is() {
    let (code, values) = (noise(512, 256, 1), noise(32, 256, 2));
    let mut elf = LinkedElf::new().load(FLASH, &[code, values].concat(), &[("ER_IROM1", 0, 512)]);
    elf.segments[0].zeros = 1024;
    let section =
        |name: &str, kind, address, place| Section { name: name.into(), kind, flags: 3, address, place };
    elf.sections.push(section("RW_IRAM1", 1, 0x2000_0000, Place::Segment(0, 512, 32)));
    // Compressed values have fewer bytes in the file than in memory.
    elf.sections.push(section("RW_IRAM2", 1, 0x2000_0020, Place::Segment(0, 540, 100)));
    elf.sections.push(section("ZI", 8, 0x2000_0084, Place::Segment(0, 544, 924)));
    let file = elf.bytes();
    assert!(*flat(&file).bytes == elf.segments[0].bytes);
}

#[test]
fn a_builds_identity_does_not_make_an_operating_system() {
    let with = |segments: &[Segment]| {
        let mut elf = firmware();
        elf.segments.extend(segments.iter().cloned());
        elf.bytes()
    };
    let stack = Segment::new(0x6474_E551, 0, b"");
    let build = Segment::new(4, FLASH + 1600, &[note(b"GNU", 3), note(b"Memfault", 1)].concat());
    let local = Segment::new(7, FLASH + 1600, b"tls!");
    let file = with(&[build, stack, local]);
    assert!(flat(&file).record.is_some());
    for (owner, kind) in [(&b"GNU"[..], 1), (b"Linux", 0x100), (b"Xen", 6), (b"FreeBSD", 1), (b"Android", 1)]
    {
        let file = with(&[Segment::new(4, FLASH, &[note(b"GNU", 3), note(owner, kind)].concat())]);
        assert_eq!(flat(&file).resembles, Some(Format::Elf), "{owner:?}");
    }
    // Headers before the first section are a linker's, unless all is in one memory.
    let mut program = LinkedElf::new().load(0x1_0000, &noise(900, 256, 1), &[(".text", 0, 900)]);
    program.segments[0].with_headers = true;
    program.segments.push(Segment::new(1, 0x2_1000, b"data"));
    assert_eq!(flat(&program.bytes()).resembles, Some(Format::Elf));
    program.segments[1].addresses = [0x1_0384, 0x2_1000];
    assert_eq!(flat(&program.bytes()).bytes.len(), 904);
    program.segments[1] = Segment { zeros: 100, ..Segment::new(1, 0x2000_0000, b"") };
    assert_eq!(flat(&program.bytes()).bytes.len(), 900);
}

#[test]
fn small_processors_have_firmware_only() {
    for machine in [83, 105, 173, 197, 87, 44] {
        assert!(flat(&LinkedElf { machine, ..firmware() }.bytes()).record.is_some(), "{machine}");
    }
    for machine in [8, 3, 20, 164] {
        assert_eq!(
            flat(&LinkedElf { machine, ..firmware() }.bytes()).resembles,
            Some(Format::Elf),
            "{machine}"
        );
    }
}

/// The oracle: GNU's objcopy, which fills gaps with zeros.
#[test]
fn files_are_flattened_as_objcopy_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (shape, elf) in shapes() {
        let file = elf.bytes();
        std::fs::write(path("in.elf"), &file).unwrap();
        let program = if elf.wide { "riscv64-unknown-elf-objcopy" } else { "arm-none-eabi-objcopy" };
        let mut objcopy = Command::new(program);
        objcopy.args(["-O", "binary"]).args([path("in.elf"), path("out.bin")]);
        if peers::run(&mut objcopy).is_none() {
            continue;
        }
        let zeros = Reading::of(Format::Elf).with_fill(0);
        let found = read(&file, &zeros).unwrap();
        assert!(*found.bytes == std::fs::read(path("out.bin")).unwrap(), "{shape}");
    }
}

/// What GNU ld leaves by default for a program behind a bootloader: its own headers in the first segment, a build's
/// identity, initial values of variables behind the code.
#[test]
fn firmware_behind_a_bootloader_is_flattened_without_being_asked() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    let run = |program: &str, arguments: &[&str]| {
        peers::run(Command::new(program).current_dir(folder.path()).args(arguments)).is_some()
    };
    write("code", &noise(1001, 256, 1));
    write("data", &noise(77, 256, 2));
    write(
        "script",
        b"MEMORY { FLASH (rx): ORIGIN = 0x08008000, LENGTH = 256K  RAM (rwx): ORIGIN = 0x20000000, LENGTH = 64K }
        SECTIONS {
          .text : { code.o(.data) } > FLASH
          .note.gnu.build-id : { *(.note.gnu.build-id) } > FLASH
          .data : ALIGN(16) { data.o(.data) } > RAM AT> FLASH
          .bss (NOLOAD) : { . += 256; } > RAM
        }",
    );
    for name in ["code", "data"] {
        let object = format!("{name}.o");
        if !run("arm-none-eabi-objcopy", &["-I", "binary", "-O", "elf32-littlearm", name, &object]) {
            return;
        }
    }
    for page in ["max-page-size=0x10000", "max-page-size=4", "separate-code"] {
        let link = [
            "-z",
            page,
            "--build-id=sha1",
            "-T",
            "script",
            "-e",
            "0x08008001",
            "code.o",
            "data.o",
            "-o",
            "app.elf",
        ];
        assert!(run("arm-none-eabi-ld", &link));
        assert!(run("arm-none-eabi-objcopy", &["-O", "binary", "app.elf", "app.bin"]));
        let read_file = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
        let found =
            read(&read_file("app.elf"), &Reading::default().with_fill(0)).map(|flat| flat.bytes.into_owned());
        assert!(found.as_deref() == Ok(&read_file("app.bin")), "{page}");
    }
}

/// Files made to take long: many sections whose names have no end, and many notes.
#[test]
fn headers_of_strangers_cost_no_time() {
    let mut elf = firmware();
    let note = note(b"A", 1).repeat(200);
    (0..10).for_each(|_| elf.segments.push(Segment::new(4, FLASH, &note)));
    assert_eq!(flat(&elf.bytes()).resembles, Some(Format::Elf));
    let mut elf = firmware();
    let name = "n".repeat(10_000);
    for _ in 0..100 {
        let place = Place::Own(Vec::new());
        elf.sections.push(Section { name: name.clone(), kind: 1, flags: 2, address: 0, place });
    }
    assert_eq!(flat(&elf.bytes()).bytes.len(), 1600);
}
