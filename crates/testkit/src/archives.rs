//! Writers of compressed files and archives.

use std::fmt::Write as _;

use miniz_oxide::deflate::compress_to_vec;

use crate::Random;

/// Text that resembles a configuration: it deflates well, and is large enough to be worth expanding.
pub fn text(seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut text = String::new();
    for line in 0..400 {
        let _ = writeln!(text, "option.{line} = {:x} {}", random.below(1 << 30), random.below(100));
    }
    text.into_bytes()
}

/// The same with some changes.
pub fn changed(mut text: Vec<u8>) -> Vec<u8> {
    let length = text.len();
    for at in [length / 7, length / 3, length / 2] {
        text.splice(at..at + 3, *b"changed");
    }
    text
}

/// A gzip file with a name.
pub fn gzip(plain: &[u8]) -> Vec<u8> {
    gzip_at(6, plain)
}

/// The same, compressed at this level.
pub fn gzip_at(level: u8, plain: &[u8]) -> Vec<u8> {
    let mut file = vec![0x1F, 0x8B, 8, 8, 1, 2, 3, 4, 2, 3];
    file.extend(b"name\0");
    file.extend(compress_to_vec(plain, level));
    file.extend(crc32fast::hash(plain).to_le_bytes());
    file.extend((plain.len() as u32).to_le_bytes());
    file
}

/// A zlib stream.
pub fn zlib(plain: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(plain, 6)
}

/// How an entry is put into a zip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Put {
    /// As it is.
    Stored,
    /// Compressed.
    Deflated,
    /// Compressed, with its sizes behind it.
    Described,
    /// Compressed, and marked as encrypted.
    Encrypted,
    /// Compressed, with its sizes in an extra field.
    Zip64,
}

/// A zip archive of these entries.
pub fn zip(entries: &[(&str, Put, &[u8])]) -> Vec<u8> {
    let (mut file, mut records) = (Vec::new(), Vec::new());
    for &(name, put, plain) in entries {
        let data = if put == Put::Stored { plain.to_vec() } else { compress_to_vec(plain, 6) };
        let flags: u16 = match put {
            Put::Described => 8,
            Put::Encrypted => 1,
            _ => 0,
        };
        let mut extra = Vec::new();
        let [mut packed, mut length] = [data.len() as u32, plain.len() as u32];
        if put == Put::Zip64 {
            extra.extend([1, 0, 16, 0]);
            extra.extend(u64::from(length).to_le_bytes());
            extra.extend(u64::from(packed).to_le_bytes());
            [packed, length] = [u32::MAX; 2];
        }
        let fields = |known: bool| {
            let mut fields = Vec::new();
            fields.extend(20u16.to_le_bytes());
            fields.extend(flags.to_le_bytes());
            fields.extend((if put == Put::Stored { 0u16 } else { 8 }).to_le_bytes());
            fields.extend([1, 2, 3, 4]);
            for value in [crc32fast::hash(plain), packed, length] {
                fields.extend((if known { value } else { 0 }).to_le_bytes());
            }
            fields.extend((name.len() as u16).to_le_bytes());
            fields.extend((extra.len() as u16).to_le_bytes());
            fields
        };
        let offset = file.len() as u32;
        file.extend(b"PK\x03\x04");
        file.extend(fields(put != Put::Described));
        file.extend(name.as_bytes());
        file.extend(&extra);
        file.extend(&data);
        if put == Put::Described {
            file.extend(b"PK\x07\x08");
            [crc32fast::hash(plain), packed, length]
                .iter()
                .for_each(|value| file.extend(value.to_le_bytes()));
        }
        records.extend(b"PK\x01\x02\x14\x03");
        records.extend(fields(true));
        records.extend([0; 10]);
        records.extend(offset.to_le_bytes());
        records.extend(name.as_bytes());
        records.extend(&extra);
    }
    let (start, size, count) = (file.len() as u32, records.len() as u32, entries.len() as u16);
    file.extend(records);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend([count, count].map(u16::to_le_bytes).concat());
    file.extend([size, start].map(u32::to_le_bytes).concat());
    file.extend([0, 0]);
    file
}

/// A tar archive of these names and contents.
pub fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = Vec::new();
    for (name, contents) in members {
        let mut block = vec![0; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", contents.len()).as_bytes());
        block[156] = b'0';
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        file.extend(block);
        file.extend(*contents);
        file.resize(file.len().next_multiple_of(512), 0);
    }
    file.resize(file.len() + 1024, 0);
    file
}

/// A file with everything in it.
pub fn everything(seed: u64, change: bool) -> Vec<u8> {
    let [one, two, three] = [seed, seed + 1, seed + 2].map(text);
    let one = if change { changed(one) } else { one };
    let two = if change { changed(two) } else { two };
    [
        zip(&[
            ("one", Put::Deflated, &one),
            ("two", Put::Described, &two),
            ("inner.zip", Put::Stored, &zip(&[("x", Put::Deflated, &one[..4000])])),
            ("three.tar.gz", Put::Stored, &gzip(&tar(&[("t", &three), ("o", &one)]))),
            ("four", Put::Zip64, &two[100..]),
        ]),
        zlib(&one[1000..]),
        b"junk".to_vec(),
        gzip(&two),
    ]
    .concat()
}
