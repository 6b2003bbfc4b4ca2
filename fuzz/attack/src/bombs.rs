//! Packages that no honest encoder would make: the most work for the fewest bytes.

use patch_nostd::internals::apply::{Cover, Io, Layout, Operation, Oracle, Progress, Source};
use patch_nostd::internals::entropy::RangeEncoder;
use patch_nostd::internals::refs::Landmark;
use patch_nostd::internals::wire::{Codec, ModelSize, PageKind, PageKinds, Tuning, codec_ram};
use patch_nostd::{Error, Header};

use crate::measure::Tally;
use crate::packages::{Stock, sha256, with_memory};
use crate::plain::{IMAGE_LIMIT, TIME_LIMIT, restore};
use crate::random::Random;

/// A body that ends early may yield so many bytes more: what a decoder takes for zeros, at the least cost of a byte.
const BEYOND_END: usize = 1 << 20;
/// Of the format: more are refused.
const LANDMARKS: [u32; 6] = [1, 64, 1024, 10_000, 40_000, 160_000];
const LEARNED: [u32; 4] = [64, 1024, 1 << 14, 1 << 16];
/// All of code and of words are tried; those that a header knows.
const KINDS: u8 = 32;

pub fn attack(_: &Stock, case: u64, tally: &mut Tally) -> Result<(), String> {
    let mut random = Random::new(case);
    match random.below(4) {
        0 => landmarks(&mut random, tally),
        1 => learned(&mut random, tally),
        2 => zeros(&mut random, tally),
        _ => noise(&mut random, tally),
    }
}

/// As many as the header may state, to places in any order, each agreed to.
fn landmarks(random: &mut Random, tally: &mut Tally) -> Result<(), String> {
    let count = *random.pick(&LANDMARKS);
    let size = count.max(4096);
    let base: Vec<u8> = (0..size).map(|at| at as u8).collect();
    let order = [1, size - 1, 255, 1 + random.below(size as usize) as u32];
    let step = *random.pick(&order);
    let script = Script {
        target: (0..size)
            .map(|at| base[((u64::from(at) * u64::from(step)) % u64::from(size)) as usize])
            .collect(),
        covers: Covers::Single { step, size },
        ahead: *random.pick(&[0, 1, 2]),
    };
    let size = ModelSize { slots: 64, landmarks: count, learned: 0 };
    spend("landmarks", &base, &script, size, &[PageKind::Bytes], tally)
}

/// Words whose targets descend, each with a displacement of its own: every one is put before all others.
fn learned(random: &mut Random, tally: &mut Tally) -> Result<(), String> {
    let entries = *random.pick(&LEARNED);
    let words = 4 * entries.min(1 << 15);
    let address = 0x1000_0000;
    let pointer = |word: u32| address + (words - word) * 4 - 4;
    let shift = 1 + random.below(9) as u32;
    let moved = |word: u32| {
        pointer(word).wrapping_add(if word.is_multiple_of(2) {
            4 * (word / 2 % 5 + shift)
        } else {
            0u32.wrapping_sub(8)
        })
    };
    let base: Vec<u8> = (0..words).flat_map(|word| pointer(word).to_le_bytes()).collect();
    let script = Script {
        target: (0..words).flat_map(|word| moved(word).to_le_bytes()).collect(),
        covers: Covers::Whole,
        ahead: 0,
    };
    let size = ModelSize { slots: 64, landmarks: 0, learned: entries };
    let kind = PageKind::from_number(16 + random.below(3) as u8).unwrap_or_default();
    spend("learned", &base, &script, size, &[kind], tally)
}

/// A body of zeros or of nothing, which a decoder must not read for ever.
fn zeros(random: &mut Random, tally: &mut Tally) -> Result<(), String> {
    let body = match random.below(3) {
        0 => vec![0; random.below(40)],
        1 => vec![0xFF; random.below(40)],
        _ => random.bytes(40),
    };
    let size = ModelSize { slots: 1 << random.below(12), landmarks: 0, learned: 0 };
    let header = header(&[0; 4096], &[], size, &[PageKind::Bytes]);
    let header = Header { target_size: IMAGE_LIMIT, body_length: body.len() as u32, ..header };
    let package = [header.to_bytes(), body].concat();
    let restored = restore(&[0; 4096], &package, &mut |patcher| patcher.push(&package));
    tally.took(restored.cost, restored.target.len() as u64);
    tally.saw(format!("zeros {:?}", restored.result.map(drop).map_err(|error| error.number())));
    let most = BEYOND_END;
    let made = restored.target.len();
    if made > most { Err(format!("{} bytes make {made}", package.len())) } else { Ok(()) }
}

