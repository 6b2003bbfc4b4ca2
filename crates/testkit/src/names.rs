//! Writers of what names the parts of an image: symbols of ELF files, linker maps.

use std::collections::HashMap;

/// A function or object: its name, address and size.
pub type Name<'a> = (&'a str, u32, u32);

/// An ELF file of 32 bits, little-endian, which has neither sections nor symbols, with both.
pub fn with_symbols(elf: &[u8], sections: &[Name], symbols: &[Name]) -> Vec<u8> {
    let mut file = elf.to_vec();
    let mut strings = vec![0];
    let mut places = HashMap::new();
    let mut string = |text: &str| {
        // Long texts are not compared.
        *places.entry((text.as_ptr(), text.len())).or_insert_with(|| {
            let at = strings.len() as u32;
            strings.extend(text.as_bytes());
            strings.push(0);
            at
        })
    };
    let mut table = vec![0; 16];
    for &(name, address, size) in symbols {
        table.extend([string(name), address, size].map(u32::to_le_bytes).concat());
        // A global function, of the first section.
        table.extend([0x12, 0, 1, 0]);
    }
    let mut headers: Vec<[u32; 10]> = vec![[0; 10]];
    // Contents that are loaded, wherever in the file.
    headers.extend(
        sections.iter().map(|&(name, address, size)| [string(name), 1, 2, address, 52, size, 0, 0, 4, 0]),
    );
    let (symtab, strtab) = (string(".symtab"), string(".strtab"));
    let table_at = file.len() as u32;
    let table_size = table.len() as u32;
    let last = headers.len() as u32 + 1;
    headers.push([symtab, 2, 0, 0, table_at, table_size, last, 1, 4, 16]);
    headers.push([strtab, 3, 0, 0, table_at + table_size, strings.len() as u32, 0, 0, 1, 0]);
    file.extend(&table);
    file.extend(&strings);
    let at = file.len() as u32;
    file[32..36].copy_from_slice(&at.to_le_bytes());
    let counts = [headers.len() as u16, last as u16].map(u16::to_le_bytes).concat();
    file[48..52].copy_from_slice(&counts);
    headers.iter().flatten().for_each(|word| file.extend(word.to_le_bytes()));
    file
}

/// A map as GNU ld writes it, of one section of code with these functions, each in a section of its own.
pub fn linker_map(start: u32, size: u32, functions: &[Name]) -> String {
    let mut map = "Memory Configuration\n\nLinker script and memory map\n\nLOAD a.o\n".to_owned();
    map += &format!(".text           {start:#010x} {size:#10x}\n *(.text .text.*)\n");
    for (name, address, size) in functions {
        // Long names have a line of their own.
        let section = format!(" .text.{name}");
        let separator =
            if section.len() < 16 { " ".repeat(16 - section.len()) } else { "\n                ".to_owned() };
        map += &format!("{section}{separator}{address:#010x} {size:#10x} build/lib.a({name}.o)\n");
        map += &format!("                {address:#010x}                {name}\n");
    }
    map += "                0x20000000                _sdata = .\n";
    map += ".bss            0x20000000       0x40 load address 0x08010000\n .bss.state     0x20000000       0x40 build/state.o\n";
    map + ".debug_info     0x00000000     0x9999\n .debug_info    0x00000000     0x9999 build/state.o\n"
}

/// A map of the same as lld writes it, for Thumb.
pub fn lld_map(start: u32, size: u32, functions: &[Name]) -> String {
    let mut map = "     VMA      LMA     Size Align Out     In      Symbol\n".to_owned();
    let mut line = |address: u32, size: u32, align: u32, name: &str| {
        map += &format!("{address:8x} {address:8x} {size:8x} {align:5} {name}\n");
    };
    line(start, size, 4, ".text");
    for (name, address, size) in functions {
        line(*address, *size, 4, &format!("        build/lib.a({name}.o):(.text.{name})"));
        line(*address, 0, 1, "                $t");
        line(address | 1, *size, 1, &format!("                {name}"));
    }
    line(start + size, 0, 1, "_etext = .");
    line(0x2000_0000, 0x40, 4, ".bss");
    line(0x2000_0000, 0x40, 4, "        build/state.o:(.bss.state)");
    line(0x2000_0000, 0x40, 1, "                state");
    line(0, 0x9999, 1, ".debug_info");
    map
}
