//! Files of Qualcomm's signing tool: a segment has hashes and signature, and the others may be in files of their own.

use object::Endianness;
use object::elf::PT_LOAD;
use object::read::elf::ProgramHeader;

use super::{InputError, outside};

/// The bits of a segment's flags that say what the loader does with it, and their values for the file's own headers, and
/// for hashes and signature.
const KIND: u32 = 7 << 24;
const HEADERS: u32 = 7 << 24;
const HASHES: u32 = 2 << 24;

pub(super) fn is_signed<Header: ProgramHeader<Endian = Endianness>>(
    segments: &[Header],
    endian: Endianness,
) -> bool {
    segments.iter().any(|segment| kind(segment, endian) == HASHES)
}

/// Checks that the file has all segments or, as an `.mdt`, none but the headers and perhaps the hashes: one that has a part
/// of them was cut off.
pub(super) fn check<Header: ProgramHeader<Endian = Endianness>>(
    segments: &[Header],
    endian: Endianness,
    file: &[u8],
) -> Result<(), InputError> {
    let file_size = file.len() as u64;
    let size = |wanted: u32| {
        let found = segments.iter().find(|segment| kind(*segment, endian) == wanted);
        found.map_or(0, |segment| segment.p_filesz(endian).into())
    };
    // The hashes right behind the headers, not where they say that they are.
    if size(HEADERS).checked_add(size(HASHES)) == Some(file_size) {
        return Ok(());
    }
    let begins = |segment: &Header| segment.file_range(endian).0 < file_size;
    // With whether they are loaded.
    let pieces = segments.iter().filter(|segment| segment.p_filesz(endian).into() > 0);
    let pieces = pieces.filter_map(|segment| match kind(segment, endian) {
        HEADERS => None,
        HASHES => Some((segment, false)),
        _ => (segment.p_type(endian) == PT_LOAD).then_some((segment, true)),
    });
    let is_split = !pieces.clone().any(|(segment, is_loaded)| is_loaded && begins(segment));
    for (segment, _) in pieces {
        let is_elsewhere = is_split && !begins(segment);
        if !is_elsewhere && segment.data(endian, file).is_err() {
            let (start, size) = segment.file_range(endian);
            return Err(outside("segment", start, size));
        }
    }
    Ok(())
}

fn kind<Header: ProgramHeader<Endian = Endianness>>(segment: &Header, endian: Endianness) -> u32 {
    segment.p_flags(endian).0 & KIND
}
