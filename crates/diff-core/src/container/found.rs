//! What was found in a file: streams, entries of zip, directories.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use smidgen_patch::internals::container::compressor::Compressor;
use smidgen_patch::internals::container::deflate::Parsed;
use smidgen_patch::internals::container::{Frame, Item, Kept, Level, Making, Side};

use super::sketch::Sketch;

/// How a stream is made again by itself.
#[derive(Debug)]
pub(super) struct Analysis {
    pub(super) making: Making,
    /// Its decisions; empty if its encoder is known.
    pub(super) parsed: Parsed,
}

#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// What surrounds the stream.
    pub(crate) frame: Frame,
    /// All of it, with what the frame foretells before and after the stream.
    pub(crate) extent: Range<usize>,
    /// The stream; empty if there is none.
    pub(crate) stream: Range<usize>,
    pub(crate) plain: usize,
    pub(crate) hash: u64,
    /// What is in the plain bytes.
    pub(crate) sketch: Sketch,
    /// What was found in them.
    pub(crate) inside: Vec<Found>,
    pub(crate) chosen: bool,
    /// How it is made again.
    pub(crate) making: Option<Making>,
    /// Its size, if a stream of the target follows it.
    pub(crate) kept: Option<Kept>,
    /// The compressor that makes it, if another than deflate's does: clones share it, as they share the analysis.
    pub(super) compressor: Arc<OnceLock<Option<Compressor>>>,
    /// The same where several packages lead to the file: clones share it.
    pub(super) analysis: Arc<OnceLock<Option<Analysis>>>,
}

impl Found {
    /// Something without a stream.
    pub(crate) fn plain(frame: Frame, extent: Range<usize>) -> Self {
        let stream = extent.end..extent.end;
        let sketch = Sketch::default();
        Self {
            frame,
            extent,
            stream,
            plain: 0,
            hash: 0,
            sketch,
            inside: vec![],
            chosen: false,
            making: None,
            kept: None,
            compressor: Arc::default(),
            analysis: Arc::default(),
        }
    }

    /// The frame that the recipe has: a stream that is not chosen stays in place.
    fn frame(&self) -> Option<Frame> {
        match self.frame {
            frame if !frame.has_stream() || self.chosen => Some(frame),
            // The directory repeats what its header says.
            Frame::Entry | Frame::Described => Some(Frame::Stored),
            _ => None,
        }
    }
}

pub(crate) fn level(found: &[Found], side: Side) -> Level {
    let mut end = 0;
    let mut items = Vec::new();
    for found in found {
        let Some(frame) = found.frame() else { continue };
        let gap = (found.extent.start - end) as u32;
        end = if frame == found.frame { found.extent.end } else { found.stream.start };
        let is_made = side == Side::Target && frame.has_stream();
        let making = if is_made { found.making.clone() } else { None };
        let kept = found.kept.filter(|_| side == Side::Base && frame.has_stream());
        let inside = if frame.has_stream() { level(&found.inside, side) } else { Level::default() };
        // The target is expanded too when its package is made.
        let is_block = matches!(frame, Frame::Compressed(Compressor::Lz4(_)));
        let packed = if is_block { found.stream.len() as u32 } else { 0 };
        items.push(Item { gap, frame, packed, kept, making, inside });
    }
    // Entries whose directory is the only thing that profits are not worth their place.
    if items.iter().all(|item| !item.frame.has_stream()) {
        items.clear();
    }
    Level { items }
}
