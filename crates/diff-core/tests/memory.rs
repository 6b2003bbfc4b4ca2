//! Making a package takes no more memory than is promised. A test program of its own with one test, as its allocator counts
//! what all threads take.

use smidgen_diff::{Options, Silent, diff};
use testkit::{Counting, most_taken, noise};

#[global_allocator]
static COUNTING: Counting = Counting;

/// Bytes of the base.
const SIZE: usize = 20_000_000;
/// The promise: bytes for each byte of the base, and bytes on top.
const PER_BYTE: usize = 6;
const FIXED: usize = 64 << 20;

/// Noise with a table of pointers into the image every 64 KiB, which all move by `shift`.
fn image(shift: u32) -> Vec<u8> {
    let mut image = noise(SIZE, 256, 1);
    for (number, block) in image.chunks_mut(1 << 16).enumerate() {
        for (index, word) in block.chunks_exact_mut(4).take(1024).enumerate() {
            let target = 0x10_0000 + number as u32 * 40_000 % 10_000_000 + index as u32 * 36 + shift;
            word.copy_from_slice(&target.to_le_bytes());
        }
    }
    image
}

/// The image with one piece in a hundred replaced, and something inserted.
fn changed(mut image: Vec<u8>) -> Vec<u8> {
    for (number, piece) in image.chunks_mut(1 << 15).enumerate().step_by(100) {
        let new = noise(piece.len(), 256, 2 + number as u64);
        piece.copy_from_slice(&new);
    }
    image.splice(SIZE / 2..SIZE / 2, noise(4096, 256, 0));
    image
}

#[test]
fn memory_stays_within_what_is_promised() {
    let (old, new) = (image(0), changed(image(4096)));
    // Four threads on any machine: what they do at the same time counts, too.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
    for level in [3, 4] {
        let options = Options::default().with_level(level);
        let (most, package) = most_taken(|| pool.install(|| diff(&old, &new, &options, &Silent)));
        let package = package.unwrap().bytes.len();
        println!("level {level}: {most} bytes, {:.1} for each of the base", most as f64 / SIZE as f64);
        assert!(most <= PER_BYTE * SIZE + FIXED, "level {level}: {most}");
        assert!(package < new.len() / 50, "level {level}: {package}");
    }
}
