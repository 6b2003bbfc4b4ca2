//! How a body is coded: the codec, the sizes of its tables, how its models learn (`docs/format.md`, sections 3.1 and 3.3).

use super::Fields;
use crate::Error;

/// Landmarks that a header may ask memory for: the walk along them is linear, but every reference looks among them.
pub const MOST_LANDMARKS: u32 = 1 << 10;
/// Learned displacements that a header may ask memory for: a reference may move all of them by one place.
pub const MOST_LEARNED: u32 = 1 << 14;

/// In the byte of the block log: literals come in halfwords, the high byte first.
const HIGH_FIRST: u8 = 16;

/// The highest number of a codec that this decoder has.
pub(super) const MOST_CODEC: u8 = if cfg!(feature = "zstd") { 1 } else { 0 };

/// How the body is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// An encoder must know all of them.
#[cfg_attr(not(feature = "encode"), non_exhaustive)]
pub enum Codec {
    /// Context mixing: the smallest. For microcontrollers and everything else.
    Cm {
        /// The sizes of the decoder's tables.
        size: ModelSize,
        /// How fast the models learn.
        tuning: Tuning,
    },
    /// Covers and literals through zstd: the fastest. For gateways.
    #[cfg(feature = "zstd")]
    Zstd {
        /// Base-2 logarithm of the zstd window in bytes, 10 to 27.
        window_log: u8,
    },
}

/// The sizes of the `cm` decoder's tables, which fix the memory it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "encode"), non_exhaustive)]
pub struct ModelSize {
    /// Slots of four 16-bit cells for counters.
    pub slots: u32,
    /// Covers kept as landmarks.
    pub landmarks: u32,
    /// Displacements of references that can be remembered.
    pub learned: u32,
}

/// How the `cm` models learn; the encoder tries several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "encode"), non_exhaustive)]
pub struct Tuning {
    /// A counter's slowest adaptation: moves by 1/2^rate of the error, 3 to 6.
    pub counter_rate: u8,
    /// The mixer's step, 1 to 15.
    pub mixer_rate: u8,
    /// Base-2 logarithm of the bytes of a copied block, 3 to 6.
    pub block_log: u8,
    /// Whether literals come in halfwords, the high byte first.
    pub high_first: bool,
}

impl Codec {
    /// What it is called.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Cm { .. } => "cm",
            #[cfg(feature = "zstd")]
            Self::Zstd { .. } => "zstd",
        }
    }

    /// The parameters of a `cm` body.
    pub(crate) const fn cm(self) -> Result<(ModelSize, Tuning), Error> {
        match self {
            Self::Cm { size, tuning } => Ok((size, tuning)),
            #[cfg(feature = "zstd")]
            Self::Zstd { .. } => Err(Error::UnsupportedCodec),
        }
    }

    pub(super) fn read(number: u8, fields: &mut Fields<'_>) -> Self {
        #[cfg(feature = "zstd")]
        if number == 1 {
            return Self::Zstd { window_log: fields.bounded(10, 27) as u8 };
        }
        // No other number has come this far: see `Header::length`.
        let _ = number;
        let size = ModelSize {
            slots: fields.bounded(1, 1 << 24),
            landmarks: fields.bounded(0, MOST_LANDMARKS),
            learned: fields.bounded(0, MOST_LEARNED),
        };
        let (rates, blocks) = (fields.byte(), fields.byte());
        let tuning = Tuning {
            counter_rate: rates >> 4,
            mixer_rate: rates & 15,
            block_log: blocks & !HIGH_FIRST,
            high_first: blocks & HIGH_FIRST != 0,
        };
        fields.expect(tuning.is_known());
        Self::Cm { size, tuning }
    }
}

impl Tuning {
    fn is_known(self) -> bool {
        self.counter_rate.wrapping_sub(3) < 4 && self.mixer_rate > 0 && self.block_log.wrapping_sub(3) < 4
    }
}

#[cfg(feature = "encode")]
impl Codec {
    pub(super) fn write(&self, writer: &mut super::Writer) {
        match *self {
            Self::Cm { size, tuning } => {
                writer.varint(size.slots);
                writer.varint(size.landmarks);
                writer.varint(size.learned);
                writer.byte(tuning.counter_rate << 4 | tuning.mixer_rate);
                writer.byte(tuning.block_log | if tuning.high_first { HIGH_FIRST } else { 0 });
            }
            Self::Zstd { window_log } => writer.byte(window_log),
        }
    }
}
