//! What a caller may choose: memory budget, codec, architecture, base address.

use super::identity::Identity;
use super::in_place::InPlace;

/// The level where none is given.
const DEFAULT_LEVEL: u8 = 6;

/// How much memory the decoder may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ram {
    /// By the size of the larger image: 16 KiB up to 1 MiB, 256 KiB up to 16 MiB, 8 MiB above;
    /// at least 1 MiB for zstd.
    #[default]
    Auto,
    /// This many bytes: workspace for `cm`, heap for zstd.
    Bytes(u64),
}

/// How the body is coded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CodecChoice {
    /// Context mixing: the smallest packages.
    #[default]
    Cm,
    /// zstd: the fastest restore.
    Zstd,
}

/// Which references are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arch {
    /// Whatever comes out smallest.
    #[default]
    Auto,
    /// Thumb-2 code and pointers.
    Thumb,
    /// AArch64 code and pointers of 64 bits.
    Aarch64,
    /// A32 code and pointers.
    Arm,
    /// RISC-V code and pointers.
    Riscv,
    /// Xtensa code and pointers.
    Xtensa,
    /// x86-64 code and pointers of 64 bits.
    X86,
    /// None: images are plain bytes.
    None,
}

/// What is done about compressed files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Containers {
    /// Streams of gzip, zip and zlib are expanded where that makes the package smaller. Devices restore such packages
    /// with `patch_nostd::container`, which needs an operating system.
    #[default]
    Auto,
    /// Files are plain bytes.
    None,
}

/// Everything that shapes a package besides the two images.
#[derive(Clone, Debug)]
pub struct Options {
    /// The decoder's memory.
    pub ram: Ram,
    /// The codec of the body.
    pub codec: CodecChoice,
    /// From 1, the fastest, to 9, the smallest packages; only `cm` has levels.
    pub level: u8,
    /// Whether compressed files are looked into.
    pub containers: Containers,
    /// Where references are sought.
    pub arch: Arch,
    /// Address of the image's first byte when it runs; detected if absent.
    pub base_address: Option<u32>,
    /// Puts the target's MD5 into the header, for delivery platforms that ask for it.
    pub md5: bool,
    /// Puts the body's SHA-256 into the header.
    pub body_digest: bool,
    /// What devices compare with themselves.
    pub identity: Identity,
    /// Makes a package that devices can also apply in the slot of the base.
    pub in_place: Option<InPlace>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ram: Ram::default(),
            codec: CodecChoice::default(),
            level: DEFAULT_LEVEL,
            containers: Containers::default(),
            arch: Arch::default(),
            base_address: None,
            md5: false,
            body_digest: false,
            identity: Identity::default(),
            in_place: None,
        }
    }
}

impl Ram {
    /// The budget in bytes for images of at most `size` bytes.
    #[must_use]
    pub const fn budget(self, size: usize) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Auto if size <= 1 << 20 => 16 << 10,
            Self::Auto if size <= 16 << 20 => 256 << 10,
            Self::Auto => 8 << 20,
        }
    }
}
