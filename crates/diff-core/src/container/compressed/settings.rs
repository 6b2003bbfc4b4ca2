//! The parameters that make a stream again: what tools usually take is tried, and compared with the stream as it comes out.

use std::cmp::Reverse;

use rayon::prelude::*;
use smidgen_patch::header::IMAGE_LIMIT;
use smidgen_patch::internals::container::Side;
use smidgen_patch::internals::container::compressor::{
    Compressor, Lz4, Lzma, WHOLE_MOST, Xz, Zstd, level_window, possible, stream_memory,
};

use super::super::found::Found;
use super::lzma::USUAL;
use super::plain;

/// Streams of a kind beyond which what is tried is only what made some of them.
const MANY: usize = 24;
/// How many of them everything is tried on.
const SAMPLE: usize = 12;
/// Bytes that come out at once.
const PIECE: usize = 64 << 10;

/// Mode, finder, nice and depth of the presets of xz: 6 to 9, then what others differ in, the extreme ones behind each.
const PRESETS: [(u8, u8, u16, u16); 9] = [
    (2, 20, 64, 0),
    (2, 20, 273, 512),
    (2, 20, 32, 0),
    (2, 20, 192, 0),
    (1, 4, 128, 8),
    (1, 4, 273, 24),
    (1, 4, 273, 48),
    (2, 20, 16, 0),
    (1, 3, 128, 4),
];
/// Levels of zstd in the order in which they are tried: those that tools take by themselves first.
const ZSTD_LEVELS: [u8; 22] = [3, 15, 19, 1, 9, 6, 10, 12, 22, 2, 4, 5, 7, 8, 11, 13, 14, 16, 17, 18, 20, 21];
const LZ4_LEVELS: [u8; 12] = [0, 12, 9, 2, 3, 4, 5, 6, 7, 8, 10, 11];

/// What makes the streams of a level.
pub(in super::super) struct Settings {
    /// Those that made streams of the sample, the most frequent first, by kind.
    known: [Vec<Compressor>; 4],
    /// Whether nothing else is tried.
    is_all: [bool; 4],
}

impl Settings {
    /// Tries everything on a sample of the streams of each kind. Which are chosen makes no difference, so that packages come
    /// out the same whether or not others were made before.
    pub(in super::super) fn of(file: &[u8], found: &[Found]) -> Self {
        let mut settings = Self { known: Default::default(), is_all: [false; 4] };
        for kind in 0..4 {
            let streams = found.iter().filter(|found| kind_of(found) == Some(kind)).collect::<Vec<_>>();
            if streams.len() <= MANY || streams.iter().all(|found| !found.chosen) {
                continue;
            }
            let sample = (0..SAMPLE).into_par_iter().filter_map(|number| {
                let found = streams[number * streams.len() / SAMPLE];
                let stream = &file[found.stream.clone()];
                *found.compressor.get_or_init(|| search(stream, found))
            });
            let mut counted: Vec<(usize, Compressor)> = Vec::new();
            for setting in sample.collect::<Vec<_>>() {
                match counted.iter_mut().find(|(_, known)| with(known, &setting) == setting) {
                    Some((count, _)) => *count += 1,
                    None => counted.push((1, setting)),
                }
            }
            counted.sort_by_key(|(count, _)| Reverse(*count));
            settings.known[kind] = counted.into_iter().map(|(_, setting)| setting).collect();
            settings.is_all[kind] = true;
        }
        settings
    }

    /// What makes a stream.
    pub(in super::super) fn compressor(&self, stream: &[u8], found: &Found) -> Option<Compressor> {
        let kind = kind_of(found)?;
        *found.compressor.get_or_init(|| {
            if !self.is_all[kind] {
                return search(stream, found);
            }
            let scanned = found.frame.compressor()?;
            let plain = plain(stream, found.plain, Some(scanned));
            let candidates = self.known[kind].iter().map(|setting| with(setting, &scanned));
            candidates.into_iter().find(|candidate| makes(candidate, &plain, stream).is_all())
        })
    }
}

fn kind_of(found: &Found) -> Option<usize> {
    found.frame.compressor().map(|compressor| match compressor {
        Compressor::Xz(_) => 0,
        Compressor::Lzma(_) => 1,
        Compressor::Zstd(_) => 2,
        Compressor::Lz4(_) => 3,
    })
}

