//! The promised limits of memory hold for large images.

use testkit::archives::gzip_at;

use crate::common::{Desk, Outcome, noise, smidgen};

/// Bytes of the base.
const SIZE: usize = 100_000_000;
/// The promise: bytes for each byte of the base, and bytes on top.
const PER_BYTE: usize = 6;
const FIXED: usize = 64 << 20;
/// Address space that is not memory: the program, its libraries and its stacks. What the C library reserves for each
/// thread, 64 MiB, is switched off.
const RESERVED: usize = 48 << 20;
/// Another thread's stack, and a buffer of the pipe.
const STACKS: usize = 4 << 20;

/// Noise with a table of pointers into the image every 64 KiB, which all move by `shift`.
fn image(size: usize, shift: u32) -> Vec<u8> {
    let mut image = noise(size);
    for (number, block) in image.chunks_mut(1 << 16).enumerate() {
        for (index, word) in block.chunks_exact_mut(4).take(1024).enumerate() {
            let target = 0x10_0000 + number as u32 * 40_000 % 90_000_000 + index as u32 * 36 + shift;
            word.copy_from_slice(&target.to_le_bytes());
        }
    }
    image
}

/// The image with one piece in fifty replaced, and something inserted.
fn changed(image: &[u8]) -> Vec<u8> {
    let other = noise(40_000).into_iter().map(|byte| byte ^ 0x55).collect::<Vec<u8>>();
    let mut new = Vec::with_capacity(image.len() + (1 << 20));
    for (number, piece) in image.chunks(1 << 15).enumerate() {
        if number % 50 == 0 {
            new.extend_from_slice(&other[number % 5000..][..piece.len() + 160]);
        } else {
            new.extend_from_slice(piece);
        }
    }
    new
}

/// Runs smidgen within this much address space: memory, and also the program and its files.
fn within(limit: usize, desk: &Desk, arguments: &str) -> Outcome {
    let command = format!("ulimit -v {}; exec {} -q {arguments}", limit >> 10, smidgen());
    desk.command("sh").env("MALLOC_ARENA_MAX", "1").args(["-c", &command]).output().unwrap().into()
}

const DIFF: &str = "diff old new -o patch --threads 2";

#[test]
#[ignore = "long: half a minute, 1 GB of memory and 0.3 GB of disk"]
fn memory_stays_within_what_is_promised() {
    let (old, new) = (image(SIZE, 0), changed(&image(SIZE, 4096)));
    let desk = Desk::with(&[("old", &old), ("new", &new)]);
    let promised = PER_BYTE * old.len() + FIXED;
    within(old.len() + new.len() + promised + RESERVED, &desk, DIFF).succeeded();
    desk.ok("verify old patch");
}

/// The worst contents: nothing repeats, so that each byte is a token, yet it can be compressed.
fn letters(size: usize) -> Vec<u8> {
    noise(size).into_iter().map(|byte| b'0' + (byte & 63)).collect()
}

#[test]
#[ignore = "long: half a minute"]
fn restoring_compressed_files_stays_within_what_is_stated() {
    // A whole piece, and another.
    let (old, size) = (letters(18 << 20), 18 << 20);
    let mut new = [&old[5_000_000..], b"something new", &old[..5_000_000]].concat();
    (0..size).step_by(100_000).for_each(|at| new[at] ^= 1);
    let desk = Desk::with(&[("old.gz", &gzip_at(1, &old)), ("new.gz", &gzip_at(1, &new))]);
    let files = desk.read("old.gz").len() + desk.read("new.gz").len();
    desk.ok("diff old.gz new.gz -o patch --level 1");
    let info = desk.json("info patch");
    let container = |name: &str| info["container"][name].as_u64().unwrap() as usize;
    let stated = info["ram"].as_u64().unwrap() as usize + container("memory") + container("storage");
    let limit = files + stated + STACKS + RESERVED;
    within(limit, &desk, "patch old.gz patch -o back.gz").succeeded();
    assert!(desk.read("back.gz") == desk.read("new.gz"));
}

#[test]
fn the_limit_is_a_limit() {
    let desk = Desk::with(&[("old", &noise(8 << 20)), ("new", &noise(8 << 20)[1..])]);
    assert_ne!(within(48 << 20, &desk, DIFF).code, 0);
}
