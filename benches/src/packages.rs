//! The packages of a pair, each made once: their sizes are told, and restores start from them.

use diff_core::{CodecChoice, Silent, diff_bsdiff40};

use crate::pair::Pair;
use crate::{classic, smidgen};

/// What each way makes of a pair.
#[derive(Debug)]
pub struct Packages {
    /// Smidgen's own format, smallest.
    pub cm: Vec<u8>,
    /// Smidgen's own format, fastest to restore.
    pub zstd: Vec<u8>,
    /// BSDIFF40 as Smidgen makes it.
    pub bsdiff40: Vec<u8>,
    /// The classic bsdiff in bzip2.
    pub bsdiff_bzip2: Vec<u8>,
    /// The classic bsdiff in zstd.
    pub bsdiff_zstd: Vec<u8>,
}

impl Packages {
    /// Makes them all.
    ///
    /// # Panics
    /// If one cannot be made.
    #[must_use]
    pub fn new(pair: &Pair) -> Self {
        let raw = classic::raw(&pair.old, &pair.new);
        Self {
            cm: smidgen::diff(pair, CodecChoice::Cm),
            zstd: smidgen::diff(pair, CodecChoice::Zstd),
            bsdiff40: diff_bsdiff40(&pair.old, &pair.new, &Silent).expect("a patch"),
            bsdiff_bzip2: classic::in_bzip2(&raw),
            bsdiff_zstd: classic::in_zstd(&raw),
        }
    }
}
