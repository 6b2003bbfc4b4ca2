//! What the bytes of a finished package are spent on: it is decoded, and costs are added up, or placed in the target.

mod classic;
mod exact;
mod memory;
mod piece;
mod shared;

pub use classic::trace_bsdiff40;
pub use piece::{Cost, Origin, Piece, Source};

use smidgen_patch::container::Opened;
use smidgen_patch::header::Codec;
use smidgen_patch::internals::wire::Lanes;
use smidgen_patch::{Error, Header, SoftwareSha256};

use crate::api::Report;
use crate::container::expand_all;
use memory::Memory;

/// Decodes a package and reports what it consists of; `base` must be its base image.
///
/// Digests are not checked: that is [`smidgen_patch::Patcher`]'s work.
///
/// # Errors
/// A package that is damaged, or made for another base.
pub fn inspect(base: &[u8], package: &[u8]) -> Result<Report, Error> {
    trace(base, package, |_| {}).map(|trace| trace.report)
}

/// A package that was decoded piece by piece.
///
/// Its bytes are `header`, `recipes`, the costs of all pieces, and `unplaced`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Trace {
    /// What the body consists of.
    pub report: Report,
    /// What the pieces make: the target, or its expanded form.
    pub target: Vec<u8>,
    /// Whether that is the expanded form of a target with compressed streams.
    pub is_expanded: bool,
    /// Whether costs are estimates: codec `zstd` states only what each 128 KiB or so of its stream cost, which is divided
    /// among the bytes that differ from the base; BSDIFF40, what all of a sort cost.
    pub is_estimated: bool,
    /// Bytes of the header, with signatures.
    pub header: u64,
    /// Bytes of the recipes by which streams are made again.
    pub recipes: u64,
    /// Bytes of the body that belong to no piece: the end of the code, and landmarks that no cover agreed with.
    pub unplaced: f64,
}

/// Decodes a package, and passes on where each byte of its target comes from and what it costs; `base` must be its base
/// image.
///
/// Pieces arrive in the order of the target, without gaps. Digests are not checked: that is
/// [`smidgen_patch::Patcher`]'s work.
///
/// # Errors
/// A package that is damaged, or made for another base.
pub fn trace(base: &[u8], package: &[u8], receive: impl FnMut(&Piece)) -> Result<Trace, Error> {
    let (header, extensions, length) = Header::parse_extended(package)?;
    if base.len() != header.base_size as usize {
        return Err(Error::BaseSize);
    }
    let mut trace = match Opened::new::<SoftwareSha256>(package)? {
        Some(opened) => {
            let expanded = expand_all(base, &opened.base, opened.record.base_size).ok_or(Error::Corrupt)?;
            let trace = trace_body(&expanded, (&opened.inner, &opened.lanes), opened.body, receive)?;
            Trace { is_expanded: true, recipes: opened.record.recipe_size.into(), ..trace }
        }
        None => {
            let lanes = Lanes::read(extensions.lanes, &header)?;
            trace_body(base, (&header, &lanes), package.get(length..).unwrap_or(&[]), receive)?
        }
    };
    trace.header = package.len().saturating_sub(header.body_length as usize) as u64;
    Ok(trace)
}

fn trace_body(
    base: &[u8],
    (header, lanes): (&Header, &Lanes),
    body: &[u8],
    receive: impl FnMut(&Piece),
) -> Result<Trace, Error> {
    let block = header.codec.models().map_or(1, |(_, tuning)| 1 << (tuning.block_log & 7));
    let mut memory = Memory::new(base, block, receive);
    let (is_estimated, unplaced) = match header.codec {
        Codec::Cm { .. } | Codec::Lite { .. } => (false, exact::trace((header, lanes), body, &mut memory)?),
        Codec::Zstd { window_log } => (true, shared::trace(header, window_log, body, &mut memory)?),
    };
    let Memory { report, target, .. } = memory;
    Ok(Trace { report, target, is_expanded: false, is_estimated, header: 0, recipes: 0, unplaced })
}
