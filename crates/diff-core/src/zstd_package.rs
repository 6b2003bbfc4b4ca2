//! From two images to a proved `zstd` package (`docs/format.md`, section 10).

use md5::Md5;
use patch_nostd::Header;
use patch_nostd::apply::{Cover, Operation, Source, required_ram};
use patch_nostd::wire::{Codec, MAX_WINDOWS, Region, RegionKind, RegionTable, Window};
use sha2::{Digest, Sha256};

use crate::encode::zstd;
use crate::search::{self, CoverOptions, Index, find_covers};
use crate::{DiffError, Options, Package, Progress, Ram, Report, Stage, prove};

/// The smallest and the largest window that a header may state, as base-2 logarithms of bytes.
const LEAST_WINDOW: u8 = 10;
const MOST_WINDOW: u8 = 27;
/// What `--ram auto` gives at least: no zstd decoder works in the 16 KiB that are right for `cm` and small images.
const LEAST_AUTO: u64 = 1 << 20;
/// Equal bytes for which a cover is worth its operation: 12 to 16 give the smallest packages of real firmware.
const WORTH: usize = 14;
/// Images up to this many bytes are searched with the lower threshold.
const SMALL: usize = 8 << 20;

/// Makes the package; both images are within the format's limit.
pub(crate) fn diff(
    old: &[u8],
    new: &[u8],
    options: &Options,
    progress: &dyn Progress,
) -> Result<Package, DiffError> {
    progress.begin(Stage::Search, 1);
    let covers = covers(old, new)?;
    progress.begin(Stage::Encode, 1);
    let stream = zstd::stream(old, new, &covers);
    let window_log = window_log(stream.len(), budget(options, old.len().max(new.len())))?;
    let body = zstd::body(&stream, window_log)?;
    let header = header(old, new, options, window_log, &body);
    let mut bytes = header.to_bytes();
    bytes.extend_from_slice(&body);
    progress.begin(Stage::Prove, 1);
    prove(old, new, &bytes).map_err(DiffError::NotProved)?;
    Ok(Package { bytes, header, report: report(new.len() as u32, &covers) })
}

/// The covers that are worth their operations. References are not masked: the differences are sent as they are.
fn covers(old: &[u8], new: &[u8]) -> Result<Vec<(u32, Cover)>, DiffError> {
    let index = Index::build(old)?;
    // The more there is to match by chance, the more a match must win by: measured on real firmware.
    let threshold = if new.len() <= SMALL { 5 } else { 8 };
    let found = find_covers(&index, new, &CoverOptions { threshold, ..CoverOptions::default() });
    let worth = |cover: &&search::Cover| equal_bytes(old, new, cover) >= WORTH;
    let cover = |found: &search::Cover| {
        let cover = Cover { source: Source::Base, start: found.old_start, length: found.length };
        (found.new_start, cover)
    };
    Ok(found.iter().filter(worth).map(cover).collect())
}

fn equal_bytes(old: &[u8], new: &[u8], cover: &search::Cover) -> usize {
    let old = &old[cover.old_start as usize..][..cover.length as usize];
    let new = &new[cover.new_start as usize..][..cover.length as usize];
    old.iter().zip(new).filter(|(old, new)| old == new).count()
}

fn budget(options: &Options, size: usize) -> u64 {
    match options.ram {
        Ram::Auto => Ram::Auto.budget(size).max(LEAST_AUTO),
        Ram::Bytes(bytes) => bytes,
    }
}

/// The largest window within the budget, but no larger than the stream needs.
fn window_log(stream: usize, budget: u64) -> Result<u8, DiffError> {
    let ram = |window_log: u8| required_ram(&blank(window_log));
    let largest = (LEAST_WINDOW..=MOST_WINDOW).rev().find(|&window_log| ram(window_log) <= budget);
    let too_small = DiffError::BudgetTooSmall { budget, least: ram(LEAST_WINDOW) };
    let largest = largest.ok_or(too_small)?;
    let needed = (LEAST_WINDOW..=MOST_WINDOW).find(|&window_log| 1 << window_log >= stream);
    Ok(needed.map_or(largest, |needed| needed.min(largest)))
}

/// A header of a codec, and nothing else.
fn blank(window_log: u8) -> Header {
    Header {
        codec: Codec::Zstd { window_log },
        base_size: 0,
        target_size: 0,
        base_digest: [0; 16],
        target_digest: [0; 32],
        target_md5: None,
        ram: 0,
        base_address: 0,
        windows: [Window::default(); MAX_WINDOWS],
        regions: RegionTable::default(),
        read_back: false,
        body_length: 0,
        body_digest: None,
    }
}

fn header(old: &[u8], new: &[u8], options: &Options, window_log: u8, body: &[u8]) -> Header {
    let mut header = blank(window_log);
    header.ram = required_ram(&header) as u32;
    header.base_size = old.len() as u32;
    header.target_size = new.len() as u32;
    if !old.is_empty() {
        header.base_digest.copy_from_slice(&Sha256::digest(old)[..16]);
    }
    header.target_digest = Sha256::digest(new).into();
    header.target_md5 = options.md5.then(|| Md5::digest(new).into());
    header.regions = regions(header.target_size);
    header.body_length = body.len() as u32;
    header.body_digest = options.body_digest.then(|| Sha256::digest(body).into());
    header
}

/// One region of plain bytes, or none for an empty image.
fn regions(size: u32) -> RegionTable {
    let whole = [Region { kind: RegionKind::Bytes, end: size }];
    let regions = if size == 0 { &[][..] } else { &whole };
    RegionTable::new(regions).unwrap_or_default()
}

/// What `inspect` would find.
fn report(size: u32, covers: &[(u32, Cover)]) -> Report {
    let mut report = Report::default();
    let mut position = 0;
    for &(target, cover) in covers {
        report.count(Operation { literals: target - position, cover: Some(cover) });
        position = target + cover.length;
    }
    report.count(Operation { literals: size - position, cover: None });
    report
}
