//! Packages of compressed files: hostile recipes, corrections and sizes, and bases that never end.

use std::cell::Cell;

use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};
use smidgen_diff::{Options, Silent, diff};
use smidgen_patch::container::{Opened, restore};
use smidgen_patch::internals::container::{Frame, Item, Kept, Level, Making, Record, Side, memory};
use smidgen_patch::{Error, Header, SoftwareSha256};
use testkit::forge::Forge;
use testkit::{firmware, fixture, sha256};

use crate::measure::{Tally, cost};
use crate::packages::{Stock, with_body};
use crate::plain::{IMAGE_LIMIT, Watched, Written};
use crate::random::{Random, mutate};

/// Microseconds for each byte of package, base, target and what both expand to: streams are compressed again.
const TIME_LIMIT: f64 = 12.0;
/// What a restore takes beyond the stated memory: threads, buffers, and the package's own bytes.
const SLACK: u64 = 4 << 20;

pub fn attack(_: &Stock, case: u64, tally: &mut Tally) -> Result<(), String> {
    let mut random = Random::new(case);
    let (base, package) = genuine(random.below(GENUINE));
    let (base, package) = match random.below(10) {
        0 => bomb(&mut random),
        1 => nested(&mut random),
        2 => (base, overshoot(&package, &mut random)),
        3..5 => (base, recipes(&package, &mut random)),
        5..8 => (base, corrections(&package, &mut random)),
        _ => {
            let end = Header::length(&package).expect("genuine");
            let mut body = package[end..].to_vec();
            mutate(&mut random, &mut body);
            (base, with_body(&package, &body, |_, _| {}))
        }
    };
    tally.mutations += 1;
    try_it(&base, &package, tally)
}

/// How many sorts of genuine packages there are.
pub const GENUINE: usize = 4;

/// A base and its genuine package, of each sort, made once. The last one follows a stream of the base.
pub fn genuine(number: usize) -> (Vec<u8>, Vec<u8>) {
    static MADE: std::sync::OnceLock<Vec<(Vec<u8>, Vec<u8>)>> = std::sync::OnceLock::new();
    let made = MADE.get_or_init(|| {
        let lines = |seed: u64| -> Vec<u8> {
            let mut random = Random::new(seed / 2);
            (0..900)
                .flat_map(|line| {
                    format!("option.{line} = {:x} {}\n", random.next() >> 40, line as u64 * seed).into_bytes()
                })
                .collect()
        };
        let zlib = |plain: &[u8], level| [b"head", &compress_to_vec_zlib(plain, level)[..], b"tail"].concat();
        let pairs = [
            (zlib(&firmware(1), 6), zlib(&firmware(2), 6)),
            (zlib(&lines(2), 9), zlib(&lines(3), 9)),
            (zlib(&zlib(&firmware(2), 6), 1), zlib(&zlib(&firmware(3), 6), 1)),
        ];
        let options = Options::default().with_level(2).with_body_digest(true);
        let made = |(old, new): (Vec<u8>, Vec<u8>)| {
            let package = diff(&old, &new, &options, &Silent).expect("a package").bytes;
            (old, package)
        };
        let golden = ["followed-base.bin", "followed.smdg"]
            .map(|name| fixture(&format!("packages/containers/{name}")));
        let [base, package] = golden;
        pairs.map(made).into_iter().chain([(base, package)]).collect()
    });
    made[number].clone()
}

/// Opens a genuine package, changes recipes and record, and makes a package of that.
fn changed(package: &[u8], change: impl FnOnce(&mut Level, &mut Level, &mut Record)) -> Vec<u8> {
    let mut forge = Forge::new(package);
    change(&mut forge.base, &mut forge.target, &mut forge.record);
    forge.record.tokens = forge.target.held().min(1 << 29) as u32;
    forge.record.kept = forge.base.kept().0.min(1 << 29) as u32;
    let work = forge.base.work(Side::Base).max(forge.target.work(Side::Target));
    forge.record.work = work.min(1 << 29) as u32;
    assembled(forge)
}

fn assembled(forge: Forge<'_>) -> Vec<u8> {
    let recipes = Level::write_both(&forge.base, &forge.target);
    let parts = forge.base.parts() + forge.target.parts();
    forge.with_bytes(&recipes, parts, true).package()
}

/// A package of nothing but these recipes.
fn of_recipes<'p>(package: &'p [u8], base: Level, target: Level) -> Forge<'p> {
    let record = Record {
        base_size: 0,
        target_size: 0,
        recipe_size: 0,
        recipe_length: 0,
        parts: 0,
        tokens: 0,
        kept: 0,
        work: 0,
    };
    Forge { record, base, target, body: &[], ..Forge::new(package) }
}

fn corrections(package: &[u8], random: &mut Random) -> Vec<u8> {
    changed(package, |_, target, _| {
        let level = if random.one_in(2) && !target.items[0].inside.items.is_empty() {
            &mut target.items[0].inside
        } else {
            target
        };
        let Some(making) = &mut level.items[0].making else { return };
        let corrections = &mut making.corrections;
        if random.one_in(3) && !corrections.is_empty() {
            // The first bytes say most.
            let at = random.below(corrections.len().min(24));
            corrections[at] = random.next() as u8;
        } else {
            mutate(random, corrections);
        }
    })
}

