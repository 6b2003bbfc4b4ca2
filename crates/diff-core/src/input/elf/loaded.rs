//! The bytes of ELF that loaders and `objcopy` put into flash, and where.

use std::ops::Range;

use object::Endianness;
use object::elf::{PT_LOAD, SHF_ALLOC, SHT_NOBITS};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};

use super::{InputError, damaged, no_sections, outside, wrong};

/// The most bytes that are loaded, as a multiple of the file's size: more is a bomb.
const MOST_OF_FILE: usize = 4;
/// The most pairs of a segment and a section that are looked at.
const MOST_PAIRS: usize = 1 << 20;

/// What is loaded, within a limit.
struct Loaded<'a> {
    /// Bytes that may still be loaded.
    limit: usize,
    list: Vec<(u64, &'a [u8])>,
}

/// A section with bytes of its own in the image.
struct Section<'a> {
    address: u64,
    /// Where it is in the file.
    place: Range<u64>,
    bytes: &'a [u8],
}

/// Bytes and where they are flashed: all of a segment, with what pads its sections; the file's own headers are not flashed.
/// Sections that were added outside of all segments are at their own addresses.
pub(super) fn loaded<'a, Header: FileHeader<Endian = Endianness>>(
    header: &Header,
    endian: Endianness,
    file: &'a [u8],
) -> Result<Vec<(u64, &'a [u8])>, InputError> {
    let segments = header.program_headers(endian, file).map_err(damaged)?;
    let segments: Vec<_> = segments.iter().filter(|segment| segment.p_type(endian) == PT_LOAD).collect();
    if segments.is_empty() {
        return Err(wrong("it has no loadable segment: it is not linked"));
    }
    let headers = header.section_headers(endian, file).map_err(no_sections)?;
    if segments.len().saturating_mul(headers.len()) > MOST_PAIRS {
        let (segments, sections) = (segments.len(), headers.len());
        return Err(wrong(format!("{segments} segments and {sections} sections are too many")));
    }
    let sections = sections(headers, endian, file)?;
    // Linkers that know no physical addresses leave all of them zero.
    let physical = segments.iter().any(|segment| segment.p_paddr(endian).into() != 0);
    let mut loaded = Loaded { limit: MOST_OF_FILE * file.len(), list: Vec::new() };
    let mut places: Vec<Range<u64>> = Vec::new();
    for segment in segments {
        let (start, size) = segment.file_range(endian);
        let bytes = segment.data(endian, file).map_err(|()| outside("segment", start, size))?;
        let place = start..start + bytes.len() as u64;
        let base: u64 =
            if physical { segment.p_paddr(endian).into() } else { segment.p_vaddr(endian).into() };
        let skipped = before(header, endian, &place, &sections);
        if skipped.is_none() && headers.is_empty() {
            return Err(wrong(
                "it has no section headers, so where its contents begin behind its own headers is not known: give the \
                 file as it was before they were removed",
            ));
        }
        if let Some(skipped) = skipped {
            let address = base.checked_add(skipped).ok_or_else(|| wrong("addresses wrap around"))?;
            loaded.push(address, &bytes[skipped as usize..])?;
        }
        places.push(place);
    }
    let outside = |section: &&Section| !places.iter().any(|place| overlap(place, &section.place));
    sections.iter().filter(outside).try_for_each(|section| loaded.push(section.address, section.bytes))?;
    Ok(loaded.list)
}

/// The sections that are loaded and have bytes in the file.
fn sections<'a, Header: SectionHeader<Endian = Endianness>>(
    headers: &[Header],
    endian: Endianness,
    file: &'a [u8],
) -> Result<Vec<Section<'a>>, InputError> {
    let is_loaded = |header: &&Header| {
        header.sh_flags(endian).contains(SHF_ALLOC) && header.sh_type(endian) != SHT_NOBITS
    };
    let mut sections = Vec::new();
    for header in headers.iter().filter(is_loaded) {
        let (start, size) = (header.sh_offset(endian).into(), header.sh_size(endian).into());
        let end = start.checked_add(size).filter(|&end| end <= file.len() as u64);
        let end = end.ok_or_else(|| outside("section", start, size))?;
        let bytes = &file[start as usize..end as usize];
        if !bytes.is_empty() {
            sections.push(Section { address: header.sh_addr(endian).into(), place: start..end, bytes });
        }
    }
    Ok(sections)
}

/// How many bytes of a segment at this place come before what is flashed: those of a segment that begins with the file's
/// own headers, up to its first section. `None` if nothing of it is flashed.
fn before<Header: FileHeader<Endian = Endianness>>(
    header: &Header,
    endian: Endianness,
    place: &Range<u64>,
    sections: &[Section],
) -> Option<u64> {
    let table: u64 = header.e_phoff(endian).into();
    let size = u64::from(header.e_phentsize(endian)) * u64::from(header.e_phnum(endian));
    let own = [0..u64::from(header.e_ehsize(endian)), table..table.saturating_add(size)];
    if !own.iter().any(|own| overlap(own, place)) {
        return Some(0);
    }
    let inside = sections.iter().filter(|section| overlap(&section.place, place));
    inside.map(|section| section.place.start.saturating_sub(place.start)).min()
}

fn overlap(one: &Range<u64>, other: &Range<u64>) -> bool {
    one.start.max(other.start) < one.end.min(other.end)
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
