//! Programs for chips of Espressif, whose flash has an image that is made of them.

use std::ops::Range;

use object::Endianness;
use object::elf::{EM_RISCV, EM_XTENSA};
use object::read::elf::{FileHeader, ProgramHeader};

use super::kind::Headers;

/// Sections of these programs.
const SECTIONS: [&[u8]; 8] = [
    b".flash.appdesc",
    b".flash.text",
    b".flash.rodata",
    b".iram0.text",
    b".iram0.vectors",
    b".dram0.data",
    b".irom0.text",
    b".flash_rodata_dummy",
];
/// Where chips with an Xtensa map flash, and their memory: no other Xtensa has anything there.
const XTENSA: Range<u64> = 0x3C00_0000..0x4400_0000;
/// Where those with RISC-V map flash; P4 and S31 map it where chips of others have memory.
const FLASH: [Range<u64>; 2] = [0x3C00_0000..0x3E00_0000, 0x4200_0000..0x4400_0000];

/// Where chips with RISC-V have memory, by the tables of esptool.
struct Chip {
    /// Memory where no program for a chip of another maker is.
    own: [Range<u64>; 2],
    /// Other memory of the same chip, where others may have some, too.
    more: [Range<u64>; 2],
}

const NONE: Range<u64> = 0..0;
/// C2 and C3; C5, C6, C61, H2 and H4; P4; S31.
const CHIPS: [Chip; 4] = [
    Chip {
        own: [0x3FC8_0000..0x3FCE_0000, 0x4037_C000..0x403E_0000],
        more: [0x5000_0000..0x5000_2000, NONE],
    },
    Chip { own: [0x4080_0000..0x4088_0000, NONE], more: [0x5000_0000..0x5000_4000, NONE] },
    Chip {
        own: [0x4FF0_0000..0x4FFC_0000, NONE],
        more: [0x4000_0000..0x4C00_0000, 0x5010_8000..0x5011_0000],
    },
    Chip {
        own: [0x2F00_0000..0x2F08_0000, NONE],
        more: [0x4000_0000..0x5400_0000, 0x2E00_0000..0x2E00_8000],
    },
];

impl<Header: FileHeader<Endian = Endianness>> Headers<'_, Header> {
    /// Whether sections have their names, or the program is where these chips have memory.
    pub(super) fn is_esp(&self) -> bool {
        let is_there = match self.header.e_machine(self.endian) {
            EM_XTENSA => self.places().any(|(address, _)| XTENSA.contains(&address)),
            EM_RISCV => self.is_in_flash() || CHIPS.iter().any(|chip| self.is_for(chip)),
            _ => return false,
        };
        is_there || self.has_section(&SECTIONS)
    }

    /// Where the bytes of the program run, and whether they are flashed elsewhere.
    fn places(&self) -> impl Iterator<Item = (u64, bool)> {
        let endian = self.endian;
        let loads = self.loads().filter(move |segment| segment.p_filesz(endian).into() > 0);
        loads.map(move |segment| {
            let address = segment.p_vaddr(endian).into();
            (address, segment.p_paddr(endian).into() != address)
        })
    }

    /// Chips of others with RISC-V have memory where these map flash: its initial values are flashed elsewhere.
    fn is_in_flash(&self) -> bool {
        self.places().any(|(address, is_moved)| !is_moved && is_in(&FLASH, address))
    }

    /// Whether all of the program is in the memory of this chip, and some of it where only this one has any.
    fn is_for(&self, chip: &Chip) -> bool {
        let is_own = |address| is_in(&chip.own, address);
        self.places().all(|(address, is_moved)| !is_moved && (is_own(address) || is_in(&chip.more, address)))
            && self.places().any(|(address, _)| is_own(address))
    }
}

fn is_in(ranges: &[Range<u64>], address: u64) -> bool {
    ranges.iter().any(|range| range.contains(&address))
}
