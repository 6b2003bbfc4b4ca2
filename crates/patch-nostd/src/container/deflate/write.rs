//! Writes tokens by the codes of a block (RFC 1951, section 3.2.3).

use super::bits::BitWriter;
use super::token::{Token, distance_symbol, length_symbol};
use super::tree::Code;

/// Writes a token; a literal has its byte as length.
pub(super) fn write_token(writer: &mut BitWriter, token: Token, literals: &[Code], distances: &[Code]) {
    if !token.is_match() {
        put(writer, literals, token.length.into());
        return;
    }
    let length = length_symbol(token.length);
    put(writer, literals, length.symbol.into());
    writer.put(length.extra.into(), length.bits.into());
    let distance = distance_symbol(token.distance);
    put(writer, distances, distance.symbol.into());
    writer.put(distance.extra.into(), distance.bits.into());
}

/// Writes the code of a symbol; nothing if it has none.
pub(super) fn put(writer: &mut BitWriter, codes: &[Code], symbol: usize) {
    let code = codes.get(symbol).copied().unwrap_or_default();
    writer.put(code.bits.into(), code.length.into());
}
