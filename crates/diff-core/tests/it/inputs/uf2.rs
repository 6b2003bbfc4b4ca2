//! UF2 as tools and bootloaders number, mark and join blocks.

use md5::{Digest, Md5};
use smidgen_diff::input::{InputError, Reading, read};
use testkit::builds::{uf2, uf2_block};
use testkit::noise;

use super::{flat, record};

const PICO: u32 = 0xE48B_FF56;
const OTHER: u32 = 0xADA5_2840;
const BASE: u32 = 0x1000_0000;

/// Blocks of 256 bytes each from an address on, numbered from `first` on, of `count`.
fn blocks(address: u32, data: &[u8], first: u32, count: u32, family: u32) -> Vec<u8> {
    let block = |(index, data): (usize, &[u8])| {
        let index = index as u32;
        uf2_block(address + 256 * index, data, first + index, count, Some(family))
    };
    data.chunks(256).enumerate().flat_map(block).collect()
}

fn of(file: &[u8], family: u32) -> Result<Vec<u8>, InputError> {
    read(file, &Reading::default().with_family(Some(family))).map(|flat| flat.bytes.into_owned())
}

/// A block with these flags as well, and these bytes after its data.
fn marked(block: &[u8], flags: u32, tags: &[u8]) -> Vec<u8> {
    let mut block = block.to_vec();
    let word = |at: usize, block: &[u8]| u32::from_le_bytes(block[at..at + 4].try_into().unwrap());
    let (all, size) = (word(8, &block) | flags, word(16, &block) as usize);
    block[8..12].copy_from_slice(&all.to_le_bytes());
    block[32 + size..32 + size + tags.len()].copy_from_slice(tags);
    block
}

#[test]
fn numbers_count_the_family_or_the_file() {
    let (one, two) = (noise(4096, 256, 1), noise(2048, 256, 2));
    let each = [uf2(&[(BASE, &one)], Some(PICO)), uf2(&[(0x2000, &two)], Some(OTHER))].concat();
    let whole = [blocks(BASE, &one, 0, 24, PICO), blocks(0x2000, &two, 16, 24, OTHER)].concat();
    let mut mixed: Vec<&[u8]> = whole.chunks(512).collect();
    mixed.sort_by_key(|block| noise(1, 256, block[20].into()));
    for file in [each, whole.clone(), mixed.concat()] {
        assert!(of(&file, PICO).unwrap() == one && of(&file, OTHER).unwrap() == two);
    }
    // A block of the other family is missing, or one of this family: numbers do not say whose it was.
    for at in [3, 20] {
        let file = [&whole[..512 * at], &whole[512 * (at + 1)..]].concat();
        let reason = of(&file, PICO).unwrap_err().to_string();
        assert!(reason.contains("missing") && reason.contains(&format!("number {at}")), "{reason}");
    }
    // Both families number their own blocks: those of the other one do not stand for a missing one.
    let cut =
        [blocks(BASE, &one, 0, 16, PICO)[..512 * 15].to_vec(), blocks(0x2000, &one, 0, 16, OTHER)].concat();
    assert!(
        of(&cut, PICO)
            .unwrap_err()
            .to_string()
            .contains("1 of 16 blocks are missing, the first is number 15")
    );
    assert!(of(&cut, OTHER).unwrap() == one);
}

#[test]
fn files_of_one_family_may_be_joined() {
    let (one, two) = (noise(2048, 256, 1), noise(2048, 256, 2));
    let file = |at, data| uf2(&[(at, data)], Some(PICO));
    let same = [file(BASE, &one), file(BASE + 2048, &two)].concat();
    assert!(*flat(&same).bytes == [&one[..], &two].concat());
    let different = [file(BASE, &one), file(BASE + 2048, &two[..512])].concat();
    assert!(*flat(&different).bytes == [&one[..], &two[..512]].concat());
    let twice = [file(BASE, &one), file(BASE, &one)].concat();
    assert!(*flat(&twice).bytes == one, "the same block twice is one");
    let again = [&file(BASE, &one)[..], &file(BASE, &one)[..512]].concat();
    assert!(*flat(&again).bytes == one);
    for file in [&same[..same.len() - 512], &same[512..], &different[..different.len() - 512]] {
        assert!(read(file, &Reading::default()).unwrap_err().to_string().contains("missing"));
    }
    let clash = [file(BASE, &one), file(BASE, &two)].concat();
    assert!(matches!(read(&clash, &Reading::default()), Err(InputError::Overlap { .. })));
}

