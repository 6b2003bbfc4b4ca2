//! From two images to a `zstd` package (`docs/format.md`, section 10).

use patch_nostd::Header;
use patch_nostd::internals::wire::{Codec, PageKinds, Window, codec_ram};

use super::subject::Subject;
use crate::api::{DiffError, Options, Package, Progress, Ram, Report, Stage};
use crate::digest::sha256;
use crate::encode::{Placed, operations, zstd};
use crate::search::{Index, Match, SearchOptions, find_matches};

/// The smallest and the largest window that a header may state, as base-2 logarithms of bytes.
const LEAST_WINDOW: u8 = 10;
const MOST_WINDOW: u8 = 27;
/// What `--ram auto` gives at least: no zstd decoder works in the 16 KiB that are right for `cm` and small images.
const LEAST_AUTO: u64 = 1 << 20;
/// Equal bytes for which a cover is worth its operation: 12 to 16 give the smallest packages of real firmware.
const WORTH: usize = 14;
/// Images up to this many bytes are searched with the lower threshold.
const SMALL: usize = 8 << 20;

/// Makes the package, without proof.
pub(super) fn make(
    subject: &Subject,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Package, DiffError> {
    let (base, target) = (subject.base, subject.target);
    progress.begin(Stage::Search, 1);
    let covers = covers(base, target)?;
    progress.begin(Stage::Encode, 1);
    let stream = zstd::stream(base, target, &covers);
    let window_log = window_log(stream.len(), budget(options, base.len().max(target.len())))?;
    let body = zstd::body(&stream, window_log).map_err(DiffError::Zstd)?;
    let header = header(subject, window_log, &body);
    let mut bytes = header.to_bytes_with(&options.identity.extensions()?);
    bytes.extend_from_slice(&body);
    let report = Report::of(operations(target.len(), &covers));
    Ok(Package { bytes, header, report, notes: Vec::new() })
}

/// The covers that are worth their operations. References are not masked: the differences are sent as they are.
fn covers(base: &[u8], target: &[u8]) -> Result<Vec<Placed>, DiffError> {
    let index = Index::build(base)?;
    // The more there is to match by chance, the more a match must win by: measured on real firmware.
    let threshold = if target.len() <= SMALL { 5 } else { 8 };
    let found = find_matches(&index, target, &SearchOptions { threshold, ..SearchOptions::default() });
    let worth = |found: &&Match| equal_bytes(base, target, found) >= WORTH;
    let cover = |found: &Match| Placed::of_base(found.target_start, found.base_start, found.length);
    Ok(found.iter().filter(worth).map(cover).collect())
}

fn equal_bytes(base: &[u8], target: &[u8], found: &Match) -> usize {
    let base = &base[found.base_start as usize..][..found.length as usize];
    let target = &target[found.target_start as usize..][..found.length as usize];
    base.iter().zip(target).filter(|(base, target)| base == target).count()
}

fn budget(options: &Options, size: usize) -> u64 {
    match options.ram {
        Ram::Auto => Ram::Auto.budget(size).max(LEAST_AUTO),
        Ram::Bytes(bytes) => bytes,
    }
}

/// The largest window within the budget, but no larger than the stream needs.
fn window_log(stream: usize, budget: u64) -> Result<u8, DiffError> {
    let largest = (LEAST_WINDOW..=MOST_WINDOW).rev().find(|&window_log| ram(window_log) <= budget);
    let too_small = DiffError::BudgetTooSmall { budget, least: ram(LEAST_WINDOW) };
    let largest = largest.ok_or(too_small)?;
    let needed = (LEAST_WINDOW..=MOST_WINDOW).find(|&window_log| 1 << window_log >= stream);
    Ok(needed.map_or(largest, |needed| needed.min(largest)))
}

/// What a decoder with this window takes.
fn ram(window_log: u8) -> u64 {
    codec_ram(&Codec::Zstd { window_log }).into()
}

fn header(subject: &Subject, window_log: u8, body: &[u8]) -> Header {
    Header {
        codec: Codec::Zstd { window_log },
        ram: ram(window_log) as u32,
        base_address: 0,
        windows: [Window::default(); 3],
        kinds: PageKinds::default(),
        body_length: body.len() as u32,
        body_digest: subject.header.body_digest.map(|_| sha256(body)),
        ..subject.header
    }
}
