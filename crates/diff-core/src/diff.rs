//! From two images to a proved package.

use patch_nostd::apply::{Cover, FIXED_RAM, LANDMARK_RAM, LEARNED_RAM, SLOT_RAM, Source};
use patch_nostd::refs::AddressSpace;
use patch_nostd::wire::{Codec, IMAGE_LIMIT, ModelSize, Region, RegionKind, RegionTable, Tuning};
use patch_nostd::Header;
use sha2::{Digest, Sha256};

use crate::cover::{Prices, refine};
use crate::encode::{Job, Plan};
use crate::search::{CoverOptions, Index, find_covers};
use crate::{Arch, CodecChoice, DiffError, Options, Progress, Report, image, prove, refs, zstd_package};

/// A finished package.
#[derive(Clone, Debug)]
pub struct Package {
    /// What is shipped.
    pub bytes: Vec<u8>,
    /// Its header.
    pub header: Header,
    /// What its body consists of.
    pub report: Report,
}

fn env(name: &str, default: u32) -> u32 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

/// Makes the package that turns `old` into `new`.
pub fn diff(old: &[u8], new: &[u8], options: &Options, _progress: &dyn Progress) -> Result<Package, DiffError> {
    for (which, size) in [("old", old.len()), ("new", new.len())] {
        if size > IMAGE_LIMIT as usize {
            return Err(DiffError::TooLarge { which, size, limit: IMAGE_LIMIT });
        }
    }
    if options.codec == CodecChoice::Zstd {
        return zstd_package::diff(old, new, options, _progress);
    }
    let budget = options.ram.budget(old.len().max(new.len()));
    let space = image::address_space(old, options.base_address);
    if std::env::var("DEBUG").is_ok() { eprintln!("base {:#x} windows {:x?}", space.base_address, space.windows); }
    let kinds: &[RegionKind] = match options.arch {
        Arch::Auto => &[RegionKind::Bytes, RegionKind::Words, RegionKind::Thumb],
        Arch::Thumb => &[RegionKind::Thumb],
        Arch::None => &[RegionKind::Bytes],
    };
    let mut best: Option<(u64, Job)> = None;
    for &mask in kinds {
        let masked_old = refs::masked(old, mask, &space);
        let masked_new = refs::masked(new, mask, &space);
        let index = Index::build(&masked_old)?;
        let covers = covers(&index, &masked_new);
        let kind = mask;
        let mut jobs = vec![job(old, new, covers.clone(), kind, &space, budget)];
        for pass in 0..env("PASSES", 2) {
            let last: &Job = jobs.last().unwrap();
            let prices = Prices {
                literals: last.literal_prices(env("PL", 104) as u16).map_err(DiffError::NotProved)?,
                repeats: env("REP", 1) == 1,
                operation: env("PO", 16 * 8),
                recent: env("PR", 16 * 2),
                seek: env("PS", 16 * 6),
                repeat: env("PT", 16 * 5),
                copied: env("PC", 2),
                changed: env("PX", 16 * 9),
            };
            let _ = pass;
            let source = if env("REFROM", 0) == 1 { &covers } else { &last.plan.covers };
            let refined = refine(&index, &masked_new, old, new, source, &prices);
            jobs.push(job(old, new, refined, kind, &space, budget));
        }
        for job in jobs {
            let trace = job.trace(4096).map_err(DiffError::NotProved)?;
            let cost = trace.meter.total();
            if std::env::var("DEBUG").is_ok() {
                let s: Vec<u64> = trace.meter.costs.iter().map(|c| c / 2048).collect();
                let lits = new.len() as u64 - job.plan.covers.iter().map(|c| u64::from(c.1.length)).sum::<u64>();
                eprintln!("mask {mask:?} kind {kind:?} covers {} literals {lits} cost {} [landm,ctrl,unch,chg,refs,lit] {s:?}", job.plan.covers.len(), cost / 2048);
            }
            if best.as_ref().is_none_or(|(known, _)| cost < *known) {
                best = Some((cost, job));
            }
        }
    }
    let job = best.unwrap().1;
    if std::env::var("DUMPC").is_ok() {
        let mo = refs::masked(old, RegionKind::Thumb, &space);
        let mn = refs::masked(new, RegionKind::Thumb, &space);
        for (t, c) in &job.plan.covers {
            if c.source != Source::Base || c.length < 32 { continue; }
            for i in 0..c.length {
                let (a, b) = ((c.start + i) as usize, (t + i) as usize);
                if mo[a] != mn[b] {
                    let h = a & !1;
                    println!("{:6x} {:02x}->{:02x} par{} old {:02x?} new {:02x?}", a, old[a], new[b], a & 3, &old[h.saturating_sub(4)..(h + 6).min(old.len())], &new[(b & !1).saturating_sub(4)..((b & !1) + 6).min(new.len())]);
                }
            }
        }
    }
    let body = job.encode().map_err(DiffError::NotProved)?;
    let mut header = job.header();
    header.body_length = body.len() as u32;
    let mut bytes = header.to_bytes();
    bytes.extend_from_slice(&body);
    prove(old, new, &bytes).map_err(DiffError::NotProved)?;
        let report = crate::inspect(old, &bytes).map_err(DiffError::NotProved)?;
    Ok(Package { bytes, header, report })
}

fn covers(index: &Index, masked_new: &[u8]) -> Vec<(u32, Cover)> {
    let found = find_covers(index, masked_new, &CoverOptions { threshold: env("T", 8), ..CoverOptions::default() });
    let cover = |c: &crate::search::Cover| {
        (c.new_start, Cover { source: Source::Base, start: c.old_start, length: c.length })
    };
    found.iter().map(cover).collect()
}

fn job<'a>(
    old: &'a [u8],
    new: &'a [u8],
    covers: Vec<(u32, Cover)>,
    kind: RegionKind,
    space: &AddressSpace,
    budget: u64,
) -> Job<'a> {
    let regions = if new.is_empty() { vec![] } else { vec![Region { kind, end: new.len() as u32 }] };
    let regions = RegionTable::new(&regions).unwrap();
    let mut plan = Plan { new, covers, landmarks: vec![], regions };
    plan.choose_landmarks(env("LM", 64) as usize);
    let learned = env("LEARNED", 128);
    let left = budget - u64::from(FIXED_RAM + LANDMARK_RAM * plan.landmarks.len() as u32 + LEARNED_RAM * learned);
    let slots = (left / u64::from(SLOT_RAM)).min(1 << 24) as u32;
    let size = ModelSize { slots, landmarks: 0, learned };
    let tuning = Tuning { counter_rate: env("CR", 5) as u8, mixer_rate: env("MR", 6) as u8, block_log: env("BL", 5) as u8 };
    let digest = |bytes: &[u8]| -> [u8; 32] { Sha256::digest(bytes).into() };
    let base = digest(old);
    let header = Header {
        codec: Codec::Cm { size, tuning },
        base_size: old.len() as u32,
        target_size: new.len() as u32,
        base_digest: if old.is_empty() { [0; 16] } else { *base.first_chunk().unwrap() },
        target_digest: digest(new),
        target_md5: None,
        ram: 0,
        base_address: space.base_address,
        windows: space.windows,
        regions,
        read_back: false,
        body_length: 0,
        body_digest: None,
    };
    Job { old, plan, size, tuning, header }
}
