//! `diff` on archives that are made to keep it busy.

use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};
use smidgen_diff::{Options, Ram, Silent, diff};
use testkit::firmware;

use crate::measure::{Tally, cost};
use crate::packages::Stock;
use crate::random::{Random, mutate};

/// Microseconds for each byte of both files, and what two small files take.
const TIME_LIMIT: f64 = 40.0;
const TIME_FIXED: f64 = 3e6;
/// Bytes of heap for each of both files, and for two small files.
const HEAP_LIMIT: u64 = 100;
const HEAP_FIXED: u64 = 256 << 20;

pub fn attack(_: &Stock, case: u64, tally: &mut Tally) -> Result<(), String> {
    let mut random = Random::new(case);
    let old = archive(&mut random);
    let new = if random.one_in(2) {
        archive(&mut random)
    } else {
        let mut new = old.clone();
        mutate(&mut random, &mut new);
        new
    };
    let options = Options::default().with_ram(Ram::Bytes(16 << 10)).with_level(1);
    tally.mutations += 1;
    // It proves what it makes.
    let (result, cost) = cost(|| diff(&old, &new, &options, &Silent));
    let bytes = (old.len() + new.len()) as u64;
    let micros = cost.time.as_secs_f64() * 1e6;
    tally.took(cost, bytes);
    tally.held(cost.heap as u64, HEAP_FIXED + HEAP_LIMIT * bytes);
    let package = result.map_err(|error| format!("{error}"))?;
    package
        .notes
        .iter()
        .for_each(|note| tally.saw(format!("{note:?}").split([' ', '{']).next().unwrap_or_default()));
    if micros > TIME_FIXED + TIME_LIMIT * bytes as f64 || cost.heap as u64 > HEAP_FIXED + HEAP_LIMIT * bytes {
        return Err(format!("{bytes} bytes take {micros:.0} us and {} bytes of heap", cost.heap));
    }
    Ok(())
}

fn archive(random: &mut Random) -> Vec<u8> {
    match random.below(5) {
        0 => marks(random),
        1 => {
            let mut bomb = zeros(random);
            for _ in 0..random.below(4) {
                bomb = wrapped(&bomb, random);
            }
            bomb
        }
        2 => {
            // Headers of everything, with nothing behind them.
            let mark = random.pick(&["\x78\x01", "PK\x03\x04", "PK\x01\x02"]).as_bytes();
            let filler = random.below(40);
            let length = mark.len() + filler;
            (0..40_000 / length).flat_map(|_| [mark, &random.bytes(filler)].concat()).collect()
        }
        _ => {
            let mut file = firmware(1 + random.below(3) as u32);
            for _ in 0..=random.below(3) {
                file = wrapped(&file, random);
            }
            mutate(random, &mut file);
            file
        }
    }
}

/// Zeros, deflated to a thousandth.
fn zeros(random: &mut Random) -> Vec<u8> {
    compress_to_vec(&vec![0; (1 + random.below(32)) << 20], 9)
}

fn wrapped(plain: &[u8], random: &mut Random) -> Vec<u8> {
    let gzip = || [b"\x1f\x8b\x08\x00\0\0\0\0\0\0".to_vec(), compress_to_vec(plain, 6), vec![0; 8]].concat();
    let local = || [b"PK\x03\x04\x14\0\0\0\x08\0".to_vec(), vec![0; 20], compress_to_vec(plain, 6)].concat();
    match random.below(3) {
        0 => compress_to_vec_zlib(plain, 6),
        1 => gzip(),
        _ => local(),
    }
}

/// Headers of zlib whose stored blocks all lead into the same bomb, which has a wrong checksum.
fn marks(random: &mut Random) -> Vec<u8> {
    let (count, head) = (1 + random.below(9000), 7);
    let mut file = Vec::new();
    for index in 1..=count {
        let skip = ((count - index) * head) as u16;
        file.extend_from_slice(b"\x78\x01\x00");
        file.extend_from_slice(&skip.to_le_bytes());
        file.extend_from_slice(&(!skip).to_le_bytes());
    }
    [file, zeros(random), vec![0, 1, 2, 3]].concat()
}
