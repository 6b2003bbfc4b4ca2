//! The trait of coders: encoder, decoder and cost meter (`docs/format.md`, section 4).

/// What a stretch of the body is about: for statistics only, decoders ignore it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Category {
    /// The cover map sent ahead.
    Landmarks,
    /// Where covers begin, what they copy and how long they and the literals between them are.
    Control,
    /// Whether copied blocks and bytes are unchanged.
    Unchanged,
    /// The new values of changed bytes in covers.
    Changed,
    /// Which prediction of a reference is right.
    References,
    /// New bytes between covers.
    Literals,
}

/// Codes binary events.
pub trait Coder {
    /// Codes one event that is true with a probability of `probability`/65536.
    ///
    /// An encoder codes and returns `bit`; a decoder ignores it and returns what was coded.
    fn code(&mut self, probability: u16, bit: bool) -> bool;

    /// Whether enough input is there for any single step of the decoder.
    fn ready(&self) -> bool {
        true
    }

    /// Whether more was read than the body has, and an encoder may leave out: the body was cut short.
    fn is_overrun(&self) -> bool {
        false
    }

    /// Whether literals may go uncoded: only for a build machine that compares the costs of everything else.
    fn skips_literals(&self) -> bool {
        false
    }

    /// How many bytes of the target from `position` on may go uncoded where a cover copies them: likewise.
    fn skips_copies(&mut self, _position: u32) -> u32 {
        0
    }

    /// The following events belong to `category`.
    fn category(&mut self, _category: Category) {}
}
