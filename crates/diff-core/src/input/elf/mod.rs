//! ELF: what is loaded, at the physical addresses where it is flashed.

mod esp;
mod kind;
mod loaded;
mod signed;

use object::elf::{
    self, EM_AARCH64, EM_ARM, EM_AVR, EM_HEXAGON, EM_MSP430, EM_RISCV, EM_RL78, EM_RX, EM_TRICORE, EM_V850,
    EM_X86_64, EM_XTENSA, FileHeader32, FileHeader64,
};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, FileKind};

use super::flat::Contents;
use super::{Format, InputError};

pub(super) use kind::Kind;

const FORMAT: Format = Format::Elf;

pub(super) fn begins(file: &[u8]) -> bool {
    file.starts_with(&elf::ELFMAG)
}

/// The kind of an ELF file.
pub(super) fn kind(file: &[u8]) -> Result<Kind, InputError> {
    match FileKind::parse(file) {
        Ok(FileKind::Elf32) => kind::kind_of::<FileHeader32<Endianness>>(file),
        Ok(FileKind::Elf64) => kind::kind_of::<FileHeader64<Endianness>>(file),
        _ => Err(no_elf(file)),
    }
}

/// Checks that a file is ELF and that its headers and segments are there, whatever it is for.
pub(super) fn check(file: &[u8]) -> Result<(), InputError> {
    match FileKind::parse(file) {
        Ok(FileKind::Elf32) => check_as::<FileHeader32<Endianness>>(file),
        Ok(FileKind::Elf64) => check_as::<FileHeader64<Endianness>>(file),
        _ => Err(no_elf(file)),
    }
}

pub(super) fn read(file: &[u8]) -> Result<Contents<'_>, InputError> {
    match FileKind::parse(file) {
        Ok(FileKind::Elf32) => read_as::<FileHeader32<Endianness>>(file),
        Ok(FileKind::Elf64) => read_as::<FileHeader64<Endianness>>(file),
        _ => Err(no_elf(file)),
    }
}

fn no_elf(file: &[u8]) -> InputError {
    if begins(file) { damaged(()) } else { wrong("it does not begin as ELF does") }
}

/// The error for headers that cannot be read.
fn damaged<E>(_: E) -> InputError {
    wrong("its headers are damaged, or the file was cut off in them")
}

/// The error for an object file.
pub(super) fn not_linked() -> InputError {
    wrong("it is an object file, not linked: give the program that the linker makes of it")
}

/// The error for section headers that cannot be read. They are at the end of files.
fn no_sections<E>(_: E) -> InputError {
    wrong("its section headers are not where it says: the file was cut off, or is damaged")
}

fn wrong(reason: impl ToString) -> InputError {
    InputError::Structure { format: FORMAT, reason: reason.to_string() }
}

/// The error for a part of the file that its headers promise.
fn outside(what: &str, start: u64, size: u64) -> InputError {
    wrong(format!("a {what} of {size} bytes at {start:#x} of the file goes beyond its end"))
}

fn check_as<Header: FileHeader<Endian = Endianness>>(file: &[u8]) -> Result<(), InputError> {
    let header = Header::parse(file).map_err(damaged)?;
    let endian = header.endian().map_err(damaged)?;
    let segments = header.program_headers(endian, file).map_err(damaged)?;
    if signed::is_signed(segments, endian) {
        return signed::check(segments, endian, file);
    }
    header.section_headers(endian, file).map_err(no_sections)?;
    for segment in segments {
        let (start, size) = segment.file_range(endian);
        segment.data(endian, file).map_err(|()| outside("segment", start, size))?;
    }
    Ok(())
}

fn read_as<Header: FileHeader<Endian = Endianness>>(file: &[u8]) -> Result<Contents<'_>, InputError> {
    let header = Header::parse(file).map_err(damaged)?;
    let endian = header.endian().map_err(damaged)?;
    let mut contents = Contents::new(FORMAT);
    contents.entry = Some(header.e_entry(endian).into());
    contents.architecture = Some(architecture(header.e_machine(endian)));
    for (address, bytes) in loaded::loaded(header, endian, file)? {
        contents.segments.add(address, bytes).map_err(wrong)?;
    }
    match kind(file)? {
        Kind::Esp => contents.notes.push(InputError::EspElf.to_string()),
        Kind::Whole(why) => contents.notes.push(format!("this is not what the device has: {why}")),
        _ => {}
    }
    Ok(contents)
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
        EM_RX => "rx",
        EM_RL78 => "rl78",
        EM_V850 => "v850",
        EM_TRICORE => "tricore",
        EM_HEXAGON => "hexagon",
        other => return format!("machine {}", other.0),
    };
    name.to_owned()
}
