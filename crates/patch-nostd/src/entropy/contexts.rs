//! What is known before an event: the context that both codecs' models choose counters by (`docs/format.md`, sections 5 to 7).

/// What is known before a literal byte.
#[derive(Clone, Copy, Debug)]
pub struct LiteralContext {
    /// The four bytes before it, the last one lowest; of a halfword, those before both.
    pub before: u32,
    /// Where it stands.
    pub place: Place,
}

/// Where a literal stands, and what of its own halfword is known.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// At this offset of the target; bytes come in order.
    InOrder(u32),
    /// At an offset that is odd (1) or even (0); halfwords come high byte first, and it is none.
    Alone(u32),
    /// The high byte of a halfword, which comes first.
    High,
    /// The low byte of a halfword with this high byte.
    Low(u8),
}

#[cfg(feature = "lite")]
impl Place {
    /// Whether it is at an odd offset (1) or at an even one (0).
    pub(super) const fn odd(self) -> usize {
        match self {
            Self::InOrder(offset) | Self::Alone(offset) => offset as usize & 1,
            Self::High => 1,
            Self::Low(_) => 0,
        }
    }
}

/// What is known before a byte of a cover.
#[derive(Clone, Copy, Debug, Default)]
pub struct CopyContext {
    /// The source's byte at this place.
    pub source: u8,
    /// The source's byte before.
    pub previous: u8,
    /// The source's byte after.
    pub next: u8,
    /// The source's offset.
    pub offset: u32,
    /// Hits (0) and misses (1) of the bytes before, the last one lowest.
    pub history: u8,
    /// Target minus source at the last miss whose next byte was like this one's.
    pub near: u8,
}

/// What is known before a block of a cover.
#[derive(Clone, Copy, Debug)]
pub struct BlockContext {
    /// The number of the page's kind.
    pub kind: u8,
    /// Whether the cover copies from the target.
    pub from_target: bool,
    /// Clean blocks (0) and others (1) before, the last one lowest.
    pub history: u8,
    /// Bytes of the cover before the block.
    pub done: u32,
    /// Bytes of the cover.
    pub length: u32,
}

/// What is known before a guess at a reference.
#[derive(Clone, Copy, Debug)]
pub struct GuessContext {
    /// Number of the reference's class; 5 of branches in a cover of the target.
    pub class: usize,
    /// The source that proposes it.
    pub source: usize,
    /// How many guesses at the reference were wrong before.
    pub rank: u32,
    /// The sources that propose the same, a bit each.
    pub agreement: u32,
    /// The last outcomes of this source's proposals, 1 for wrong, the last one lowest.
    pub outcomes: u8,
    /// Whether the first guess at the last reference was wrong.
    pub missed: bool,
    /// The second byte of the reference in the source.
    pub second: u8,
}

impl GuessContext {
    /// 1 for branches of any reach, 0 for other references.
    #[inline(always)]
    pub(super) const fn branch(&self) -> usize {
        const BRANCHES: usize = 1 << 1 | 1 << 4 | 1 << 5;
        BRANCHES >> (self.class & 7) & 1
    }
}