/// The compressor of a stream with what `setting` leaves to the maker of a file; what the stream itself says stays.
fn with(setting: &Compressor, stream: &Compressor) -> Compressor {
    let searched = |setting: &Lzma, own: &Lzma| {
        let Lzma { mode, finder, nice, depth, .. } = *setting;
        Lzma { mode, finder, nice, depth, ..*own }
    };
    match (setting, stream) {
        (Compressor::Xz(setting), Compressor::Xz(own)) => {
            Compressor::Xz(Xz { lzma: searched(&setting.lzma, &own.lzma), ..*own })
        }
        (Compressor::Lzma(setting), Compressor::Lzma(own)) => Compressor::Lzma(searched(setting, own)),
        (Compressor::Zstd(setting), Compressor::Zstd(own)) => {
            let Zstd { level, jobs, whole, .. } = *setting;
            Compressor::Zstd(Zstd { level, jobs, whole, window: setting.window.max(own.window), ..*own })
        }
        _ => *setting,
    }
}

/// Tries everything.
fn search(stream: &[u8], found: &Found) -> Option<Compressor> {
    let scanned = found.frame.compressor()?;
    let plain = plain(stream, found.plain, Some(scanned));
    let makes = |candidate: &Compressor| makes(candidate, &plain, stream).is_all();
    let lzma = |own: Lzma| {
        let presets = PRESETS.into_iter();
        presets.map(move |(mode, finder, nice, depth)| Lzma { mode, finder, nice, depth, ..own })
    };
    match scanned {
        Compressor::Xz(xz) => lzma(xz.lzma).map(|lzma| Compressor::Xz(Xz { lzma, ..xz })).find(makes),
        Compressor::Lzma(own) => lzma(own).map(Compressor::Lzma).find(makes),
        Compressor::Zstd(zstd) => search_zstd(stream, &plain, &zstd),
        Compressor::Lz4(_) => LZ4_LEVELS.into_iter().map(|level| Compressor::Lz4(Lz4 { level })).find(makes),
    }
}

fn search_zstd(stream: &[u8], plain: &[u8], own: &Zstd) -> Option<Compressor> {
    let level = |level: u8| {
        let size = (plain.len() as u32).next_power_of_two().trailing_zeros() as u8;
        let needed = if own.content_size { level_window(level).min(size) } else { level_window(level) };
        Zstd { level, window: own.window.max(needed), ..*own }
    };
    let levels = || ZSTD_LEVELS.into_iter().map(level);
    if own.content_size && plain.len() <= WHOLE_MOST as usize {
        let whole = levels().map(|zstd| Compressor::Zstd(Zstd { whole: true, ..zstd }));
        if let Some(found) = whole.into_iter().find(|candidate| makes(candidate, plain, stream).is_all()) {
            return Some(found);
        }
    }
    let mut nearly = Vec::new();
    for zstd in levels() {
        match makes(&Compressor::Zstd(zstd), plain, stream) {
            Same::All => return Some(Compressor::Zstd(zstd)),
            Same::Bytes(bytes) => nearly.push((Reverse(bytes), zstd)),
        }
    }
    // The first job is compressed as if there were no other.
    nearly.sort_by_key(|(bytes, _)| *bytes);
    let jobs = nearly.into_iter().take(2).map(|(_, zstd)| Compressor::Zstd(Zstd { jobs: true, ..zstd }));
    jobs.into_iter().find(|candidate| makes(candidate, plain, stream).is_all())
}

/// How much of a stream is made.
enum Same {
    All,
    /// As many bytes from its start.
    Bytes(usize),
}

impl Same {
    const fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }
}

/// Compresses until something else comes out.
fn makes(compressor: &Compressor, mut plain: &[u8], stream: &[u8]) -> Same {
    let length = plain.len() as u32;
    let memory = stream_memory(compressor, Side::Target, 0, length);
    let mut same = 0;
    if plain.is_empty() || memory > IMAGE_LIMIT.into() || !possible(compressor, length) {
        return Same::Bytes(same);
    }
    let Ok(mut coder) = compressor.encoder(length) else { return Same::Bytes(same) };
    let mut buffer = vec![0; PIECE];
    while let Ok(step) = coder.step(plain, true, &mut buffer) {
        plain = &plain[step.taken..];
        let made = &buffer[..step.given];
        if !stream[same..].starts_with(made) {
            return Same::Bytes(same + crate::search::common_prefix(&stream[same..], made));
        }
        same += made.len();
        if step.has_ended {
            return if same == stream.len() { Same::All } else { Same::Bytes(same) };
        }
    }
    Same::Bytes(same)
}

const _: () = assert!(USUAL.nice == PRESETS[0].2, "what is tried first is what is likely");
