//! Names of the parts of an image: ELF files and linker maps, whole, damaged and hostile.

use proptest::prelude::*;
use smidgen_diff::symbols::{Symbols, SymbolsError, read};
use testkit::builds::{Elf, esp, mcuboot};
use testkit::names::{Name, linker_map, lld_map, with_symbols};
use testkit::noise;

use crate::common::within;

const START: u32 = 0x0800_4000;
const SECTIONS: [Name; 2] = [(".text", START, 5000), (".data", 0x2000_0000, 300)];
const NAMES: [Name; 5] = [
    ("_ZN6sensor4initEv", START + 0x101, 0x80),
    ("main", START + 0x181, 0x1000),
    ("label_in_main", START + 0x200, 0),
    ("table", 0x2000_0010, 64),
    ("in_bss", 0x2000_0200, 64),
];

/// Code of 5000 bytes, and 300 bytes that are copied to RAM.
fn contents() -> (Vec<u8>, Vec<u8>) {
    (noise(5000, 256, 1), noise(300, 256, 2))
}

fn image() -> Vec<u8> {
    let (code, data) = contents();
    [code, data].concat()
}

fn elf() -> Vec<u8> {
    let (code, data) = contents();
    let mut elf = Elf::firmware(&[(START, &code)]);
    elf.segments.push((1, START + 5000, 0x2000_0000, data));
    with_symbols(&elf.bytes(), &SECTIONS, &NAMES)
}

fn found(symbols: &Symbols) -> Vec<(&str, u32, u32)> {
    symbols.symbols.iter().map(|symbol| (&*symbol.name, symbol.offset, symbol.size)).collect()
}

#[test]
fn symbols_are_where_their_contents_are() {
    let names = |shift: u32| {
        [
            ("sensor::init()", 0x100 + shift, 0x80),
            ("main", 0x180 + shift, 0x1000),
            ("table", 5016 + shift, 64),
        ]
    };
    let symbols = read(&elf(), &image(), None).unwrap();
    assert_eq!(found(&symbols), names(0));
    assert_eq!((symbols.outside, symbols.differs), (1, false));
    let sections: Vec<_> = symbols.sections.iter().map(|it| (&*it.name, it.offset, it.size)).collect();
    assert_eq!(sections, [(".text", 0, 5000), (".data", 5000, 300)]);
    assert_eq!(symbols.symbols[2].address, 0x2000_0010);
    // Behind a header, and whatever address the image is said to have.
    let signed = [&[0; 512][..], &image(), &[7; 100]].concat();
    for base in [None, Some(0), Some(START.into())] {
        assert_eq!(found(&read(&elf(), &signed, base).unwrap()), names(512));
    }
}

#[test]
fn a_map_has_addresses_and_object_files() {
    let functions = [("init", START + 16, 100), ("a_function_with_a_long_name", START + 116, 40)];
    let expected = [("init", 16, 100), ("a_function_with_a_long_name", 116, 40)];
    let maps = [linker_map, lld_map].map(|write| write(START, 5300, &functions));
    for text in maps.clone().into_iter().chain(maps.clone().map(|map| map.replace('\n', "\r\n"))) {
        let symbols = read(text.as_bytes(), &image(), Some(START.into())).unwrap();
        assert_eq!(found(&symbols), expected);
        assert_eq!(symbols.symbols[0].file.as_deref(), Some("lib.a(init.o)"));
        assert!(!symbols.differs);
    }
    // An image that is too short is of another build.
    assert!(maps.iter().all(|map| read(map.as_bytes(), &image()[..4000], None).unwrap().differs));
}

/// What lld 20 wrote for a program of three object files.
const LLD: &str = "     VMA      LMA     Size Align Out     In      Symbol
 8004000  8004000        4     1 .vectors
 8004000  8004000        4     1         LONG(0x20004000)
 8004004  8004004       60     4 .text
 8004004  8004004        0     2         a.o:(.text)
 8004004  8004004       24     4         a.o:(.text.first)
 8004004  8004004        0     1                 $t
 8004005  8004005       24     1                 first
 8004024  8004024        0     1                 $d
 8004028  8004028       20     4         a.o:(.text.startup.main)
 8004028  8004028        0     1                 $t
 8004029  8004029       20     1                 main
 8004048  8004048        8     2         b.o:(.text._ZN6sensor1SaSERKS0_)
 8004048  8004048        0     1                 $t
 8004049  8004049        8     1                 sensor::S::operator=(sensor::S const&)
 8004050  8004050        c     2         lib/c.a(s.o):(.text.asm)
 8004050  8004050        0     1                 $t
 8004050  8004050        0     1                 asm_label
 8004052  8004052        0     1                 local::label::h0123456789abcdef
 8004064  8004064        c     1 .rodata
 8004064  8004064        b     1         a.o:(.rodata.text)
 8004064  8004064        3     1                 text
 8004067  8004067        8     1                 odd
 8004070  8004070        0     1 _etext = .
