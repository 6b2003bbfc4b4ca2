//! Corrections: the parameters of a stream, and the events in which its decisions differ from what is predicted
//! (`docs/format.md`, section 14.5).

#[cfg(feature = "encode")]
use std::vec::Vec;

use super::follow::Trace;
use super::parameters::Parameters;
#[cfg(feature = "encode")]
use super::parse::Parsed;
#[cfg(feature = "encode")]
use super::recreate::PART;
use super::recreate::Recreator;
#[cfg(feature = "encode")]
use super::{Segment, script::Script};
use crate::Error;
#[cfg(feature = "encode")]
use crate::entropy::{CostMeter, RangeEncoder};
use crate::entropy::{LOOKAHEAD, RangeDecoder};
use crate::wire::Reader;

/// Bytes that a decoder of corrections needs.
pub(in crate::container) const fn room(corrections: &[u8]) -> usize {
    if corrections.len() < LOOKAHEAD { 2 * LOOKAHEAD } else { corrections.len() + LOOKAHEAD }
}

/// Begins to make a stream of `length` plain bytes again; `buffer` has [`room`] for the corrections.
///
/// # Errors
/// [`Error::Corrupt`] for parameters that do not exist.
pub(in crate::container) fn remake<'r>(
    corrections: &[u8],
    buffer: &'r mut [u8],
    length: u32,
    most: u32,
    trace: Option<&'r Trace>,
) -> Result<Recreator<'r, RangeDecoder<'r>>, Error> {
    let mut reader = Reader::new(corrections);
    let parameters = Parameters::read(&mut reader).map_err(|_| Error::Corrupt)?;
    let events = reader.bytes(reader.remaining() as u32).map_err(|_| Error::Corrupt)?;
    let mut coder = RangeDecoder::new(buffer, events.len() as u32);
    if coder.fill(events) < events.len() {
        return Err(Error::Corrupt);
    }
    Ok(Recreator::new(coder, parameters, length, most, trace, None))
}

/// The corrections of a stream whose plain bytes and decisions these are, and the stream that they make.
#[cfg(feature = "encode")]
#[must_use]
pub fn corrections(
    plain: &[u8],
    parsed: &Parsed,
    parameters: &Parameters,
    trace: Option<&Trace>,
    segments: &[Segment],
) -> Option<(Vec<u8>, Vec<u8>)> {
    let script = Script::new(parsed, parsed.plain, parameters, trace, segments);
    let most = u32::try_from(parsed.most_tokens()).ok()?;
    let coder = RangeEncoder::default();
    let mut recreator = Recreator::new(coder, *parameters, parsed.plain, most, trace, Some(script));
    let mut stream = Vec::new();
    let mut out = |bytes: &[u8]| {
        stream.extend_from_slice(bytes);
        Ok(())
    };
    recreator.push(plain, &mut out).ok()?;
    let events = recreator.finish(&mut out).ok()?.finish();
    let mut writer = crate::wire::Writer::default();
    parameters.write(&mut writer);
    writer.raw(&events);
    Some((writer.bytes, stream))
}

/// What the decisions of the first plain bytes of a stream cost by itself, in 1/256 bit; something above `limit` if it is more
/// than that.
#[cfg(feature = "encode")]
#[must_use]
pub fn estimate(plain: &[u8], parsed: &Parsed, parameters: &Parameters, limit: u64) -> u64 {
    let script = Script::new(parsed, plain.len() as u32, parameters, None, &[]);
    let coder = CostMeter::default();
    let mut recreator = Recreator::new(coder, *parameters, parsed.plain, u32::MAX, None, Some(script));
    for part in plain.chunks(PART) {
        if recreator.push(part, &mut |_| Ok(())).is_err() {
            return u64::MAX;
        }
        if recreator.coder.total() > limit {
            break;
        }
    }
    recreator.coder.total()
}

/// How many blocks do not end where they are expected to.
#[cfg(feature = "encode")]
#[must_use]
pub fn misses(parsed: &Parsed, parameters: &Parameters) -> usize {
    Script::new(parsed, parsed.plain, parameters, None, &[]).misses()
}
