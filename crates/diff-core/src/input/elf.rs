//! ELF: what is loaded, at the physical addresses where it is flashed.

use object::elf::{
    self, ELFOSABI_ARM, ELFOSABI_NONE, EM_AARCH64, EM_ARM, EM_AVR, EM_MSP430, EM_RISCV, EM_X86_64, EM_XTENSA,
    ET_EXEC, FileHeader32, FileHeader64, PT_DYNAMIC, PT_GNU_RELRO, PT_INTERP, PT_LOAD, PT_NOTE, PT_TLS,
    SHF_ALLOC, SHT_NOBITS,
};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};
use object::{Endianness, FileKind};

use super::flat::Contents;
use super::{Format, InputError};

const FORMAT: Format = Format::Elf;
/// The most bytes that are loaded, as a multiple of the file's size: more is a bomb.
const MOST_OF_FILE: usize = 4;
/// The most pairs of a segment and a section that are looked at.
const MOST_PAIRS: usize = 1 << 20;

/// What a file is, if it is ELF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Clearly the firmware of a microcontroller.
    Firmware,
    /// Starts by itself, but may be a program or kernel of a larger machine.
    Executable,
    /// Anything else: a library, an object, a program that an operating system loads.
    Other,
}

pub(super) fn begins(file: &[u8]) -> bool {
    file.starts_with(&elf::ELFMAG)
}

/// The kind of an ELF file; a damaged one is [`Kind::Other`].
pub(super) fn kind(file: &[u8]) -> Kind {
    let kind = match FileKind::parse(file) {
        Ok(FileKind::Elf32) => kind_of::<FileHeader32<Endianness>>(file),
        Ok(FileKind::Elf64) => kind_of::<FileHeader64<Endianness>>(file),
        _ => None,
    };
    kind.unwrap_or(Kind::Other)
}

pub(super) fn read(file: &[u8]) -> Result<Contents<'_>, InputError> {
    match FileKind::parse(file) {
        Ok(FileKind::Elf32) => read_as::<FileHeader32<Endianness>>(file),
        Ok(FileKind::Elf64) => read_as::<FileHeader64<Endianness>>(file),
        _ => Err(wrong("it does not begin as ELF does")),
    }
}

fn wrong(reason: impl ToString) -> InputError {
    InputError::Structure { format: FORMAT, reason: reason.to_string() }
}

fn kind_of<Header: FileHeader<Endian = Endianness>>(file: &[u8]) -> Option<Kind> {
    let header = Header::parse(file).ok()?;
    let endian = header.endian().ok()?;
    let segments = header.program_headers(endian, file).ok()?;
    let has = |kinds: &[elf::ProgramType]| segments.iter().any(|it| kinds.contains(&it.p_type(endian)));
    let loads = segments.iter().any(|segment| segment.p_type(endian) == PT_LOAD);
    if header.e_type(endian) != ET_EXEC || !loads || has(&[PT_INTERP, PT_DYNAMIC]) {
        return Some(Kind::Other);
    }
    let small = header.is_class_32() && [EM_ARM, EM_RISCV, EM_XTENSA].contains(&header.e_machine(endian));
    let bare = [ELFOSABI_NONE, ELFOSABI_ARM].contains(&header.e_ident().os_abi);
    // What only programs of an operating system have, and kernels that describe themselves.
    let hosted = has(&[PT_TLS, PT_GNU_RELRO, PT_NOTE]);
    // Programs of an operating system find their own headers in memory; there is no room for them in flash.
    let headers =
        segments.iter().any(|segment| segment.p_type(endian) == PT_LOAD && offset(segment, endian) == 0);
    Some(if small && bare && !hosted && !headers { Kind::Firmware } else { Kind::Executable })
}

fn offset<Header: ProgramHeader<Endian = Endianness>>(segment: &Header, endian: Endianness) -> u64 {
    segment.p_offset(endian).into()
}