20000000  8004070       10     4 .data
20000000  8004070        0     1         _sdata = .
20000000  8004070       10     4         a.o:(.data.table)
20000000  8004070       10     1                 table
20000010 20000010       50     4 .bss
20000010 20000010       50     4         a.o:(.bss.bss_thing)
20000010 20000010       50     1                 bss_thing
       0        0      15f     1 .debug_info
       0        0      15f     1         a.o:(.debug_info)
";

#[test]
fn a_map_of_lld_has_columns() {
    let image = [0x5A; 0x80];
    let expected = [
        ("first", 4, 36),
        ("main", 0x28, 32),
        ("sensor::S::operator=(sensor::S const&)", 0x48, 8),
        ("asm_label", 0x50, 2),
        ("local::label", 0x52, 10),
        // Objects of one byte may begin at odd addresses.
        ("text", 0x64, 3),
        ("odd", 0x67, 8),
        ("table", 0x70, 16),
    ];
    let symbols = read(LLD.as_bytes(), &image, None).unwrap();
    assert_eq!(found(&symbols), expected);
    assert_eq!(symbols.symbols[3].file.as_deref(), Some("c.a(s.o)"));
    assert_eq!(symbols.symbols[7].address, 0x2000_0000);
    let sections: Vec<_> = symbols.sections.iter().map(|it| (&*it.name, it.offset, it.size)).collect();
    assert_eq!(sections, [(".vectors", 0, 4), (".text", 4, 96), (".rodata", 0x64, 12), (".data", 0x70, 16)]);
    // Addresses of 64 bits have wider columns.
    let wide: String =
        LLD.lines().map(|line| format!("        {}        {}\n", &line[..9], &line[9..])).collect();
    assert_eq!(found(&read(wide.as_bytes(), &image, None).unwrap()), expected);
}

#[test]
fn maps_of_other_linkers_are_named() {
    let head = "\n=============\n\nComponent: Arm Compiler for Embedded 6.16 Tool: armlink [5dfeaa00]\n\nImage Symbol Table\n";
    assert_eq!(read(head.as_bytes(), &image(), None), Err(SymbolsError::OtherMap("armlink")));
    let head =
        "#####################\n#\n# IAR ELF Linker V9.10.1.257/W64 for ARM   18/Mar/2021  14:02:13\n#\n";
    assert_eq!(read(head.as_bytes(), &image(), None), Err(SymbolsError::OtherMap("IAR's linker")));
}

#[test]
fn images_of_mcuboot_and_esp_idf_say_where_their_parts_are() {
    let functions = [("first", START, 100), ("second", START + 1000, 100)];
    for write in [linker_map, lld_map] {
        let map = write(START, 5300, &functions);
        for file in [mcuboot(&image(), 0), esp("1.0", &[(START, &image())])] {
            let at = file.windows(64).position(|window| *window == image()[..64]).unwrap() as u32;
            let symbols = read(map.as_bytes(), &file, None).unwrap();
            assert_eq!(found(&symbols), [("first", at, 100), ("second", at + 1000, 100)]);
        }
    }
}

#[test]
fn what_has_no_names_is_refused() {
    let image = image();
    let plain = Elf::firmware(&[(START, &image)]).bytes();
    assert_eq!(read(&plain, &image, None), Err(SymbolsError::NoSymbols));
    assert_eq!(read(&elf(), &noise(5300, 256, 9), None), Err(SymbolsError::OtherImage));
    for file in [&b""[..], b"text", b"\x7F", b" Linker script and memory map"] {
        assert_eq!(read(file, &image, None), Err(SymbolsError::Format));
    }
    for heading in ["Linker script and memory map", "VMA LMA Size Align Out In Symbol"] {
        assert_eq!(read(format!("{heading}\n").as_bytes(), &image, None), Err(SymbolsError::NoSymbols));
    }
    assert!(matches!(read(b"\x7FELF", &image, None), Err(SymbolsError::Structure(_))));
    assert_eq!(read(&elf(), b"", None), Err(SymbolsError::OtherImage));
}

