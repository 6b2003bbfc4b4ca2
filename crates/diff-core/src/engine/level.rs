//! What the levels 1 to 9 mean: how much effort goes into a package of codec `cm`; those of `zstd` are in `zstd.rs`.

use crate::cover::{Scale, Width};
use crate::limits::LARGE;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The search's covers stay as they are.
    Search,
    /// Only what lies between long covers is chosen by price.
    Gaps,
    /// All covers are chosen by price, from candidates so wide.
    All(Width),
}

/// The knobs of a level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Whether every plausible mask is tried, or only the most plausible.
    pub(crate) all_masks: bool,
    pub(crate) choice: Choice,
    /// Whether trial encodings cut the image into pages, up to the size of small images.
    pub(crate) pages: bool,
    /// Whether trial encodings tune the models, up to the size of images whose covers are chosen again.
    pub(crate) tuning: bool,
    /// How often covers are sought again in copies of the images with references translated, up to the size of small images.
    pub(crate) translations: usize,
    /// How often covers are chosen again by the prices learned from the last choice.
    pub(crate) passes: usize,
    /// Variations of the learned prices in each of these passes; the best is kept.
    pub(crate) scales: usize,
    /// The size up to which images have their covers chosen again, in bytes.
    pub(crate) again: usize,
    /// The size up to which images are small, in bytes.
    pub(crate) small: usize,
    /// The level whose package is taken if it is smaller: what is tried more may lead astray.
    pub(crate) below: Option<u8>,
}

const NARROW: Width = Width { reach: 16, lanes: 12, rivals: 1 };
const MIDDLE: Width = Width { reach: 64, lanes: 24, rivals: 4 };
const WIDE: Width = Width { reach: 256, lanes: 48, rivals: 8 };

/// Variations of learned prices, the one that is best on average first. What is changed in a cover is there because it
/// is cheap, so the same change elsewhere costs more than was observed.
pub(crate) const SCALES: [Scale; 6] = {
    let first = Scale { literals: 8, operations: 8, changes: 9 };
    [
        first,
        Scale { changes: 8, ..first },
        Scale { changes: 10, ..first },
        Scale { operations: 7, ..first },
        Scale { operations: 9, ..first },
        Scale { literals: 9, operations: 9, changes: 11 },
    ]
};

/// What each level does, from 1 on. Help and README show this table.
pub const LEVELS: [&str; 9] = [
    "covers as the search finds them, under the most plausible mask; no trial encodings",
    "what lies between long covers is chosen by price",
    "all covers are chosen by price",
    "covers from all plausible masks; kinds of pages chosen by trial encodings",
    "more candidates for covers; learning rates and the split of the memory chosen by trial encodings",
    "another search with references translated; covers chosen again, by prices learned from a trial encoding; images up to 8 MB",
    "again up to twice, with two variations of the prices each time; images up to 40 MiB",
    "again up to four times, with four variations and more candidates; images up to 2 MB count as small",
    "again up to eight times, with six variations; images up to 8 MB count as small",
];
/// The limits that [`LEVELS`] leaves out.
pub const LEVELS_NOTE: &str = "Several masks, translated references and the trial encodings of level 4 are for small images: up to 1 MiB, \
     unless the level says otherwise; those of level 5 are for images up to 8 MB, at level 7 up to 40 MiB. Of larger \
     ones than small, up to 40 MiB, level 6 seeks tables of numbers again, with their numbers translated. Levels 7 to 9 also make the package of the level below, and keep the smaller one. \
     With codec `zstd`, they stand for zstd's levels 3, 6, 9, 12, 15, 19, 20, 21 and 22; from level 6 on the \
     highest for up to 8 MiB.";

/// The least: one mask, the search's covers, no trial encoding.
const FASTEST: Effort = Effort {
    all_masks: false,
    choice: Choice::Search,
    pages: false,
    tuning: false,
    translations: 0,
    passes: 0,
    scales: 1,
    again: 8_000_000,
    small: 1 << 20,
    below: None,
};

/// The levels, from fast to smallest. Each has what the one before has, and more.
const EFFORTS: [Effort; 9] = {
    let gaps = Effort { choice: Choice::Gaps, ..FASTEST };
    let priced = Effort { choice: Choice::All(NARROW), ..gaps };
    let masks = Effort { all_masks: true, pages: true, ..priced };
    let tuned = Effort { choice: Choice::All(MIDDLE), tuning: true, ..masks };
    let learned = Effort { translations: 1, passes: 1, ..tuned };
    let varied = Effort { passes: 2, scales: 2, again: LARGE, below: Some(6), ..learned };
    let wide = Effort {
        choice: Choice::All(WIDE),
        passes: 4,
        scales: 4,
        small: 2_000_000,
        below: Some(7),
        ..varied
    };
    let all = Effort { passes: 8, scales: 6, small: 8_000_000, below: Some(8), ..wide };
    [FASTEST, gaps, priced, masks, tuned, learned, varied, wide, all]
};

impl Effort {
    /// The effort of a level; levels beyond the ends are the ends.
    pub(crate) const fn of(level: u8) -> Self {
        let index = if level == 0 { 0 } else { level as usize - 1 };
        EFFORTS[if index < EFFORTS.len() { index } else { EFFORTS.len() - 1 }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_level_does_less_than_the_one_before() {
        let width = |effort: &Effort| match effort.choice {
            Choice::Search => (0, 0),
            Choice::Gaps => (0, 1),
            Choice::All(width) => (width.reach, width.lanes),
        };
        for pair in EFFORTS.windows(2) {
            let (less, more) = (&pair[0], &pair[1]);
            assert!(width(less) <= width(more) && less.passes <= more.passes && less.small <= more.small);
            assert!(
                less.translations <= more.translations
                    && less.all_masks <= more.all_masks
                    && less.pages <= more.pages
            );
            assert!(less.again <= more.again && less.tuning <= more.tuning && less.scales <= more.scales);
        }
    }

    #[test]
    fn the_table_states_the_limits_of_each_level() {
        let size = |bytes: usize| {
            if bytes.is_multiple_of(1 << 20) {
                format!("{} MiB", bytes >> 20)
            } else {
                format!("{} MB", bytes / 1_000_000)
            }
        };
        assert!(LEVELS_NOTE.contains(&format!("small images: up to {}", size(FASTEST.small))));
        let [tuned, .., varied] = [5, 6, 7].map(Effort::of);
        let tuning = format!("images up to {}, at level 7 up to {}", size(tuned.again), size(varied.again));
        assert!(LEVELS_NOTE.contains(&tuning) && tuned.tuning);
        for (pair, text) in EFFORTS.windows(2).zip(&LEVELS[1..]) {
            let (less, more) = (&pair[0], &pair[1]);
            let again = more.passes > 0 && (more.again > less.again || less.passes == 0);
            assert_eq!(
                again,
                text.contains(&format!("images up to {}", size(more.again))) && !text.contains("count"),
                "{text}"
            );
            assert_eq!(
                more.small > less.small,
                text.contains(&format!("images up to {} count as small", size(more.small))),
                "{text}"
            );
        }
    }
}
