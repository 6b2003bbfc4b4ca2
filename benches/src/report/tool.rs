//! What the report knows of a tool: its names, how it is called, and what memory its restore needs.

use super::corpus::Pair;

/// Tools of one origin, which charts draw alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// This repository.
    Smidgen,
    /// The classic program, and the crate of the same name.
    Bsdiff,
    /// The crate, another implementation of the classic.
    Qbsdiff,
    /// The VCDIFF program.
    Xdelta3,
    /// zstd with the old image as its dictionary.
    Zstd,
    /// The Python package for embedded devices.
    Detools,
    /// The Python package of the C++ library.
    Hdiffpatch,
}

/// Who does the work: always a process of its own, so that times and memory can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worker {
    /// This program again, for what is linked into it.
    Own,
    /// Programs on the path: one that makes and one that restores.
    Programs(&'static str, &'static str),
    /// A module of Python, driven by `peers.py`.
    Python(&'static str),
}

/// Where the memory that a restore needs is known from.
#[derive(Clone, Copy, Debug)]
pub enum Memory {
    /// The package's header states it.
    Header,
    /// The tool's documentation states it, in words and as a function of the pair.
    Documented(&'static str, fn(&Pair) -> u64),
    /// The most that the restoring process had resident, its runtime included.
    Measured,
}

/// One tool at one setting.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    /// How reports call it.
    pub name: &'static str,
    /// Where it comes from.
    pub family: Family,
    /// Its setting, in a few words.
    pub about: &'static str,
    /// Who does the work.
    pub worker: Worker,
    /// Arguments for making a patch; words in braces stand for files and sizes.
    pub make: &'static str,
    /// Arguments for restoring the new image.
    pub restore: &'static str,
    /// What a restore needs.
    pub memory: Memory,
}

impl Family {
    /// All of them, in the order of legends.
    pub const ALL: [Self; 7] = [
        Self::Smidgen,
        Self::Bsdiff,
        Self::Qbsdiff,
        Self::Xdelta3,
        Self::Zstd,
        Self::Detools,
        Self::Hdiffpatch,
    ];

    /// How legends call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Smidgen => "Smidgen",
            Self::Bsdiff => "bsdiff",
            Self::Qbsdiff => "qbsdiff",
            Self::Xdelta3 => "xdelta3",
            Self::Zstd => "zstd",
            Self::Detools => "detools",
            Self::Hdiffpatch => "hdiffpatch",
        }
    }
}

impl Memory {
    /// The word that reports have for it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Documented(..) => "documented",
            Self::Measured => "measured",
        }
    }

    /// The same in a sentence.
    #[must_use]
    pub const fn about(&self) -> &'static str {
        match self {
            Self::Header => "what the package's header asks a device for",
            Self::Documented(words, _) => words,
            Self::Measured => {
                "peak of the restoring process, its runtime included; what is under 3 MiB cannot be told"
            }
        }
    }
}