#[test]
fn a_file_of_another_build_is_noticed() {
    let mut image = image();
    image.iter_mut().step_by(9).for_each(|byte| *byte ^= 1);
    assert!(read(&elf(), &image, None).unwrap().differs);
}

#[test]
fn many_symbols_in_one_place_are_no_work() {
    let many = vec![("same", START + 8, 0); 300_000];
    let elf = with_symbols(&Elf::firmware(&[(START, &image())]).bytes(), &[], &many);
    let map = linker_map(START, 5300, &[("x", START, 5000)]);
    let line = format!("                {:#010x}                same\n", START + 8);
    let map = map.replace(".bss", &format!("{}.bss", line.repeat(300_000)));
    within(20, "symbols", || {
        assert_eq!(read(&elf, &image(), None).unwrap().symbols.len(), 1);
        assert_eq!(read(map.as_bytes(), &image(), None).unwrap().symbols.len(), 2);
    });
}

#[test]
fn one_long_name_for_many_symbols_is_no_work() {
    let (image, long) = (noise(20_000, 256, 3), "x".repeat(8 << 20));
    let many: Vec<Name> = (0..10_000).map(|at| (&*long, START + 2 * at, 2)).collect();
    let plain = Elf::firmware(&[(START, &image)]).bytes();
    let sections: Vec<Name> = (0..1000).map(|at| (&*long, START + at, 1)).collect();
    let elf = with_symbols(&plain, &sections, &many);
    within(20, "long names", || {
        let symbols = read(&elf, &image, None).unwrap();
        assert_eq!((symbols.symbols.len(), symbols.sections.len()), (10_000, 1000));
        assert!(symbols.symbols.iter().chain(&symbols.sections).all(|symbol| symbol.name.len() < 400));
    });
    let map = linker_map(START, 5300, &[("init", START + 16, 100)]);
    let map = map.replace("build/lib.a", &format!("build/{}.a", "x".repeat(5000)));
    let file = read(map.as_bytes(), &self::image(), None).unwrap().symbols.remove(0).file.unwrap();
    assert!(file.len() < 400, "{}", file.len());
}

/// Whatever is read is in order and within the image.
fn is_sound(symbols: &Symbols, image: &[u8]) -> bool {
    [&symbols.symbols, &symbols.sections].into_iter().all(|list| {
        list.iter().all(|symbol| symbol.size > 0 && symbol.end() as usize <= image.len())
            && list.windows(2).all(|pair| pair[0].end() <= pair[1].offset)
    })
}

proptest! {
    #[test]
    fn damaged_files_do_no_harm(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20), cut in 0..8000usize, kind in 0..3,
    ) {
        let functions = [("init", START + 16, 100), ("main", START + 116, 40)];
        let mut file = match kind {
            0 => elf(),
            1 => linker_map(START, 5300, &functions).into_bytes(),
            _ => lld_map(START, 5300, &functions).into_bytes(),
        };
        changes.iter().for_each(|(place, byte)| {
            let place = place.index(file.len());
            file[place] = *byte;
        });
        // Headers, tables and names are what matters.
        let whole = file.len();
        file.truncate(whole.saturating_sub(cut.saturating_sub(4000)));
        let image = image();
        if let Ok(symbols) = read(&file, &image, None) {
            prop_assert!(is_sound(&symbols, &image));
        }
    }

    #[test]
    fn any_rows_can_follow_the_headings(rows in prop::collection::vec("[ 0-9a-f]{0,17} [0-9a-f]{0,17} [ 0-9a-f]{0,9} {0,3}[0-9]{0,3} {0,17}[.$a-z0-9:()=]{0,12}", 0..30)) {
        let map = format!("VMA LMA Size Align Out In Symbol\n{}", rows.join("\n"));
        let image = image();
        if let Ok(symbols) = read(map.as_bytes(), &image, None) {
            prop_assert!(is_sound(&symbols, &image));
        }
    }

    #[test]
    fn any_lines_can_follow_the_heading(lines in prop::collection::vec("( |  |                 )?[.*a-z0-9=(]{0,12} {0,3}(0x[0-9a-f]{0,17})? (0x[0-9a-f]{0,9})?[ a-z/.=]{0,9}", 0..30)) {
        let map = format!("Linker script and memory map\n{}", lines.join("\n"));
        let image = image();
        if let Ok(symbols) = read(map.as_bytes(), &image, None) {
            prop_assert!(is_sound(&symbols, &image));
        }
    }
}
