//! Writers of input formats, written independently of the readers.

use sha2::{Digest, Sha256};

/// Bytes at an address.
pub type Piece<'a> = (u32, &'a [u8]);

/// Intel HEX of 32-bit addresses, 16 bytes to a record.
pub fn hex(pieces: &[Piece]) -> String {
    let mut text = String::new();
    for &(address, bytes) in pieces {
        for (index, chunk) in bytes.chunks(16).enumerate() {
            let at = address + 16 * index as u32;
            text += &hex_record(0, 4, &((at >> 16) as u16).to_be_bytes());
            text += &hex_record(at as u16, 0, chunk);
        }
    }
    text + &hex_record(0, 5, &0x0800_0101u32.to_be_bytes()) + &hex_record(0, 1, &[])
}

/// One record with the right checksum.
pub fn hex_record(offset: u16, kind: u8, data: &[u8]) -> String {
    let mut bytes = vec![data.len() as u8, (offset >> 8) as u8, offset as u8, kind];
    bytes.extend(data);
    let sum = bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    bytes.push(sum.wrapping_neg());
    format!(":{}\r\n", digits(&bytes))
}

/// S-records with addresses of 16 (1), 24 (2) or 32 bits (3), 20 bytes to a record.
pub fn srec(pieces: &[Piece], kind: u8) -> String {
    let mut text = srec_record(0, &[0, 0], b"HDR");
    let mut count = 0u16;
    for &(address, bytes) in pieces {
        for (index, chunk) in bytes.chunks(20).enumerate() {
            let at = (address + 20 * index as u32).to_be_bytes();
            text += &srec_record(kind, &at[3 - usize::from(kind)..], chunk);
            count += 1;
        }
    }
    text += &srec_record(5, &count.to_be_bytes(), &[]);
    text + &srec_record(10 - kind, &[0; 4][..usize::from(kind) + 1], &[])
}

