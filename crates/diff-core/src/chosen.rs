//! The covers for one mask: found on the masked images, then chosen by price as the level wants it.

use patch_nostd::apply::{Cover, Source};

use crate::DiffError;
use crate::cover::{Matches, Piece, Prices, References, Repeats, choose, pieces, refine};
use crate::encode::Regions;
use crate::level::Choice;
use crate::pipeline::LARGE;
use crate::refs::Mask;
use crate::search::{CoverOptions, Equal, Index, find_covers_around};
use crate::subject::Subject;

/// Covers, and what they were chosen from.
pub(crate) struct Chosen {
    /// The covers in order of the new image, with where each begins there.
    pub(crate) covers: Vec<(u32, Cover)>,
    /// What further passes can choose from.
    pub(crate) pieces: Vec<Piece>,
}

impl Chosen {
    /// The covers of the images with references of `mask` masked out: `old` and `new`.
    pub(crate) fn new(
        subject: &Subject,
        (old, new): (&[u8], &[u8]),
        mask: Mask,
        repeats: Option<&Repeats>,
    ) -> Result<Self, DiffError> {
        let equal = Equal::find_in_large(old, new);
        // Beside masked copies of both images, there is not memory to sort more.
        let eighths = if std::ptr::eq(old, subject.old) { 8 } else { 5 };
        let index = Index::around(old, &equal, eighths)?;
        let found = find_covers_around(&index, new, &equal, &CoverOptions::default());
        let of_base = |start, length| Cover { source: Source::Base, start, length };
        let covers: Vec<(u32, Cover)> =
            found.iter().map(|cover| (cover.new_start, of_base(cover.old_start, cover.length))).collect();
        let matches = Matches { index: &index, masked: new, old: subject.old, new: subject.new, repeats };
        let large = old.len().max(new.len()) > LARGE;
        Ok(match subject.effort.choice {
            Choice::Search => Self { covers, pieces: Vec::new() },
            Choice::All(width) if !large => {
                let pieces = pieces(&matches, &covers, width);
                let images = (subject.old, subject.new);
                let regions = Regions::uniform(mask.kind());
                let references = References::new(images, subject.space, regions, &covers);
                let covers = choose(images, (&pieces, width.lanes), &Prices::default(), &references);
                Self { covers, pieces }
            }
            Choice::Gaps | Choice::All(_) => Self { covers: refine(&matches, &covers), pieces: Vec::new() },
        })
    }
}
