//! What the engine is told by a word: codecs, kinds of code, and what is done about compressed files.

use clap::ValueEnum;
use diff_core::{Arch, CodecChoice, Containers};

/// The codecs' names.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CodecName {
    /// The smallest packages.
    Cm,
    /// The fastest restore, for gateways.
    Zstd,
}

/// What is done about compressed files.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ContainersName {
    /// They are expanded where that makes the package smaller.
    Auto,
    /// They are plain bytes.
    None,
}

/// The architectures' names.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ArchName {
    /// Whatever comes out smallest.
    Auto,
    /// Images are plain bytes.
    None,
    /// Thumb-2 code and pointers.
    Thumb,
    /// AArch64 code and pointers.
    Aarch64,
    /// A32 code (ARM state) and pointers.
    Arm,
    /// RISC-V code of 32 or 64 bits and pointers.
    Riscv,
    /// Xtensa code and pointers.
    Xtensa,
    /// x86-64 code and pointers.
    X86,
}

impl CodecName {
    /// What the engine calls it.
    pub(crate) const fn choice(self) -> CodecChoice {
        match self {
            Self::Cm => CodecChoice::Cm,
            Self::Zstd => CodecChoice::Zstd,
        }
    }
}

impl ContainersName {
    /// What the engine calls it.
    pub(super) const fn choice(self) -> Containers {
        match self {
            Self::Auto => Containers::Auto,
            Self::None => Containers::None,
        }
    }
}

impl ArchName {
    /// What the engine calls it.
    pub(crate) const fn choice(self) -> Arch {
        match self {
            Self::Auto => Arch::Auto,
            Self::None => Arch::None,
            Self::Thumb => Arch::Thumb,
            Self::Aarch64 => Arch::Aarch64,
            Self::Arm => Arch::Arm,
            Self::Riscv => Arch::Riscv,
            Self::Xtensa => Arch::Xtensa,
            Self::X86 => Arch::X86,
        }
    }
}