/// Bodies at random behind headers with any tables, for any kinds of code and words.
fn noise(random: &mut Random, tally: &mut Tally) -> Result<(), String> {
    let base = random.bytes(4096);
    let kinds: Vec<PageKind> = (0..KINDS).filter_map(|kind| PageKind::from_number(kind).ok()).collect();
    let first = random.below(kinds.len());
    let kinds: Vec<PageKind> = kinds.into_iter().cycle().skip(first).take(1 + random.below(4)).collect();
    let size = ModelSize {
        slots: 1 << random.below(12),
        landmarks: random.below(200) as u32,
        learned: random.below(2000) as u32,
    };
    let length = random.below(3000);
    let body = random.bytes(length);
    let header = header(&base, &[], size, &kinds);
    let target_size = 4096 + random.below(100_000) as u32;
    let header =
        Header { target_size, body_length: body.len() as u32, read_back: random.one_in(2), ..header };
    let package = [header.to_bytes(), body].concat();
    decode("noise", &base, &package, tally)
}

fn spend(
    what: &str,
    base: &[u8],
    script: &Script,
    size: ModelSize,
    kinds: &[PageKind],
    tally: &mut Tally,
) -> Result<(), String> {
    let header = header(base, &script.target, size, kinds);
    // What the format has no room for cannot be made, and need not.
    if Header::parse(&header.to_bytes()).is_err() {
        tally.saw(format!("{what} refused"));
        return Ok(());
    }
    decode(what, base, &script.package(base, header), tally)
}

fn decode(what: &str, base: &[u8], package: &[u8], tally: &mut Tally) -> Result<(), String> {
    let restored = restore(base, package, &mut |patcher| patcher.push(package));
    let (made, micros) = (restored.target.len(), restored.cost.time.as_secs_f64() * 1e6);
    tally.mutations += 1;
    tally.took(restored.cost, made as u64);
    tally.saw(format!("{what} {:?}", restored.result.map(drop).map_err(|error| error.number())));
    if micros > 20_000.0 + TIME_LIMIT * (made + base.len()) as f64 {
        return Err(format!("{what}: {} bytes take {micros:.0} us and make {made}", package.len()));
    }
    Ok(())
}

fn header(base: &[u8], target: &[u8], size: ModelSize, kinds: &[PageKind]) -> Header {
    let codec = Codec::Cm { size, tuning: Tuning { counter_rate: 4, mixer_rate: 6, block_log: 6 } };
    Header {
        codec,
        base_size: base.len() as u32,
        target_size: target.len() as u32,
        base_digest: *sha256(base).first_chunk().expect("16 bytes"),
        target_digest: sha256(target),
        target_md5: None,
        ram: codec_ram(&codec),
        base_address: 0x1000_0000,
        address_high: 0,
        windows: Default::default(),
        kinds: PageKinds::new(kinds).unwrap_or_default(),
        read_back: false,
        body_length: 0,
        body_digest: None,
    }
}

/// What an encoder is told to say.
struct Script {
    target: Vec<u8>,
    covers: Covers,
    /// How landmarks lead: to the covers in turn, all to the same place, or in the opposite order.
    ahead: u32,
}

enum Covers {
    /// One byte each.
    Single { step: u32, size: u32 },
    /// One for all.
    Whole,
}

impl Script {
    fn package(&self, base: &[u8], header: Header) -> Vec<u8> {
        let Codec::Cm { size, tuning } = header.codec else { unreachable!("a header of ours") };
        let body = with_memory(header.ram as usize, |memory| {
            let mut walker = Layout::new(&header, size, tuning, memory).expect("memory as stated").walker;
            let mut coder = RangeEncoder::default();
            while walker.step(&mut coder, self, &mut Images(base)).expect("an encoder's walk")
                != Progress::Done
            {}
            coder.finish()
        });
        [Header { body_length: body.len() as u32, ..header }.to_bytes(), body].concat()
    }

    fn source(&self, offset: u32) -> u32 {
        match self.covers {
            Covers::Single { step, size } => ((u64::from(offset) * u64::from(step)) % u64::from(size)) as u32,
            Covers::Whole => offset,
        }
    }
}

impl Oracle for Script {
    fn operation(&self, offset: u32) -> Operation {
        let length = if matches!(self.covers, Covers::Whole) { self.target.len() as u32 - offset } else { 1 };
        Operation {
            literals: 0,
            cover: Some(Cover { source: Source::Base, start: self.source(offset), length }),
        }
    }

    fn landmark(&self, index: u32) -> Landmark {
        let last = self.target.len() as u32 - 1;
        let target = match self.ahead {
            0 => index.min(last),
            1 => last,
            _ => last - index.min(last),
        };
        Landmark { base: index.min(last), target, length: 1 }
    }

    fn kind(&self, _page: u32) -> usize {
        0
    }

    fn byte(&self, offset: u32) -> u8 {
        self.target.get(offset as usize).copied().unwrap_or(0)
    }
}

/// What an encoder reads.
struct Images<'a>(&'a [u8]);

impl Io for Images<'_> {
    type Error = Error;

    fn read_base(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        buffer.copy_from_slice(&self.0[offset as usize..offset as usize + buffer.len()]);
        Ok(())
    }

    fn read_target(&mut self, _offset: u32, _buffer: &mut [u8]) -> Result<(), Error> {
        Err(Error::TargetRead)
    }

    fn write(&mut self, _bytes: &[u8]) -> Result<(), Error> {
        Ok(())
    }
}