/// One record with the right checksum.
pub fn srec_record(kind: u8, address: &[u8], data: &[u8]) -> String {
    let mut bytes = vec![(address.len() + data.len() + 1) as u8];
    bytes.extend(address);
    bytes.extend(data);
    let sum = bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    bytes.push(!sum);
    format!("S{kind}{}\n", digits(&bytes))
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The parts of an ELF file.
#[derive(Clone, Debug)]
pub struct Elf {
    /// `e_machine`: 40 is ARM.
    pub machine: u16,
    /// `e_type`: 2 is an executable.
    pub kind: u16,
    /// `EI_OSABI`.
    pub os_abi: u8,
    /// Whether numbers are big-endian.
    pub big_endian: bool,
    /// Type, physical address, virtual address, bytes.
    pub segments: Vec<(u32, u32, u32, Vec<u8>)>,
}

impl Elf {
    /// Firmware for ARM of these pieces.
    pub fn firmware(pieces: &[Piece]) -> Self {
        let segments = pieces.iter().map(|&(at, bytes)| (1, at, at, bytes.to_vec())).collect();
        Self { machine: 40, kind: 2, os_abi: 0, big_endian: false, segments }
    }

    /// The file, without sections.
    pub fn bytes(&self) -> Vec<u8> {
        let half = |number: u16| if self.big_endian { number.to_be_bytes() } else { number.to_le_bytes() };
        let word = |number: u32| if self.big_endian { number.to_be_bytes() } else { number.to_le_bytes() };
        let mut file = b"\x7FELF".to_vec();
        file.extend([1, 1 + u8::from(self.big_endian), 1, self.os_abi, 0, 0, 0, 0, 0, 0, 0, 0]);
        file.extend([half(self.kind), half(self.machine)].concat());
        // Version, entry, program headers, sections, flags.
        file.extend([1, 0x101, 52, 0, 0].map(word).concat());
        file.extend([52, 32, self.segments.len() as u16, 40, 0, 0].map(half).concat());
        let mut offset = (52 + 32 * self.segments.len()) as u32;
        for (kind, physical, virtual_, bytes) in &self.segments {
            let size = bytes.len() as u32;
            file.extend([*kind, offset, *virtual_, *physical, size, size + 8, 5, 4].map(word).concat());
            offset += size;
        }
        self.segments.iter().for_each(|segment| file.extend(&segment.3));
        file
    }
}

/// UF2 of blocks of 256 bytes.
pub fn uf2(pieces: &[Piece], family: Option<u32>) -> Vec<u8> {
    let chunks: Vec<(u32, &[u8])> = pieces
        .iter()
        .flat_map(|&(at, bytes)| {
            bytes.chunks(256).enumerate().map(move |(n, chunk)| (at + 256 * n as u32, chunk))
        })
        .collect();
    let count = chunks.len() as u32;
    let block =
        |(number, &(at, data)): (usize, &(u32, &[u8]))| uf2_block(at, data, number as u32, count, family);
    chunks.iter().enumerate().flat_map(block).collect()
}

/// One block.
pub fn uf2_block(address: u32, data: &[u8], number: u32, count: u32, family: Option<u32>) -> Vec<u8> {
    let flags = if family.is_some() { 0x2000 } else { 0 };
    let header =
        [0x0A32_4655, 0x9E5D_5157, flags, address, data.len() as u32, number, count, family.unwrap_or(0)];
    let mut block: Vec<u8> = header.iter().flat_map(|word: &u32| word.to_le_bytes()).collect();
    block.extend(data);
    block.resize(508, 0);
    block.extend(0x0AB1_6F30u32.to_le_bytes());
    block
}

/// An image signed for MCUboot of version 1.2.3 and this build number, with a protected record.
pub fn mcuboot(program: &[u8], build: u32) -> Vec<u8> {
    mcuboot_of([1, 2, 3], program, build)
}

/// The same of another version.
pub fn mcuboot_of([major, minor, revision]: [u8; 3], program: &[u8], build: u32) -> Vec<u8> {
    let protected = area(0x6908, &[(0x50, &7u32.to_le_bytes())]);
    let mut file = 0x96F3_B83Du32.to_le_bytes().to_vec();
    file.extend([0; 4]);
    file.extend(64u16.to_le_bytes());
    file.extend((protected.len() as u16).to_le_bytes());
    file.extend((program.len() as u32).to_le_bytes());
    file.extend([0, 0, 0, 0, major, minor, revision, 0]);
    file.extend(build.to_le_bytes());
    file.resize(64, 0);
    file.extend(program);
    file.extend(&protected);
    let hash = Sha256::digest(&file);
    file.extend(area(0x6907, &[(0x10, &hash), (0x01, &[9; 32]), (0x24, &[8; 64])]));
    file
}

/// An area of records.
pub fn area(magic: u16, records: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (kind, value) in records {
        bytes.extend([kind.to_le_bytes(), (value.len() as u16).to_le_bytes()].concat());
        bytes.extend(*value);
    }
    let info = [magic.to_le_bytes(), (bytes.len() as u16 + 4).to_le_bytes()].concat();
    [info, bytes].concat()
}

/// An image of ESP-IDF for the ESP32-C3 with a description, and these segments.
pub fn esp(version: &str, segments: &[Piece]) -> Vec<u8> {
    let mut description = vec![0; 256];
    description[..4].copy_from_slice(&0xABCD_5432u32.to_le_bytes());
    description[16..16 + version.len()].copy_from_slice(version.as_bytes());
    let mut file = vec![0; 24];
    file[..2].copy_from_slice(&[0xE9, segments.len() as u8 + 1]);
    file[4..8].copy_from_slice(&0x4038_0000u32.to_le_bytes());
    (file[12], file[23]) = (5, 1);
    let mut sum = 0xEF;
    for (address, data) in [(0x3C00_0020, description.as_slice())].iter().chain(segments) {
        file.extend([address.to_le_bytes(), (data.len() as u32).to_le_bytes()].concat());
        file.extend(*data);
        sum = data.iter().fold(sum, |sum, byte| sum ^ byte);
    }
    while file.len() % 16 != 15 {
        file.push(0);
    }
    file.push(sum);
    let digest = Sha256::digest(&file);
    file.extend(digest);
    file
}
