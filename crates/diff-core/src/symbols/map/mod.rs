//! Linker maps: sections, the parts of them that object files have, and symbols.

mod gnu;
mod lld;

use super::collect::{Listed, collect};
use super::place::{Area, Areas, Image, header, stated};
use super::{Symbols, SymbolsError};

/// Bytes at the start of a file that show whose map it is.
const HEAD: usize = 64 << 10;
/// What maps that are not read say of themselves, and the linkers that write them.
const FOREIGN: [(&str, &str); 4] = [
    ("Component: ARM Compiler", "armlink"),
    ("Component: Arm Compiler", "armlink"),
    ("IAR ELF Linker", "IAR's linker"),
    ("TI ARM Linker", "TI's linker"),
];
/// Beginnings of names of sections that are in no image: what only debuggers read, and what has no contents.
const NOT_FLASHED: &[&[u8]] = &[
    b".debug",
    b".stab",
    b".comment",
    b".ARM.attributes",
    b".riscv.attributes",
    b".xt.",
    b".xtensa",
    b".note.GNU",
    b".note.stapsdt",
    b".gdb_index",
    b".gnu.attributes",
    b".symtab",
    b".strtab",
    b".shstrtab",
    b".bss",
    b".sbss",
    b".noinit",
    b".heap",
    b".stack",
    b"/DISCARD/",
];
/// Kinds of sections: what follows in a section's name is the name of a function or object.
const KINDS: &[&[u8]] = &[
    b".text.unlikely.",
    b".text.startup.",
    b".text.hot.",
    b".text.",
    b".rodata.",
    b".data.rel.ro.",
    b".data.",
    b".literal.",
    b".iram1.",
    b".dram1.",
    b".init.",
];

/// What a map lists of a program's contents.
#[derive(Default)]
struct Map<'a> {
    outputs: Vec<Output<'a>>,
    parts: Vec<Part<'a>>,
    /// Whether the current output section is in the image, and whether symbols belong to the last part.
    is_flashed: bool,
    in_part: bool,
}

/// An output section: where it runs, and where it is flashed.
struct Output<'a> {
    name: &'a [u8],
    address: u64,
    size: u64,
    load: u64,
}

/// A part of an output section that an object file has.
struct Part<'a> {
    section: &'a [u8],
    file: &'a [u8],
    address: u64,
    size: u64,
    symbols: Vec<(u64, &'a [u8])>,
}

pub(super) fn read(file: &[u8], image: &Image<'_>) -> Result<Symbols, SymbolsError> {
    let lines = || file.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
    let map = gnu::read(lines()).or_else(|| lld::read(lines())).ok_or_else(|| foreign(file))?;
    let (areas, differs) = map.areas(image);
    let sections: Vec<Listed<'_>> = map.outputs.iter().map(Output::listed).collect();
    let mut symbols = Vec::new();
    map.parts.iter().for_each(|part| part.list(&mut symbols));
    collect(&symbols, &sections, &areas, differs)
}

/// What is wrong with a file that is none of the maps that are read.
fn foreign(file: &[u8]) -> SymbolsError {
    let head = String::from_utf8_lossy(&file[..file.len().min(HEAD)]);
    let linker = FOREIGN.iter().find(|(words, _)| head.contains(words));
    linker.map_or(SymbolsError::Format, |&(_, linker)| SymbolsError::OtherMap(linker))
}

impl<'a> Map<'a> {
    fn output(&mut self, output: Output<'a>) {
        self.in_part = false;
        self.is_flashed = output.size > 0 && !NOT_FLASHED.iter().any(|start| output.name.starts_with(start));
        if self.is_flashed {
            self.outputs.push(output);
        }
    }

    /// Begins a part of the last output section; `path` is that of its object file.
    fn part(&mut self, section: &'a [u8], path: &'a [u8], address: u64, size: u64) {
        self.in_part = self.is_flashed && size > 0;
        if self.in_part {
            let file = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
            self.parts.push(Part { section, file, address, size, symbols: Vec::new() });
        }
    }

    fn symbol(&mut self, address: u64, name: &'a [u8]) {
        let Some(part) = self.parts.last_mut().filter(|_| self.in_part) else { return };
        let inside = address.checked_sub(part.address).is_some_and(|at| at < part.size);
        let is_name = name.first().is_some_and(|byte| !b".([$".contains(byte));
        if inside && is_name {
            part.symbols.push((address, name));
        }
    }

    /// Where the image has the output sections, and whether it is too small for them.
    fn areas(&self, image: &Image<'_>) -> (Areas, bool) {
        if let Some(areas) = stated(image.bytes) {
            return (Areas::new(areas, image), false);
        }
        let lowest = self.outputs.iter().map(|output| output.load).min().unwrap_or(0);
        let begins = |address: &u64| self.outputs.iter().any(|output| output.load == *address);
        let start = image.base_address.filter(begins).unwrap_or(lowest);
        let flashed = self.outputs.iter().filter(|output| output.load >= start);
        let end = |output: &Output<'_>| (output.load - start).saturating_add(output.size);
        let size = flashed.clone().map(end).max().unwrap_or(0);
        let header = header(image.bytes, size);
        let areas = flashed.map(|&Output { address, size, load, .. }| Area {
            address,
            size,
            offset: (load - start).saturating_add(header),
        });
        (Areas::new(areas.collect(), image), size > image.bytes.len() as u64)
    }
}

impl<'a> Output<'a> {
    fn listed(&self) -> Listed<'a> {
        Listed { name: self.name, file: None, address: self.address, size: self.size, rank: 0 }
    }
}

impl<'a> Part<'a> {
    /// Lists its symbols; what is before the first is named for the section or the file.
    fn list(&self, listed: &mut Vec<Listed<'a>>) {
        let end = self.address.saturating_add(self.size);
        let mut symbols = self.symbols.clone();
        symbols.sort_by_key(|&(address, _)| address);
        symbols.dedup_by_key(|&mut (address, _)| address);
        if symbols.first().is_none_or(|&(address, _)| address > self.address) {
            symbols.insert(0, (self.address, self.own_name()));
        }
        for (index, &(address, name)) in symbols.iter().enumerate() {
            let size = symbols.get(index + 1).map_or(end, |&(next, _)| next) - address;
            listed.push(Listed { name, file: Some(self.file), address, size, rank: 0 });
        }
    }

    /// The name in the section's name, if each function has a section of its own; else the section's.
    fn own_name(&self) -> &'a [u8] {
        let own = KINDS.iter().find_map(|kind| self.section.strip_prefix(*kind));
        // Sections of strings and constants are those of a whole file.
        let is_shared = |name: &&[u8]| [&b"str1."[..], b"cst"].iter().any(|kind| name.starts_with(kind));
        own.filter(|name| !name.is_empty() && !is_shared(name)).unwrap_or(self.section)
    }
}

/// The first word of a line, and what follows it.
fn word(line: &[u8]) -> (&[u8], &[u8]) {
    let line = line.trim_ascii_start();
    let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
    (&line[..end], line[end..].trim_ascii_start())
}

/// A number without a prefix, as linkers write addresses.
fn hex(digits: &[u8]) -> Option<u64> {
    let is_hex = digits.first().is_some_and(u8::is_ascii_hexdigit);
    u64::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| is_hex)?, 16).ok()
}