#[test]
fn blocks_that_bootloaders_pass_over_are_none() {
    let data = noise(1024, 256, 1);
    let file = uf2(&[(BASE, &data)], Some(PICO));
    let absolute = 0xE48B_FF57;
    // The first block of files for a Pico 2, as tools wrote it before and after they marked it.
    let erratum = uf2_block(0x10FF_FF00, &[0xEF; 256], 0, 2, Some(absolute));
    let ignored = marked(&erratum, 0x8000, &0x9957_E304u32.to_le_bytes());
    let remark = marked(&uf2_block(0, b"a remark", 0, 1, None), 1, b"");
    let contents = marked(&uf2_block(0, b"a file", 0, 1, None), 0x1000, b"");
    for first in [erratum, ignored, remark.clone(), contents.clone()] {
        let all = [first, file.clone()].concat();
        let found = flat(&all);
        assert!(*found.bytes == data);
        assert_eq!(found.record.unwrap().family, Some(PICO));
    }
    // Remarks and pieces of files may be counted.
    for flag in [1, 0x1000] {
        let last = marked(&uf2_block(0, b"end", 4, 5, Some(PICO)), flag, b"");
        assert!(*flat(&[blocks(BASE, &data, 0, 5, PICO), last].concat()).bytes == data);
    }
    // What says that it is absolute is flashed like any other family.
    let real = uf2(&[(BASE, &data)], Some(absolute));
    assert_eq!((&*flat(&real).bytes, record(&real).family), (&data[..], Some(absolute)));
    // Digests and tags behind the data change nothing.
    let tagged: Vec<u8> = file
        .chunks(512)
        .flat_map(|block| marked(block, 0xC000, &[8, 0x3B, 0xC7, 0x9F, b'1', b'.', b'2', 0, 0, 0, 0, 0]))
        .collect();
    assert!(*flat(&tagged).bytes == data);
    assert!(matches!(read(&remark, &Reading::default()), Err(InputError::Empty { .. })));
    let error = read(&contents, &Reading::default()).unwrap_err().to_string();
    assert!(error.contains("a piece of a file"), "{error}");
}

/// What a block states of a region.
fn stated(start: u32, bytes: &[u8]) -> Vec<u8> {
    [&start.to_le_bytes()[..], &(bytes.len() as u32).to_le_bytes(), &Md5::digest(bytes)].concat()
}

/// Blocks with the MD5 of a region each, in the last bytes of their room or, as esptool writes it, behind the data.
fn with_md5(file: &[u8], behind_data: bool, area: impl Fn(usize) -> Vec<u8>) -> Vec<u8> {
    let block = |(index, block): (usize, &[u8])| {
        let mut block = marked(block, 0x4000, b"");
        let at = if behind_data { 32 + usize::from(block[16]) + 256 * usize::from(block[17]) } else { 484 };
        block[at..at + 24].copy_from_slice(&area(index));
        block
    };
    file.chunks(512).enumerate().flat_map(block).collect()
}

