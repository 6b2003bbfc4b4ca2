//! How a body is coded: the codec, the sizes of its tables, how its models learn (`docs/format.md`, sections 3.1 and 3.3).

use super::Fields;

/// Landmarks that a header may ask memory for: the walk along them is linear, but every reference looks among them.
pub const MOST_LANDMARKS: u32 = 1 << 10;
/// Learned displacements that a header may ask memory for: a reference may move all of them by one place.
pub const MOST_LEARNED: u32 = 1 << 14;

/// In the byte of the block log of `cm`: literals come in halfwords, the high byte first.
#[cfg(feature = "cm")]
const HIGH_FIRST: u8 = 16;

/// Whether this decoder has the codec of a number.
pub(super) const fn is_known(number: u8) -> bool {
    number == 0 && cfg!(feature = "cm")
        || number == 1 && cfg!(feature = "zstd")
        || number == 2 && cfg!(feature = "lite")
}

/// How the body is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// An encoder must know all of them.
#[cfg_attr(not(feature = "encode"), non_exhaustive)]
pub enum Codec {
    /// Context mixing: the smallest. For microcontrollers and everything else.
    #[cfg(feature = "cm")]
    Cm {
        /// The sizes of the decoder's tables.
        size: ModelSize,
        /// How fast the models learn.
        tuning: Tuning,
    },
    /// One counter for each event: the smallest decoder. For bootloaders with little code and memory.
    #[cfg(feature = "lite")]
    Lite {
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

/// The sizes of the decoder's tables, which fix the memory it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "encode"), non_exhaustive)]
pub struct ModelSize {
    /// Slots of four 16-bit cells for counters; 0 with codec `lite`, whose tables of counters have one size.
    pub slots: u32,
    /// Covers kept as landmarks.
    pub landmarks: u32,
    /// Displacements of references that can be remembered.
    pub learned: u32,
}

/// How the models learn; the encoder tries several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "encode"), non_exhaustive)]
pub struct Tuning {
    /// A counter's slowest adaptation: moves by 1/2^rate of the error, 3 to 6.
    pub counter_rate: u8,
    /// The mixer's step, 1 to 15; 0 with codec `lite`, which mixes nothing.
    pub mixer_rate: u8,
    /// Base-2 logarithm of the bytes of a copied block, 3 to 6.
    pub block_log: u8,
    /// Whether literals come in halfwords, the high byte first; never with codec `lite`.
    pub high_first: bool,
}

impl Codec {
    /// What is known of a header that has not arrived: the parameters of some codec.
    pub(super) const NONE: Self = {
        let size = ModelSize { slots: 0, landmarks: 0, learned: 0 };
        let tuning = Tuning { counter_rate: 0, mixer_rate: 0, block_log: 0, high_first: false };
        #[cfg(feature = "cm")]
        let codec = Self::Cm { size, tuning };
        #[cfg(not(feature = "cm"))]
        let codec = Self::Lite { size, tuning };
        codec
    };

    /// What it is called.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            #[cfg(feature = "cm")]
            Self::Cm { .. } => "cm",
            #[cfg(feature = "zstd")]
            Self::Zstd { .. } => "zstd",
            #[cfg(feature = "lite")]
            Self::Lite { .. } => "lite",
        }
    }

    /// The parameters of a body of events (`docs/format.md`, section 4); a `zstd` body is none.
    #[must_use]
    pub const fn models(self) -> Option<(ModelSize, Tuning)> {
        match self {
            #[cfg(feature = "cm")]
            Self::Cm { size, tuning } => Some((size, tuning)),
            #[cfg(feature = "lite")]
            Self::Lite { size, tuning } => Some((size, tuning)),
            #[cfg(feature = "zstd")]
            Self::Zstd { .. } => None,
        }
    }

    pub(super) fn read(number: u8, fields: &mut Fields<'_>) -> Self {
        // No number of another codec has come this far: see `Header::length`.
        match number {
            #[cfg(feature = "zstd")]
            1 => Self::Zstd { window_log: fields.bounded(10, 27) as u8 },
            #[cfg(all(feature = "lite", feature = "cm"))]
            2 => Self::read_lite(fields),
            #[cfg(feature = "cm")]
            _ => Self::read_cm(fields),
            #[cfg(not(feature = "cm"))]
            _ => Self::read_lite(fields),
        }
    }

    #[cfg(feature = "cm")]
    fn read_cm(fields: &mut Fields<'_>) -> Self {
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
        fields.expect(tuning.is_known() && tuning.mixer_rate > 0);
        Self::Cm { size, tuning }
    }

    #[cfg(feature = "lite")]
    fn read_lite(fields: &mut Fields<'_>) -> Self {
        let landmarks = fields.bounded(0, MOST_LANDMARKS);
        let learned = fields.bounded(0, MOST_LEARNED);
        let speeds = fields.byte();
        let tuning =
            Tuning { counter_rate: speeds >> 4, mixer_rate: 0, block_log: speeds & 15, high_first: false };
        fields.expect(tuning.is_known());
        Self::Lite { size: ModelSize { slots: 0, landmarks, learned }, tuning }
    }
}

impl Tuning {
    fn is_known(self) -> bool {
        self.counter_rate.wrapping_sub(3) < 4 && self.block_log.wrapping_sub(3) < 4
    }
}

#[cfg(feature = "encode")]
impl Codec {
    /// The same codec with other models; a `zstd` body has none.
    #[must_use]
    pub const fn with_models(self, size: ModelSize, tuning: Tuning) -> Self {
        match self {
            Self::Cm { .. } => Self::Cm { size, tuning },
            Self::Lite { .. } => Self::Lite {
                size: ModelSize { slots: 0, ..size },
                tuning: Tuning { mixer_rate: 0, high_first: false, ..tuning },
            },
            Self::Zstd { .. } => self,
        }
    }

    pub(super) const fn number(&self) -> u8 {
        match self {
            Self::Cm { .. } => 0,
            Self::Zstd { .. } => 1,
            Self::Lite { .. } => 2,
        }
    }

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
            Self::Lite { size, tuning } => {
                writer.varint(size.landmarks);
                writer.varint(size.learned);
                writer.byte(tuning.counter_rate << 4 | tuning.block_log);
            }
        }
    }
}