fn read_as<Header: FileHeader<Endian = Endianness>>(file: &[u8]) -> Result<Contents<'_>, InputError> {
    let header = Header::parse(file).map_err(wrong)?;
    let endian = header.endian().map_err(wrong)?;
    let mut contents = Contents::new(FORMAT);
    contents.entry = Some(header.e_entry(endian).into());
    contents.architecture = Some(architecture(header.e_machine(endian)));
    for (address, bytes) in loaded(header, endian, file)? {
        contents.segments.add(address, bytes).map_err(wrong)?;
    }
    Ok(contents)
}

/// Bytes and where they are flashed: of sections, as `objcopy -O binary` takes them, since segments may begin with the
/// file's own headers; of segments in a file without sections.
fn loaded<'a, Header: FileHeader<Endian = Endianness>>(
    header: &Header,
    endian: Endianness,
    file: &'a [u8],
) -> Result<Vec<(u64, &'a [u8])>, InputError> {
    let segments = header.program_headers(endian, file).map_err(wrong)?;
    let segments: Vec<_> = segments.iter().filter(|segment| segment.p_type(endian) == PT_LOAD).collect();
    if segments.is_empty() {
        return Err(wrong("it has no loadable segment: it is not linked"));
    }
    let sections = header.section_headers(endian, file).map_err(wrong)?;
    if segments.len().saturating_mul(sections.len()) > MOST_PAIRS {
        let (segments, sections) = (segments.len(), sections.len());
        return Err(wrong(format!("{segments} segments and {sections} sections are too many")));
    }
    // Linkers that know no physical addresses leave all of them zero.
    let physical = segments.iter().any(|segment| segment.p_paddr(endian).into() != 0);
    let mut loaded = Loaded { limit: MOST_OF_FILE * file.len(), list: Vec::new() };
    for segment in segments {
        let base: u64 =
            if physical { segment.p_paddr(endian).into() } else { segment.p_vaddr(endian).into() };
        let (start, size) = segment.file_range(endian);
        let outside =
            || wrong(format!("a segment of {size} bytes at {start:#x} of the file goes beyond its end"));
        let bytes = segment.data(endian, file).map_err(|()| outside())?;
        if sections.is_empty() {
            loaded.push(base, bytes)?;
            continue;
        }
        for section in sections {
            if let Some((at, bytes)) = part(section, endian, start, bytes) {
                loaded.push(base.checked_add(at).ok_or_else(outside)?, bytes)?;
            }
        }
    }
    Ok(loaded.list)
}

/// What is loaded, within a limit.
struct Loaded<'a> {
    /// Bytes that may still be loaded.
    limit: usize,
    list: Vec<(u64, &'a [u8])>,
}

impl<'a> Loaded<'a> {
    fn push(&mut self, address: u64, bytes: &'a [u8]) -> Result<(), InputError> {
        // Empty ones cost time too.
        let left = self.limit.checked_sub(bytes.len().max(1));
        self.limit = left.ok_or_else(|| wrong("it loads the same bytes of the file again and again"))?;
        self.list.push((address, bytes));
        Ok(())
    }
}

/// The part of a segment that a section fills: its offset in the segment, and its bytes.
fn part<'a, Header: SectionHeader<Endian = Endianness>>(
    section: &Header,
    endian: Endianness,
    start: u64,
    segment: &'a [u8],
) -> Option<(u64, &'a [u8])> {
    let is_loaded = section.sh_flags(endian).contains(SHF_ALLOC) && section.sh_type(endian) != SHT_NOBITS;
    let offset: u64 = section.sh_offset(endian).into();
    let at = offset.checked_sub(start).filter(|_| is_loaded)?;
    let size: u64 = section.sh_size(endian).into();
    let end = at.checked_add(size)?;
    let bytes = segment.get(usize::try_from(at).ok()?..usize::try_from(end).ok()?)?;
    Some((at, bytes))
}

fn architecture(machine: elf::Machine) -> String {
    let name = match machine {
        EM_ARM => "arm",
        EM_AARCH64 => "aarch64",
        EM_RISCV => "riscv",
        EM_XTENSA => "xtensa",
        EM_X86_64 => "x86-64",
        EM_AVR => "avr",
        EM_MSP430 => "msp430",
        other => return format!("machine {}", other.0),
    };
    name.to_owned()
}