#[test]
fn the_md5_of_bytes_in_the_file_must_be_right() {
    let data = noise(8000, 256, 1);
    let file = uf2(&[(BASE, &data)], Some(PICO));
    let chunk = |index: usize| (BASE + 256 * index as u32, data.chunks(256).nth(index).unwrap());
    let own = |index| stated(chunk(index).0, chunk(index).1);
    // The last region is not whole: the tool that made it knew what is in flash behind the file.
    let sector = |index: usize| {
        let start = index / 16 * 4096;
        let bytes = data.get(start..start + 4096).map_or_else(|| vec![7; 4096], <[u8]>::to_vec);
        stated(BASE + start as u32, &bytes)
    };
    let checked = |file: &[u8]| {
        let found = flat(file);
        assert!(*found.bytes == data);
        let record = found.record.unwrap();
        (record.checked, record.notes)
    };
    let md5 = vec!["MD5".to_owned()];
    assert_eq!(checked(&with_md5(&file, false, own)), (md5.clone(), vec![]));
    assert_eq!(checked(&with_md5(&file, true, own)), (md5.clone(), vec![]));
    let note = "the MD5 of 1 of 2 regions of flash is not checked: not all of their bytes are in the file";
    assert_eq!(checked(&with_md5(&file, false, sector)), (md5, vec![note.to_owned()]));
    assert_eq!(checked(&with_md5(&file, false, |_| vec![0; 24])), (vec![], vec![]), "a length of zero");
    // A changed byte of the data, a wrong digest, and the region of another place.
    let mut changed = with_md5(&file, true, own);
    changed[5 * 512 + 40] ^= 1;
    let wrong = with_md5(&file, false, |index| stated(BASE, chunk(index.min(30)).1));
    let mut digest = with_md5(&file, false, sector);
    (0..16).for_each(|block| digest[512 * block + 507] ^= 1);
    for (file, part) in [
        (&changed, "block 5: the MD5 of the 256 bytes from 0x10000500 is wrong: the file states "),
        (&wrong, ": the MD5 of the 256 bytes from 0x10000000 is wrong: the file states "),
        (&digest, "block 0: the MD5 of the 4096 bytes from 0x10000000 is wrong: the file states "),
    ] {
        let error = read(file, &Reading::default()).unwrap_err().to_string();
        assert!(error.contains(part) && error.contains(", its bytes have "), "{error}");
    }
    // Blocks of other families, and those that are not flashed, say nothing about this one.
    let other = with_md5(&uf2(&[(BASE, &data)], Some(OTHER)), false, |_| stated(BASE, b"other"));
    assert!(of(&[&file[..], &other].concat(), PICO).unwrap() == data);
    let ranged = Reading::default().with_range(Some(BASE.into()..u64::from(BASE) + 300));
    assert!(*read(&with_md5(&file, false, sector), &ranged).unwrap().bytes == data[..300]);
}

#[test]
fn an_md5_needs_room_and_little_time() {
    let full = uf2_block(BASE, &noise(460, 256, 2), 0, 1, Some(PICO));
    let error = read(&marked(&full, 0x4000, b""), &Reading::default()).unwrap_err().to_string();
    assert!(error.contains("block 0: it says that it holds 460 bytes and an MD5"), "{error}");
    // Each block states another part of the whole file.
    let data = noise(256 * 100, 256, 3);
    let file = uf2(&[(BASE, &data)], Some(PICO));
    let many = with_md5(&file, false, |index| stated(BASE + index as u32, &data[index..][..20_000]));
    let error = read(&many, &Reading::default()).unwrap_err().to_string();
    assert!(error.contains("the MD5 of the same bytes again and again"), "{error}");
}

#[test]
fn a_family_that_is_not_there_is_said_so() {
    let file = uf2(&[(BASE, b"data")], Some(PICO));
    let error = of(&file, 1).unwrap_err().to_string();
    assert!(error.contains("no blocks of family 0x00000001; there are those of 0xe48bff56"), "{error}");
    assert!(of(&uf2(&[(BASE, b"data")], None), 1).unwrap_err().to_string().contains("no stated family"));
}

/// Numbers of strangers cost neither memory nor time.
#[test]
fn huge_counts_are_refused_at_once() {
    for (number, count) in [(0, u32::MAX), (u32::MAX - 1, u32::MAX), (u32::MAX, 1), (0, 0)] {
        let file = uf2_block(BASE, b"data", number, count, Some(PICO));
        assert!(read(&file.repeat(100), &Reading::default()).is_err(), "{number} of {count}");
    }
}
