//! From two images to a `zstd` package (`docs/format.md`, section 10).

use std::io;

use smidgen_patch::Header;
use smidgen_patch::header::{Codec, PageKinds, Window};
use smidgen_patch::internals::wire::{Writer, codec_ram};
use zstd::bulk::Compressor;
use zstd::zstd_safe::CParameter;

use super::subject::Subject;
use crate::api::{DEFAULT_LEVEL, DiffError, Options, Package, Progress, Ram, Report, Stage};
use crate::digest::sha256;
use crate::encode::{Placed, operations};
use crate::images::Images;
use crate::search::{Index, SearchOptions, find_matches};

/// The smallest and the largest window that a header may state, as base-2 logarithms of bytes.
const LEAST_WINDOW: u8 = 10;
const MOST_WINDOW: u8 = 27;
/// What `--ram auto` gives at least: no zstd decoder works in the 16 KiB that are right for `cm` and small images.
const LEAST_AUTO: u64 = 1 << 20;
/// Equal bytes for which a cover is worth its operation: 12 to 16 give the smallest packages of real firmware.
const WORTH: u32 = 14;
/// Images up to this many bytes are searched with the lower threshold.
const SMALL: usize = 8 << 20;
/// The levels of zstd that levels 1 to 9 stand for. At 19, 27 MB take about ten seconds on one core.
const ZSTD_LEVELS: [i32; 9] = [3, 6, 9, 12, 15, 19, 20, 21, MOST_THOROUGH];
const MOST_THOROUGH: i32 = 22;
/// From the default level on, streams up to this many bytes are compressed at the highest one.
const SHORT: usize = 8 << 20;

/// Makes the package, without proof.
pub(super) fn make(
    subject: &Subject,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Package, DiffError> {
    let images = subject.images;
    progress.begin(Stage::Search, 1);
    let covers = covers(images)?;
    progress.begin(Stage::Encode, 1);
    let stream = stream(images, &covers);
    let budget = match options.ram {
        Ram::Auto => Ram::Auto.budget(images.size()).max(LEAST_AUTO),
        Ram::Bytes(bytes) => bytes,
    };
    let window_log = window_log(stream.len(), budget)?;
    let body =
        compressed(&stream, zstd_level(options.level, stream.len()), window_log).map_err(DiffError::Zstd)?;
    let header = Header {
        codec: Codec::Zstd { window_log },
        ram: ram(window_log) as u32,
        base_address: 0,
        windows: [Window::default(); 3],
        kinds: PageKinds::default(),
        body_length: body.len() as u32,
        body_digest: subject.header.body_digest.map(|_| sha256(&body)),
        ..subject.header
    };
    let mut bytes = header.to_bytes_with(&options.identity.extensions()?);
    bytes.extend_from_slice(&body);
    let report = Report::of(operations(images.target.len(), &covers));
    Ok(Package { bytes, header, report, notes: Vec::new() })
}

/// The covers that are worth their operations. References are not masked: the differences are sent as they are.
fn covers(images: Images) -> Result<Vec<Placed>, DiffError> {
    let Images { base, target } = images;
    let index = Index::build(base)?;
    // The more there is to match by chance, the more a match must win by: measured on real firmware.
    let threshold = if target.len() <= SMALL { 5 } else { 8 };
    let found = find_matches(&index, target, &SearchOptions { threshold, ..SearchOptions::default() });
    let is_worth = |placed: &Placed| placed.cover.length - placed.changes(images) >= WORTH;
    Ok(found.iter().map(Placed::from).filter(is_worth).collect())
}

/// The operations that make the target from the base, before they are compressed.
fn stream(images: Images, covers: &[Placed]) -> Vec<u8> {
    let target = images.target;
    let mut writer = Writer::default();
    let (mut position, mut expected) = (0, 0);
    for placed in covers {
        let (start, length) = (i64::from(placed.cover.start), placed.cover.length);
        literals(&mut writer, &target[position..placed.at as usize]);
        writer.varint(zigzag(start - expected));
        writer.varint(length);
        let copied = placed.bytes(images);
        let pairs = copied.target.iter().zip(copied.base);
        writer.bytes.extend(pairs.map(|(target, base)| target.wrapping_sub(*base)));
        position = placed.end() as usize;
        expected = start + i64::from(length);
    }
    if position < target.len() {
        literals(&mut writer, &target[position..]);
    }
    writer.bytes
}

fn literals(writer: &mut Writer, bytes: &[u8]) {
    writer.varint(bytes.len() as u32);
    writer.raw(bytes);
}

/// 0, -1, 1, -2, 2 and so on become 0, 1, 2, 3, 4; images are smaller than 2^30.
fn zigzag(value: i64) -> u32 {
    (value << 1 ^ value >> 63) as u32
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

/// The level of zstd for a stream of `size` bytes.
fn zstd_level(level: u8, size: usize) -> i32 {
    if level >= DEFAULT_LEVEL && size <= SHORT {
        return MOST_THOROUGH;
    }
    let place = usize::from(level).clamp(1, ZSTD_LEVELS.len()) - 1;
    ZSTD_LEVELS[place]
}

/// One zstd frame of `stream`, whose window has at most 2^`window_log` bytes. The result depends on the arguments only.
fn compressed(stream: &[u8], level: i32, window_log: u8) -> io::Result<Vec<u8>> {
    let mut compressor = Compressor::new(level)?;
    compressor.set_parameter(CParameter::WindowLog(u32::from(window_log)))?;
    compressor.set_parameter(CParameter::EnableLongDistanceMatching(false))?;
    compressor.set_parameter(CParameter::ChecksumFlag(false))?;
    // The size of what is given is pledged by libzstd itself: a short stream gets a window of its own size.
    compressor.compress(stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::LEVELS_NOTE;

    #[test]
    fn help_states_the_levels_of_zstd() {
        let levels = ZSTD_LEVELS.map(|level| level.to_string());
        let (last, others) = levels.split_last().unwrap();
        assert!(LEVELS_NOTE.contains(&format!("zstd's levels {} and {last}", others.join(", "))));
        assert!(
            LEVELS_NOTE.contains(&format!(
                "from level {DEFAULT_LEVEL} on the highest for up to {} MiB",
                SHORT >> 20
            ))
        );
    }
}
