//! Packages changed at random, for the decoder of one image: whole, byte by byte, in pieces, and by steps.

use std::cell::Cell;

use smidgen_patch::header::{Codec, HEADER_LIMIT};
use smidgen_patch::{Base, Error, Header, Patcher, SoftwareSha256, Target};
use testkit::{sha256, with_workspace};

use crate::measure::{Cost, Tally, cost};
use crate::packages::{Genuine, Stock, repair, with_body};
use crate::random::{Random, mutate};

/// More is refused, as a device would.
const RAM_LIMIT: u32 = 8 << 20;
pub const IMAGE_LIMIT: u32 = 1 << 20;
/// Processor time for each byte of input and output, in microseconds: ten times what was seen without optimisation.
pub const TIME_LIMIT: f64 = 8.0;
/// Images above this are taken one time in ten.
const LARGE: usize = 20_000;

pub fn attack(stock: &Stock, case: u64, tally: &mut Tally) -> Result<(), String> {
    let mut random = Random::new(case);
    let mut genuine = random.pick(&stock.golden);
    if genuine.base.len() + genuine.target.len() > LARGE && !random.one_in(10) {
        genuine = random.pick(&stock.golden);
    }
    let package = changed(genuine, &mut random);
    tally.mutations += 1;
    let whole = restore(&genuine.base, &package, &mut |patcher| patcher.push(&package));
    let taken = random.clone();
    let again = match random.below(3) {
        0 => restore(&genuine.base, &package, &mut |patcher| {
            in_pieces(patcher, &package, 1, &mut taken.clone())
        }),
        1 => restore(&genuine.base, &package, &mut |patcher| {
            in_pieces(patcher, &package, 300, &mut taken.clone())
        }),
        _ => restore(&genuine.base, &package, &mut |patcher| by_steps(patcher, &package, &mut taken.clone())),
    };
    judge(&package, &whole, &again, tally).map_err(|what| format!("{}: {what}", genuine.name))
}

fn judge(package: &[u8], whole: &Restored, again: &Restored, tally: &mut Tally) -> Result<(), String> {
    let Cost { time, .. } = whole.cost;
    let micros = time.as_secs_f64() * 1e6;
    tally.took(whole.cost, whole.target.len() as u64);
    match &whole.result {
        Ok(digest) if sha256(&whole.target) != *digest => return Err("a wrong image was accepted".to_owned()),
        Ok(_) => tally.saw("ready"),
        Err(error) => tally.saw(format!("E{}", error.number())),
    }
    if whole.result != again.result || whole.result.is_ok() && whole.target != again.target {
        return Err(format!("whole {:?}, in pieces {:?}", whole.result, again.result));
    }
    // What is hashed or read costs a little, too.
    let bytes = whole.target.len() + package.len() + whole.hashed as usize;
    if micros > 20_000.0 + TIME_LIMIT * bytes as f64 {
        return Err(format!("{micros:.0} us for {} bytes", whole.target.len()));
    }
    let Ok((header, _)) = Header::parse(package) else { return Ok(()) };
    if whole.target.is_empty() {
        return Ok(());
    }
    let (stated, heap) = (u64::from(header.ram), whole.cost.heap as u64);
    match header.codec {
        Codec::Cm { .. } | Codec::Lite { .. } if heap > 0 => return Err(format!("{heap} bytes of heap")),
        Codec::Cm { .. } | Codec::Lite { .. } => tally.held(stated, stated),
        // What libzstd takes is not counted here; the window that it accepts is limited.
        Codec::Zstd { .. } => tally.held(heap, stated),
    }
    Ok(())
}

/// Another body, with or without a header that knows; another header, with its checksum; or both as they come.
fn changed(genuine: &Genuine, random: &mut Random) -> Vec<u8> {
    let mut package = genuine.package.clone();
    let end = Header::length(&package).expect("genuine");
    match random.below(10) {
        0..4 => {
            let mut body = package.split_off(end);
            mutate(random, &mut body);
            with_body(&genuine.package, &body, |header, _| {
                if random.one_in(3) {
                    header.target_size = random.below(200_000) as u32;
                }
                header.read_back |= random.one_in(4);
            })
        }
        4..6 => {
            let mut body = package.split_off(end);
            mutate(random, &mut body);
            [package, body].concat()
        }
        6..9 => {
            let body = package.split_off(end);
            for _ in 0..=random.below(4) {
                let at = random.below(package.len());
                match random.below(5) {
                    0 if at >= 9 => drop(package.remove(at)),
                    1 if at >= 9 => package.insert(at, random.next() as u8),
                    2 => package[at] = random.next() as u8,
                    _ => package[at] ^= 1 << random.below(8),
                }
            }
            let length = package.len();
            repair(&mut package, length);
            [package, body].concat()
        }
        _ => {
            mutate(random, &mut package);
            package
        }
    }
}