fn recipes(package: &[u8], random: &mut Random) -> Vec<u8> {
    changed(package, |base, target, record| {
        let value = |random: &mut Random| {
            *random.pick(&[0, 1, 255, 65_536, 1 << 20, 1 << 30, u32::MAX, random.clone().next() as u32])
        };
        let (level, other) = if random.one_in(2) { (base, target) } else { (target, base) };
        let at = random.below(level.items.len());
        match random.below(10) {
            0 => level.items[at].gap = value(random),
            1 => {
                level.items[at].frame = *random.pick(&[
                    Frame::Deflate,
                    Frame::Gzip,
                    Frame::Zlib,
                    Frame::Entry,
                    Frame::Described,
                    Frame::Stored,
                    Frame::Directory(value(&mut random.clone())),
                ])
            }
            2 => record.base_size = value(random).min(1_000_000_000),
            3 => record.target_size = value(random).min(1_000_000_000),
            4 => level.items.extend(other.items.clone()),
            5 => level.items[at].inside = other.clone(),
            6 => level.items[at].making.iter_mut().for_each(|making| making.length = value(random)),
            7 => level.items[at].making.iter_mut().for_each(|making| making.follows = value(random) % 4),
            8 => level.items[at].kept = Some(Kept { packed: value(random), tokens: value(random) }),
            _ => drop(level.items.remove(at)),
        }
    })
}

/// Recipes of nothing but items of two bytes each, or a few more.
fn bomb(random: &mut Random) -> (Vec<u8>, Vec<u8>) {
    let count = 1 << (8 + random.below(14));
    let item =
        |frame, making| Item { gap: 0, frame, packed: 0, kept: None, making, inside: Level::default() };
    let making = Some(Making { length: 1, most: 1, follows: 0, corrections: Vec::new() });
    let (base, target) = match random.below(3) {
        0 => (Level { items: vec![item(Frame::Stored, None); count] }, Level::default()),
        1 => (Level::default(), Level { items: vec![item(Frame::Directory(0), None); count] }),
        _ => (Level::default(), Level { items: vec![item(Frame::Deflate, making); count] }),
    };
    let (image, package) = genuine(0);
    (image, assembled(of_recipes(&package, base, target)))
}

/// The size that is announced is far below what comes out.
fn overshoot(package: &[u8], random: &mut Random) -> Vec<u8> {
    let (header, _, length) = Header::parse_extended(package).expect("genuine");
    let size = random.below(header.target_size as usize) as u32;
    with_body(package, &package[length..], |header, _| {
        header.target_size = if random.one_in(2) { 1 } else { size }
    })
}

/// A base whose streams hold streams, of which nothing comes out but work.
fn nested(random: &mut Random) -> (Vec<u8>, Vec<u8>) {
    let empty = [0, 0, 0, 0xFF, 0xFF].repeat(1 << (10 + random.below(12)));
    let mut base = [&empty[..], &[1, 0, 0, 0xFF, 0xFF]].concat();
    let around = |inside| Level {
        items: vec![Item { gap: 0, frame: Frame::Deflate, packed: 0, kept: None, making: None, inside }],
    };
    let mut level = around(Level::default());
    for _ in 0..=random.below(2) {
        base = compress_to_vec(&base, 9);
        level = around(level);
    }
    let (_, package) = genuine(0);
    let mut forge = of_recipes(&package, level, Level::default());
    forge.header.base_size = base.len() as u32;
    forge.header.base_digest = *sha256(&base).first_chunk().expect("16 bytes");
    let package = assembled(forge);
    (base, package)
}

fn try_it(base: &[u8], package: &[u8], tally: &mut Tally) -> Result<(), String> {
    let (mut written, hashed) = (Vec::with_capacity(IMAGE_LIMIT as usize), Cell::new(0));
    let (result, cost) = cost(|| {
        let opened = Opened::new::<SoftwareSha256>(package)?.ok_or(Error::NotAPackage)?;
        let base = Watched { image: base, hashed: &hashed };
        let target = Written { memory: &mut written, size: None, base };
        restore::<_, _, SoftwareSha256>(&opened, base, target, Vec::new(), Vec::new()).map(drop)
    });
    let (header, extensions, _) =
        Header::parse_extended(package).map_err(|error| format!("not a header: {error:?}"))?;
    tally.saw(result.map_or_else(|error| format!("E{}", error.number()), |()| "ready".to_owned()));
    if result.is_ok() && sha256(&written) != header.target_digest {
        return Err("a wrong image was accepted".to_owned());
    }
    let Some(record) = extensions.container.and_then(|value| Record::read(value).ok()) else { return Ok(()) };
    // Scratch is in memory here, and grows by doubling.
    let scratch =
        3 * (u64::from(record.base_size) + if header.read_back { record.target_size.into() } else { 0 });
    let stated = memory(&record) + u64::from(header.ram) + scratch.min(3 * u64::from(IMAGE_LIMIT)) + SLACK;
    let micros = cost.time.as_secs_f64() * 1e6;
    let bytes = package.len() as u64 + base.len() as u64 + written.len() as u64 + scratch.min(1 << 24);
    tally.took(cost, bytes);
    tally.held(cost.heap as u64, stated);
    if cost.heap as u64 > stated {
        return Err(format!(
            "{} bytes of package take {} of heap; {stated} are stated",
            package.len(),
            cost.heap
        ));
    }
    if micros > 100_000.0 + TIME_LIMIT * bytes as f64 {
        return Err(format!(
            "{} bytes of package and {} of base take {micros:.0} us",
            package.len(),
            base.len()
        ));
    }
    Ok(())
}
