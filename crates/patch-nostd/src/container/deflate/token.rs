//! Tokens, and the symbols and extra bits that stand for them (RFC 1951, section 3.2.5).

/// The longest match.
pub(super) const LONGEST: u16 = 258;
/// The shortest one.
pub(super) const SHORTEST: u16 = 3;
/// How far back a match may begin.
pub(super) const WINDOW: u32 = 32768;
/// A match of 258 bytes by the last symbol but one, with 31 in its extra bits: no usual encoder writes it, but one may.
pub(super) const ODD: u16 = 259;
/// Symbols of the literal tree that have a meaning, and those of the distance tree.
pub(super) const LITERALS: usize = 286;
pub(super) const DISTANCES: usize = 30;
/// The symbol that ends a block.
pub(super) const END: usize = 256;

/// A literal, or a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Bytes of a match, 3 to 258, or 259 for one of 258 bytes in a form of its own; 1 for a literal.
    pub length: u16,
    /// How far back the match begins, 1 to 32768; 0 for a literal.
    pub distance: u16,
}

impl Token {
    /// A literal. Which one the plain bytes say.
    pub const LITERAL: Self = Self { length: 1, distance: 0 };

    /// Whether it is a match.
    #[must_use]
    pub const fn is_match(self) -> bool {
        self.distance != 0
    }

    /// Plain bytes that it stands for.
    #[must_use]
    pub const fn span(self) -> u32 {
        if self.length > LONGEST { LONGEST as u32 } else { self.length as u32 }
    }
}

/// A symbol of a tree, and the bits that follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Symbol {
    pub(super) symbol: u16,
    pub(super) extra: u16,
    pub(super) bits: u8,
}

/// The symbol of a match's length.
pub(super) const fn length_symbol(length: u16) -> Symbol {
    let past = length.wrapping_sub(SHORTEST) as u32;
    match length {
        LONGEST => Symbol { symbol: 285, extra: 0, bits: 0 },
        // Also the odd form of 258, whose extra bits are 31.
        _ if past < 4 => Symbol { symbol: 257 + past as u16, extra: 0, bits: 0 },
        ODD => Symbol { symbol: 284, extra: 31, bits: 5 },
        _ => {
            // As distances, with two bits after the leading one.
            let bits = (31 - past.leading_zeros()) - 2;
            let symbol = 257 + 4 * bits + (past >> bits);
            Symbol { symbol: symbol as u16, extra: (past & ((1 << bits) - 1)) as u16, bits: bits as u8 }
        }
    }
}

/// The symbol of a distance.
pub(super) const fn distance_symbol(distance: u16) -> Symbol {
    let past = distance.wrapping_sub(1) as u32;
    if past < 2 {
        return Symbol { symbol: past as u16, extra: 0, bits: 0 };
    }
    let bits = (31 - past.leading_zeros()) - 1;
    let symbol = 2 * bits + (past >> bits);
    Symbol { symbol: symbol as u16, extra: (past & ((1 << bits) - 1)) as u16, bits: bits as u8 }
}

/// The shortest length of a symbol from 257 on, and how many bits follow; `None` for symbols without a meaning.
pub(super) const fn length_of(symbol: u16) -> Option<(u16, u8)> {
    match symbol {
        257..=260 => Some((symbol - 257 + SHORTEST, 0)),
        261..=284 => {
            let (bits, top) = ((symbol - 257) / 4 - 1, (symbol - 257) % 4 + 4);
            Some(((top << bits) + SHORTEST, bits as u8))
        }
        285 => Some((LONGEST, 0)),
        _ => None,
    }
}

/// The shortest distance of a symbol, and how many bits follow.
pub(super) const fn distance_of(symbol: u16) -> Option<(u16, u8)> {
    match symbol {
        0..=1 => Some((symbol + 1, 0)),
        2..=29 => {
            let (bits, top) = (symbol / 2 - 1, symbol % 2 + 2);
            Some(((top << bits) + 1, bits as u8))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_those_of_the_standard() {
        let length = |length| (length_symbol(length).symbol, length_symbol(length).extra);
        assert_eq!(
            [3, 10, 11, 12, 13, 18, 257, 258].map(length),
            [(257, 0), (264, 0), (265, 0), (265, 1), (266, 0), (268, 1), (284, 30), (285, 0)]
        );
        let distance = |distance| (distance_symbol(distance).symbol, distance_symbol(distance).extra);
        assert_eq!(
            [1, 4, 5, 6, 24577, 32768].map(distance),
            [(0, 0), (3, 0), (4, 0), (4, 1), (29, 0), (29, 8191)]
        );
    }

    #[test]
    fn every_length_and_distance_comes_back() {
        for length in SHORTEST..=LONGEST {
            let Symbol { symbol, extra, bits } = length_symbol(length);
            assert_eq!(length_of(symbol), Some((length - extra, bits)));
        }
        for distance in 1..=32768 {
            let Symbol { symbol, extra, bits } = distance_symbol(distance);
            assert_eq!(distance_of(symbol), Some((distance - extra, bits)));
        }
        assert_eq!(length_symbol(ODD), Symbol { symbol: 284, extra: 31, bits: 5 });
        assert_eq!((length_of(286), distance_of(30)), (None, None));
    }
}
