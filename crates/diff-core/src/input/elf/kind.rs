//! What an ELF file is for: firmware that is flashed, a file that a driver or an operating system loads, or something else.

use object::Endianness;
use object::elf::{
    ELFOSABI_ARM, ELFOSABI_NONE, EM_ARM, EM_AVR, EM_MSP430, EM_RISCV, EM_RL78, EM_RX, EM_TRICORE, EM_V850,
    EM_XTENSA, ET_EXEC, ET_REL, NT_GNU_ABI_TAG, PT_DYNAMIC, PT_GNU_RELRO, PT_INTERP, PT_LOAD, PT_NOTE,
    ProgramType,
};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};

use super::{InputError, damaged, signed};

/// The section that tells Linux's remoteproc what the program needs.
const RESOURCES: &[u8] = b".resource_table";
/// Sections of modules of Linux, FreeBSD and NetBSD, which are not linked: their kernels do that.
const MODULE: [&[u8]; 3] = [b".modinfo", b"set_modmetadata_set", b"link_set_modules"];
/// Owners of notes in programs and kernels of operating systems.
const SYSTEMS: [&[u8]; 8] =
    [b"Linux", b"Xen", b"FreeBSD", b"NetBSD", b"OpenBSD", b"DragonFly", b"Android", b"QNX"];
/// More notes than this are not read.
const MOST_NOTES: usize = 1000;
/// Segments farther apart than this are in different memories: programs of an operating system are in one.
const APART: u64 = 16 << 20;

/// What a file is, if it is ELF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::input) enum Kind {
    /// Clearly the firmware of a microcontroller.
    Firmware,
    /// A program for a chip of Espressif, whose flash has an image that is made of it.
    Esp,
    /// A file that a driver loads as it is: why.
    Whole(&'static str),
    /// A module that a kernel links when it loads it.
    Module,
    /// An object file, which is not linked.
    Object,
    /// Starts by itself, but may be a program or kernel of a larger machine.
    Executable,
    /// Anything else: a library, a program that an operating system loads.
    Other,
}

/// The headers of a file.
pub(super) struct Headers<'a, Header: FileHeader<Endian = Endianness>> {
    file: &'a [u8],
    pub(super) endian: Endianness,
    pub(super) header: &'a Header,
    segments: &'a [Header::ProgramHeader],
}

pub(super) fn kind_of<Header: FileHeader<Endian = Endianness>>(file: &[u8]) -> Result<Kind, InputError> {
    let header = Header::parse(file).map_err(damaged)?;
    let endian = header.endian().map_err(damaged)?;
    let segments = header.program_headers(endian, file).map_err(damaged)?;
    let headers = Headers { file, endian, header, segments };
    if signed::is_signed(segments, endian) {
        return Ok(Kind::Whole(
            "it is signed for a driver that loads the file itself, as those of Qualcomm are",
        ));
    }
    if headers.has_section(&[RESOURCES]) {
        return Ok(Kind::Whole("it has a .resource_table: Linux's remoteproc loads the file itself"));
    }
    if header.e_type(endian) == ET_REL {
        return Ok(if headers.has_section(&MODULE) { Kind::Module } else { Kind::Object });
    }
    if header.e_type(endian) != ET_EXEC || !headers.has(&[PT_LOAD]) || headers.has(&[PT_INTERP, PT_DYNAMIC]) {
        return Ok(Kind::Other);
    }
    let kind = match header.e_machine(endian) {
        _ if !header.is_class_32() => Kind::Executable,
        _ if headers.is_esp() => Kind::Esp,
        EM_ARM | EM_RISCV | EM_XTENSA if !headers.is_hosted() => Kind::Firmware,
        // No operating system loads programs of these.
        EM_AVR | EM_MSP430 | EM_RX | EM_RL78 | EM_V850 | EM_TRICORE => Kind::Firmware,
        _ => Kind::Executable,
    };
    Ok(kind)
}

impl<Header: FileHeader<Endian = Endianness>> Headers<'_, Header> {
    fn has(&self, kinds: &[ProgramType]) -> bool {
        self.segments.iter().any(|segment| kinds.contains(&segment.p_type(self.endian)))
    }

    pub(super) fn loads(&self) -> impl Iterator<Item = &Header::ProgramHeader> {
        self.segments.iter().filter(|segment| segment.p_type(self.endian) == PT_LOAD)
    }

    pub(super) fn has_section(&self, names: &[&[u8]]) -> bool {
        let Ok(sections) = self.header.section_headers(self.endian, self.file) else { return false };
        let table = self.header.section_strings_index(self.endian, self.file).ok();
        let table = table.and_then(|index| sections.get(index.0)?.data(self.endian, self.file).ok());
        let Some(table) = table else { return false };
        sections.iter().any(|section| {
            let rest = table.get(section.sh_name(self.endian) as usize..).unwrap_or_default();
            // Names end with a zero; to look for the end of each would take long in a file made for that.
            names.iter().any(|name| rest.strip_prefix(*name).is_some_and(|end| end.first() == Some(&0)))
        })
    }

    /// Whether something says that an operating system loads the program, or that it is a kernel.
    fn is_hosted(&self) -> bool {
        let bare = [ELFOSABI_NONE, ELFOSABI_ARM].contains(&self.header.e_ident().os_abi);
        // Programs find their own headers in memory. There is no room for them in flash, but linkers put them before
        // the first section if it does not begin a page.
        let headers = self.loads().any(|segment| segment.p_offset(self.endian).into() == 0);
        !bare || self.has(&[PT_GNU_RELRO]) || self.has_notes_of_system() || (headers && !self.has_memories())
    }

    /// Whether a note is one of an operating system: a build's identity is not. Notes that cannot be read, or that are too
    /// many, are not those of firmware.
    fn has_notes_of_system(&self) -> bool {
        let endian = self.endian;
        let mut left = MOST_NOTES;
        for segment in self.segments.iter().filter(|segment| segment.p_type(endian) == PT_NOTE) {
            let Ok(Some(mut notes)) = segment.notes(endian, self.file) else { return true };
            while let Some(note) = notes.next().transpose() {
                left -= 1;
                let is_foreign = note.map_or(true, |note| {
                    let tag = note.name() == b"GNU" && note.n_type(endian) == NT_GNU_ABI_TAG;
                    tag || SYSTEMS.contains(&note.name())
                });
                if is_foreign || left == 0 {
                    return true;
                }
            }
        }
        false
    }

    /// Whether the program is for several memories: something runs elsewhere than it is flashed, or lies far away.
    fn has_memories(&self) -> bool {
        let endian = self.endian;
        let mut moved = self.loads().filter(|segment| segment.p_filesz(endian).into() > 0).map(|segment| {
            let (physical, running): (u64, u64) =
                (segment.p_paddr(endian).into(), segment.p_vaddr(endian).into());
            running.wrapping_sub(physical)
        });
        let first = moved.next();
        if moved.any(|distance| Some(distance) != first) {
            return true;
        }
        let mut places: Vec<(u64, u64)> = self
            .loads()
            .filter(|segment| segment.p_memsz(endian).into() > 0)
            .map(|segment| {
                let start: u64 = segment.p_vaddr(endian).into();
                (start, start.saturating_add(segment.p_memsz(endian).into()))
            })
            .collect();
        places.sort_unstable();
        places.windows(2).any(|pair| pair[1].0.saturating_sub(pair[0].1) > APART)
    }
}