/// What a decoder made of a package, and what it cost.
pub struct Restored {
    pub result: Result<[u8; 32], Error>,
    pub target: Vec<u8>,
    pub cost: Cost,
    pub hashed: u32,
}

type Decoder<'w, 'a> = Patcher<'w, Watched<'a>, Written<'a>, SoftwareSha256>;

/// Restores, by whatever gives the package to the decoder. Breaking a rule is a panic. What took long is done again: the
/// machine may have been busy.
pub fn restore(
    base: &[u8],
    package: &[u8],
    give: &mut dyn FnMut(&mut Decoder<'_, '_>) -> Result<(), Error>,
) -> Restored {
    let mut restored = restore_once(base, package, give);
    if restored.cost.time.as_secs_f64() * 1e6 > restored.target.len() as f64 {
        restored.cost.time = restored.cost.time.min(restore_once(base, package, give).cost.time);
    }
    restored
}

fn restore_once(
    base: &[u8],
    package: &[u8],
    give: &mut dyn FnMut(&mut Decoder<'_, '_>) -> Result<(), Error>,
) -> Restored {
    let stated = Header::parse(package).map_or(HEADER_LIMIT as u32, |(header, _)| header.ram);
    let mut restored = Restored {
        result: Err(Error::WorkspaceTooSmall),
        target: Vec::new(),
        cost: Cost::default(),
        hashed: 0,
    };
    if stated > RAM_LIMIT {
        return restored;
    }
    let hashed = Cell::new(0);
    // The largest target is allocated here, so that the measured heap is the decoder's.
    let mut memory = Vec::with_capacity(IMAGE_LIMIT as usize);
    with_workspace(stated as usize, 0, |workspace| {
        let base = Watched { image: base, hashed: &hashed };
        let target = Written { memory: &mut memory, size: None, base };
        let mut patcher = Patcher::new(workspace, base, target);
        (restored.result, restored.cost) = cost(|| {
            give(&mut patcher)?;
            patcher.complete()?;
            Ok(patcher.header().ok_or(Error::Truncated)?.target_digest)
        });
    });
    (restored.target, restored.hashed) = (memory, hashed.get());
    restored
}

fn in_pieces(
    patcher: &mut Decoder<'_, '_>,
    mut package: &[u8],
    most: usize,
    random: &mut Random,
) -> Result<(), Error> {
    while !package.is_empty() {
        let (piece, rest) = package.split_at((1 + random.below(most)).min(package.len()));
        patcher.push(piece)?;
        package = rest;
    }
    Ok(())
}

fn by_steps(patcher: &mut Decoder<'_, '_>, package: &[u8], random: &mut Random) -> Result<(), Error> {
    let mut taken = 0;
    loop {
        let end = (taken + 1 + random.below(100)).min(package.len());
        taken += patcher.step(&package[taken..end], 1 + random.below(50) as u32)?;
        if taken == package.len() && (patcher.is_done() || patcher.wants_input()) {
            return Ok(());
        }
    }
}

/// A base that knows whether it has been read to its end.
#[derive(Clone, Copy)]
pub struct Watched<'a> {
    pub image: &'a [u8],
    pub hashed: &'a Cell<u32>,
}

impl Base for Watched<'_> {
    type Error = Error;

    fn size(&self) -> u32 {
        self.image.len() as u32
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        let end = offset as usize + buffer.len();
        assert!(end <= self.image.len(), "read beyond the base");
        self.hashed.set(self.hashed.get().max(end as u32));
        buffer.copy_from_slice(&self.image[offset as usize..end]);
        Ok(())
    }
}

/// A target that knows what was announced.
pub struct Written<'a> {
    pub memory: &'a mut Vec<u8>,
    pub size: Option<u32>,
    pub base: Watched<'a>,
}

impl Target for Written<'_> {
    type Error = Error;

    fn limit(&self) -> u32 {
        IMAGE_LIMIT
    }

    fn begin(&mut self, size: u32) -> Result<(), Error> {
        assert!(self.size.is_none(), "announced twice");
        assert!(
            self.base.hashed.get() as usize == self.base.image.len(),
            "announced before the base was checked"
        );
        assert!(size <= IMAGE_LIMIT, "more announced than the target may have");
        self.size = Some(size);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let size = self.size.expect("written before it was announced");
        assert!(self.memory.len() + bytes.len() <= size as usize, "more written than announced");
        self.memory.extend_from_slice(bytes);
        Ok(())
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        let end = offset as usize + buffer.len();
        assert!(end <= self.memory.len(), "read beyond what was written");
        buffer.copy_from_slice(&self.memory[offset as usize..end]);
        Ok(())
    }
}
