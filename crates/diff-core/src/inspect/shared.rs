//! Codec `zstd`: what a part of the body costs is divided among the bytes that it makes.

use smidgen_patch::internals::apply::ZstdBody;
use smidgen_patch::{Error, Header};

use super::memory::{Memory, Stretch};
use super::piece::{Cost, Origin, Piece};

/// Bytes of the body that are decoded at once. Most of the time nothing comes out, until a block of the stream is complete.
const PART: usize = 64;

/// Decodes a body, and passes on its pieces. What is left of the body's bytes is returned.
pub(super) fn trace<F: FnMut(&Piece)>(
    header: &Header,
    window_log: u8,
    body: &[u8],
    memory: &mut Memory<'_, F>,
) -> Result<f64, Error> {
    let mut decoder = ZstdBody::new(header, window_log)?;
    // Bytes of the body that nothing has come of yet.
    let mut open = 0;
    for part in body.chunks(PART) {
        let start = memory.target.len() as u32;
        decoder.push(part, memory)?;
        open += part.len();
        if memory.target.len() as u32 > start {
            pass_on(start, std::mem::take(&mut open) as f64, memory);
        }
    }
    decoder.finish()?;
    Ok(open as f64)
}

/// Passes on what has been written from `start` on, and cost so many bytes together.
fn pass_on<F: FnMut(&Piece)>(start: u32, cost: f64, memory: &mut Memory<'_, F>) {
    let end = memory.target.len() as u32;
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut at = start;
    while at < end {
        let stretch = memory.stretch(at..end);
        at = stretch.end;
        stretches.push(stretch);
    }
    let mut coded = 0u64;
    let count = |piece: Piece| coded += u64::from(if is_coded(&piece) { piece.length } else { 0 });
    divide(memory, &stretches, count);
    let share = |piece: &Piece| match coded {
        0 => cost * f64::from(piece.length) / f64::from(end - start),
        coded if is_coded(piece) => cost * f64::from(piece.length) / coded as f64,
        _ => 0.0,
    };
    let mut pieces = Vec::new();
    divide(memory, &stretches, |piece| pieces.push(piece));
    for mut piece in pieces {
        let cost = share(&piece);
        piece.cost = match piece.origin {
            Origin::New => Cost { literals: cost, ..Cost::default() },
            Origin::Changed => Cost { changed: cost, ..Cost::default() },
            _ => Cost { unchanged: cost, ..Cost::default() },
        };
        (memory.receive)(&piece);
    }
}

fn divide<F: FnMut(&Piece)>(memory: &Memory<'_, F>, stretches: &[Stretch], mut take: impl FnMut(Piece)) {
    stretches.iter().for_each(|stretch| memory.divide(stretch, true, &mut take));
}

/// Whether its bytes are in the stream, not only zeros in their place.
fn is_coded(piece: &Piece) -> bool {
    matches!(piece.origin, Origin::New | Origin::Changed)
}
