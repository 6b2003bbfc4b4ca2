//! Symbols of ELF files, placed by what the segments have in them.

use object::elf::{
    self, EM_ARM, FileHeader32, FileHeader64, PT_LOAD, SHF_ALLOC, SHN_ABS, SHN_UNDEF, SHT_NOBITS, SHT_SYMTAB,
    STB_LOCAL, STB_WEAK, STT_FILE, STT_FUNC, STT_GNU_IFUNC, STT_NOTYPE, STT_OBJECT,
};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader, Sym};
use object::{Endianness, FileKind};

use super::collect::{Listed, collect};
use super::demangle::LOOKED_AT;
use super::place::{Area, Areas, Finder, Image};
use super::{Symbols, SymbolsError};

/// The most segments and sections that are looked at.
const MOST: usize = 1 << 12;

/// Names by their place in a section.
struct Strings<'a>(&'a [u8]);

impl<'a> Strings<'a> {
    /// The name, as far as it is looked at: to find the end of each would take long in a file made for that.
    fn name(&self, at: u32) -> Option<&'a [u8]> {
        let rest = self.0.get(at as usize..)?;
        rest[..rest.len().min(LOOKED_AT)].split(|&byte| byte == 0).next()
    }
}

pub(super) fn begins(file: &[u8]) -> bool {
    file.starts_with(&elf::ELFMAG)
}

pub(super) fn read(file: &[u8], image: &Image<'_>) -> Result<Symbols, SymbolsError> {
    match FileKind::parse(file) {
        Ok(FileKind::Elf32) => read_as::<FileHeader32<Endianness>>(file, image),
        Ok(FileKind::Elf64) => read_as::<FileHeader64<Endianness>>(file, image),
        _ => Err(wrong("it does not begin as ELF does")),
    }
}

fn wrong(reason: impl ToString) -> SymbolsError {
    SymbolsError::Structure(reason.to_string())
}

fn read_as<Header: FileHeader<Endian = Endianness>>(
    file: &[u8],
    image: &Image<'_>,
) -> Result<Symbols, SymbolsError> {
    let header = Header::parse(file).map_err(wrong)?;
    let endian = header.endian().map_err(wrong)?;
    let symbols = symbols(header, endian, file)?;
    if symbols.is_empty() {
        return Err(SymbolsError::NoSymbols);
    }
    let (areas, differs) = areas(header, endian, file, image)?;
    if areas.is_empty() {
        return Err(SymbolsError::OtherImage);
    }
    collect(&symbols, &sections(header, endian, file)?, &areas, differs)
}

/// Where the image has the segments, and whether it differs from them.
fn areas<Header: FileHeader<Endian = Endianness>>(
    header: &Header,
    endian: Endianness,
    file: &[u8],
    image: &Image<'_>,
) -> Result<(Areas, bool), SymbolsError> {
    let segments = header.program_headers(endian, file).map_err(wrong)?;
    let segments = segments.iter().filter(|segment| segment.p_type(endian) == PT_LOAD).take(MOST);
    let segments: Vec<_> = segments
        .filter_map(|segment| {
            let bytes = segment.data(endian, file).ok().filter(|bytes| !bytes.is_empty())?;
            Some((segment.p_vaddr(endian).into(), segment.p_paddr(endian).into(), bytes))
        })
        .collect();
    if segments.is_empty() {
        return Err(wrong("it has no loadable segment: it is not linked"));
    }
    // Linkers that know no physical addresses leave all of them zero.
    let is_physical = segments.iter().any(|&(_, physical, _)| physical != 0);
    let flashed = |&(address, physical, _): &(u64, u64, _)| if is_physical { physical } else { address };
    let lowest = segments.iter().map(flashed).min().unwrap_or(0);
    let starts: Vec<u64> = image.base_address.into_iter().chain([lowest]).collect();
    let mut finder = Finder::new(image.bytes, &starts);
    let found = segments.iter().filter_map(|segment| {
        let &(address, _, bytes) = segment;
        let offset = finder.find(flashed(segment), bytes)?;
        Some(Area { address, size: bytes.len() as u64, offset })
    });
    let areas = found.collect();
    Ok((Areas::new(areas, image), finder.differs()))
}

fn symbols<'a, Header: FileHeader<Endian = Endianness>>(
    header: &Header,
    endian: Endianness,
    file: &'a [u8],
) -> Result<Vec<Listed<'a>>, SymbolsError> {
    let sections = header.sections(endian, file).map_err(wrong)?;
    let table = sections.symbols(endian, file, SHT_SYMTAB).map_err(wrong)?;
    let strings = sections.section(table.string_section()).and_then(|strings| strings.data(endian, file));
    let strings = Strings(strings.unwrap_or_default());
    let is_arm = header.e_machine(endian) == EM_ARM;
    let mut listed = Vec::new();
    let mut source = None;
    for symbol in table.iter() {
        let Some(name) = strings.name(symbol.st_name(endian)) else { continue };
        let (kind, bind) = (symbol.st_type(), symbol.st_bind());
        if kind == STT_FILE {
            // Local symbols follow the name of their source.
            source = Some(name).filter(|name| !name.is_empty());
            continue;
        }
        let section = symbol.st_shndx(endian);
        let is_named = [STT_FUNC, STT_GNU_IFUNC, STT_OBJECT, STT_NOTYPE].contains(&kind);
        if !is_named || section == SHN_UNDEF || section == SHN_ABS || is_internal(name) {
            continue;
        }
        let address: u64 = symbol.st_value(endian).into();
        let is_thumb = is_arm && kind == STT_FUNC;
        listed.push(Listed {
            name,
            file: source.filter(|_| bind == STB_LOCAL),
            address: if is_thumb { address & !1 } else { address },
            size: symbol.st_size(endian).into(),
            rank: u8::from(kind != STT_NOTYPE) << 2
                | u8::from(bind != STB_LOCAL) << 1
                | u8::from(bind != STB_WEAK),
        });
    }
    Ok(listed)
}

/// Marks of assemblers and compilers: kinds of contents (`$t`), local labels.
fn is_internal(name: &[u8]) -> bool {
    name.is_empty() || name.starts_with(b"$") || name.starts_with(b".L")
}

fn sections<'a, Header: FileHeader<Endian = Endianness>>(
    header: &Header,
    endian: Endianness,
    file: &'a [u8],
) -> Result<Vec<Listed<'a>>, SymbolsError> {
    let sections = header.sections(endian, file).map_err(wrong)?;
    let strings = header.section_strings_index(endian, file).and_then(|index| sections.section(index));
    let strings = Strings(strings.and_then(|strings| strings.data(endian, file)).unwrap_or_default());
    let loaded = sections.iter().take(MOST).filter(|section| {
        section.sh_flags(endian).contains(SHF_ALLOC) && section.sh_type(endian) != SHT_NOBITS
    });
    let listed = loaded.filter_map(|section| {
        let name = strings.name(section.sh_name(endian))?;
        let (address, size) = (section.sh_addr(endian).into(), section.sh_size(endian).into());
        Some(Listed { name, file: None, address, size, rank: 0 })
    });
    Ok(listed.filter(|listed| listed.size > 0).collect())
}
