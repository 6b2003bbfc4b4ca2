//! Makes the tables of where counters begin (`docs/format.md`, sections 5.6 and 5.8) from where they ended in packages.
//!
//! `initial_counters BASE PACKAGE [BASE PACKAGE]...` decodes packages of one codec, `cm` or `lite`, and prints the bytes of its
//! table: for `entropy/cm/initial.rs` or `entropy/lite/initial.rs` of the patch crate, and for the format's text. It counts a counter by how often it was used, up to
//! seven times, and shrinks the mean a little towards one half. Packages of many makers give a table that others gain from;
//! judge it on packages that it was not made from.

use std::error::Error;
use std::fs;

use smidgen_patch::Header;
use smidgen_patch::internals::apply::{Blind, Io, Layout, Pause};
use smidgen_patch::internals::entropy::{RangeDecoder, stretch};

/// Uses that are told from more: what a counter counts up to.
const MOST: u16 = 7;
/// The weight of one half against a package in which the counter was used often.
const SHRINK: f64 = 0.5;
/// The same where every counter is in the table, and begins as if it had seen fewer events.
const LITE_SHRINK: f64 = 1.0;
/// A half byte of the table: the log odds, in bits, above this.
const EVEN: f64 = 8.0;

/// Where a package names its codec, and the number of `lite`.
const CODEC: usize = 5;
const LITE: u8 = 2;

/// One counter over all packages: the sum of weights, and of log odds in bits times weights.
#[derive(Clone, Copy, Default)]
struct Mean {
    weight: f64,
    odds: f64,
}

/// Both images in memory; what is not restored yet is never read.
struct Memory<'a> {
    base: &'a [u8],
    target: Vec<u8>,
}

impl Io for Memory<'_> {
    type Error = smidgen_patch::Error;

    fn read_base(&mut self, offset: u32, into: &mut [u8]) -> Result<(), Self::Error> {
        into.copy_from_slice(&self.base[offset as usize..][..into.len()]);
        Ok(())
    }

    fn read_target(&mut self, offset: u32, into: &mut [u8]) -> Result<(), Self::Error> {
        into.copy_from_slice(&self.target[offset as usize..][..into.len()]);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
        self.target.extend_from_slice(bytes);
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let (mut means, mut is_lite) = (Vec::new(), false);
    for pair in paths.chunks(2) {
        let [base, package] = pair else { return Err("each base needs a package".into()) };
        let package = fs::read(package)?;
        let (before, after) = counters(&fs::read(base)?, &package)?;
        is_lite = package[CODEC] == LITE;
        means.resize(after.len(), Mean::default());
        for ((mean, before), after) in means.iter_mut().zip(before).zip(after) {
            let used = if before == after { 0 } else { (after & MOST).saturating_sub(before & MOST).max(1) };
            let weight = f64::from(used) / f64::from(MOST - (before & MOST)).max(1.0);
            mean.weight += weight;
            mean.odds += weight * f64::from(stretch(after & !MOST | 4)) / 256.0;
        }
    }
    let table = if is_lite { lite_table(&means) } else { table(&means) };
    println!("{} bytes", table.len());
    for line in table.chunks(16) {
        println!("    {}", line.iter().map(|byte| format!("0x{byte:02X},")).collect::<Vec<_>>().join(" "));
    }
    for line in table.chunks(32) {
        println!("{}", line.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    }
    Ok(())
}

/// The counters before a package is decoded, and after.
fn counters(base: &[u8], package: &[u8]) -> Result<(Vec<u16>, Vec<u16>), Box<dyn Error>> {
    let (header, length) = Header::parse(package).map_err(|error| error.to_string())?;
    let mut workspace = vec![0; header.ram as usize + 3];
    let start = workspace.as_ptr().align_offset(4);
    let layout = Layout::new(&header, &mut workspace[start..]).map_err(|error| error.to_string())?;
    let (mut walker, mut body) = (layout.walker, &package[length..]);
    let before = walker.counters().to_vec();
    let mut decoder = RangeDecoder::new(layout.input, header.body_length);
    let mut memory = Memory { base, target: Vec::new() };
    loop {
        let taken = decoder.fill(body);
        body = &body[taken..];
        let pause =
            walker.run(&mut decoder, &Blind, &mut memory, u32::MAX).map_err(|error| error.to_string())?;
        if pause == Pause::Done {
            return Ok((before, walker.counters().to_vec()));
        }
    }
}

/// A half byte for each counter.
fn lite_table(means: &[Mean]) -> Vec<u8> {
    let half = |mean: &Mean| {
        let odds = mean.odds / (mean.weight + LITE_SHRINK);
        (odds.round() + EVEN).clamp(0.0, 15.0) as u8
    };
    let halves: Vec<u8> = means.iter().map(half).collect();
    halves.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// Half bytes: 1 to 15 for the next counter, 0 and `n` for `n + 1` that were never used.
fn table(means: &[Mean]) -> Vec<u8> {
    let half = |mean: &Mean| {
        let odds = mean.odds / (mean.weight + SHRINK);
        if mean.weight > 0.0 { (odds.round() + EVEN).clamp(1.0, 15.0) as u8 } else { 0 }
    };
    let used = means.iter().rposition(|mean| mean.weight > 0.0).map_or(0, |last| last + 1);
    let mut halves = Vec::new();
    for run in means[..used].iter().map(half).collect::<Vec<_>>().chunk_by(|a, b| *a == 0 && *b == 0) {
        match run {
            [0, ..] => run.chunks(16).for_each(|part| halves.extend([0, part.len() as u8 - 1])),
            counters => halves.extend(counters),
        }
    }
    // A last half byte of zero skips nothing.
    halves.resize(halves.len().next_multiple_of(2), 0);
    halves.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
