//! What was found in a file: streams, entries of zip, directories.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use smidgen_patch::internals::container::{Frame, Item, Level, Piece, Side};

use super::known::Made;
use super::sketch::Sketch;

/// How a stream is made again, if it can be.
#[derive(Debug)]
pub(super) struct Analysis {
    pub(super) pieces: Vec<Piece>,
    /// The pieces as they were made, if they were and are asked for.
    pub(super) made: Vec<Made>,
}

#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// What surrounds the stream.
    pub(crate) frame: Frame,
    /// All of it, with what the frame foretells before and after the stream.
    pub(crate) extent: Range<usize>,
    /// The deflate stream; empty if there is none.
    pub(crate) stream: Range<usize>,
    pub(crate) plain: usize,
    pub(crate) hash: u64,
    /// What is in the plain bytes.
    pub(crate) sketch: Sketch,
    /// What was found in them.
    pub(crate) inside: Vec<Found>,
    pub(crate) chosen: bool,
    /// How it is made again.
    pub(crate) pieces: Vec<Piece>,
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
            pieces: vec![],
            analysis: Arc::default(),
        }
    }

    /// The pieces of its stream that were made again, if it is chosen.
    pub(super) fn made(&self) -> &[Made] {
        let analysis = self.analysis.get().and_then(Option::as_ref).filter(|_| self.chosen);
        analysis.map_or(&[], |analysis| &analysis.made)
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
        let made = side == Side::Target && frame.has_stream();
        let pieces = if made { found.pieces.clone() } else { vec![] };
        let inside = if frame.has_stream() { level(&found.inside, side) } else { Level::default() };
        items.push(Item { gap, frame, pieces, inside });
    }
    // Entries whose directory is the only thing that profits are not worth their place.
    if items.iter().all(|item| !item.frame.has_stream()) {
        items.clear();
    }
    Level { items }
}
