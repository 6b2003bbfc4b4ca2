//! Writes BSDIFF40 patches from covers.

use std::io::Write;

use bzip2::Compression;
use bzip2::write::BzEncoder;

use super::error::{Block, Bsdiff40Error};
use super::header::{Header, integer_bytes};
use crate::search::Match;

/// What one control entry stands for.
#[derive(Debug)]
struct Step<'a> {
    /// Bytes of the base that the diff block's are added to.
    base: &'a [u8],
    /// What the sums are; as many.
    sums: &'a [u8],
    /// The bytes of the target after these, that the extra block has.
    extra: &'a [u8],
    /// From the end of `base` to the next step's, in bytes of the base.
    seek: i64,
}

/// A checked cover, with room for any sum of its fields.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    target_start: usize,
    target_end: usize,
    base_start: usize,
    base_end: usize,
}

/// Makes the patch that turns `base` into `target`.
///
/// Bytes of `target` in a cover are stored as differences to `base`, the others as they are. The result depends on the
/// arguments only.
///
/// # Errors
/// Covers that are not in ascending `target_start`, overlap in `target` or leave an image.
pub fn encode(base: &[u8], target: &[u8], covers: &[Match]) -> Result<Vec<u8>, Bsdiff40Error> {
    let steps = steps(base, target, &spans(base, target, covers)?);
    let (diff, (control, extra)) = rayon::join(
        || compress(Block::Diff, &diff_bytes(&steps)),
        || {
            rayon::join(
                || compress(Block::Control, &control_bytes(&steps)),
                || compress(Block::Extra, &extra_bytes(&steps)),
            )
        },
    );
    let (control, diff, extra) = (control?, diff?, extra?);
    let header =
        Header { control: control.len() as u64, diff: diff.len() as u64, target: target.len() as u64 };
    Ok([&header.to_bytes()[..], &control, &diff, &extra].concat())
}

/// Checks the covers and leaves out the empty ones, which would make control entries without effect.
fn spans(base: &[u8], target: &[u8], covers: &[Match]) -> Result<Vec<Span>, Bsdiff40Error> {
    let mut spans = Vec::with_capacity(covers.len());
    let mut end = 0;
    for (index, cover) in covers.iter().enumerate() {
        let span = span(cover).ok_or(Bsdiff40Error::CoverBounds(index))?;
        if span.target_end > target.len() || span.base_end > base.len() {
            return Err(Bsdiff40Error::CoverBounds(index));
        }
        if span.target_start < end {
            return Err(Bsdiff40Error::CoverOrder(index));
        }
        end = span.target_end;
        spans.push(span);
    }
    spans.retain(|span| span.target_start < span.target_end);
    Ok(spans)
}

/// Nothing if an end is beyond what this machine can address.
fn span(cover: &Match) -> Option<Span> {
    let [target_start, base_start, length] =
        [cover.target_start, cover.base_start, cover.length].map(|n| n as usize);
    let (target_end, base_end) = (target_start.checked_add(length)?, base_start.checked_add(length)?);
    Some(Span { target_start, target_end, base_start, base_end })
}

/// A restore starts at the first byte of both images, hence with an empty span there.
fn steps<'a>(base: &'a [u8], target: &'a [u8], spans: &[Span]) -> Vec<Step<'a>> {
    let last = spans.last().copied().unwrap_or_default();
    let end = Span {
        target_start: target.len(),
        target_end: target.len(),
        base_start: last.base_end,
        base_end: last.base_end,
    };
    let starts = [Span::default()].into_iter().chain(spans.iter().copied());
    let nexts = spans.iter().copied().chain([end]);
    starts.zip(nexts).map(|(span, next)| step(base, target, span, next)).filter(Step::has_effect).collect()
}

fn step<'a>(base: &'a [u8], target: &'a [u8], span: Span, next: Span) -> Step<'a> {
    Step {
        base: &base[span.base_start..span.base_end],
        sums: &target[span.target_start..span.target_end],
        extra: &target[span.target_end..next.target_start],
        // No slice is longer than `i64::MAX` bytes, so neither conversion nor difference can wrap.
        seek: next.base_start as i64 - span.base_end as i64,
    }
}

fn control_bytes(steps: &[Step<'_>]) -> Vec<u8> {
    let entry = |step: &Step<'_>| [step.sums.len() as i64, step.extra.len() as i64, step.seek];
    steps.iter().flat_map(entry).flat_map(integer_bytes).collect()
}

fn diff_bytes(steps: &[Step<'_>]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(steps.iter().map(|step| step.sums.len()).sum());
    for step in steps {
        bytes.extend(step.sums.iter().zip(step.base).map(|(sum, base)| sum.wrapping_sub(*base)));
    }
    bytes
}

fn extra_bytes(steps: &[Step<'_>]) -> Vec<u8> {
    let extras: Vec<&[u8]> = steps.iter().map(|step| step.extra).collect();
    extras.concat()
}

fn compress(block: Block, bytes: &[u8]) -> Result<Vec<u8>, Bsdiff40Error> {
    let mut encoder = BzEncoder::new(Vec::new(), Compression::best());
    let result = encoder.write_all(bytes).and_then(|()| encoder.finish());
    result.map_err(|error| Bsdiff40Error::Compression(block, error.to_string()))
}

impl Step<'_> {
    fn has_effect(&self) -> bool {
        !self.sums.is_empty() || !self.extra.is_empty() || self.seek != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &[u8] = b"abcdefghij";
    const NEW: &[u8] = b"XXfghYabc";

    fn cover(target_start: u32, base_start: u32, length: u32) -> Match {
        Match { target_start, base_start, length }
    }

    type Entry = (usize, usize, i64);

    /// The control entries, and the uncompressed diff and extra blocks.
    fn plan(base: &[u8], target: &[u8], covers: &[Match]) -> (Vec<Entry>, Vec<u8>, Vec<u8>) {
        let steps = steps(base, target, &spans(base, target, covers).unwrap());
        let entries = steps.iter().map(|step| (step.sums.len(), step.extra.len(), step.seek)).collect();
        (entries, diff_bytes(&steps), extra_bytes(&steps))
    }

    #[test]
    fn covers_become_control_entries() {
        let (entries, diff, extra) = plan(OLD, NEW, &[cover(2, 5, 3), cover(6, 0, 3)]);
        assert_eq!(entries, [(0, 2, 5), (3, 1, -8), (3, 0, 0)]);
        assert_eq!(diff, [0; 6]);
        assert_eq!(extra, b"XXY");
    }

    #[test]
    fn differences_wrap_around() {
        let (entries, diff, extra) = plan(&[250, 5], &[4, 250], &[cover(0, 0, 2)]);
        assert_eq!(entries, [(2, 0, 0)]);
        assert_eq!(diff, [10, 245]);
        assert!(extra.is_empty());
    }

    #[test]
    fn without_covers_everything_is_extra() {
        assert_eq!(plan(OLD, NEW, &[]), (vec![(0, 9, 0)], vec![], NEW.to_vec()));
        assert_eq!(plan(OLD, &[], &[]), (vec![], vec![], vec![]));
    }

    #[test]
    fn empty_covers_have_no_effect() {
        assert_eq!(plan(OLD, &[], &[cover(0, 5, 0)]), plan(OLD, &[], &[]));
        let covers = [cover(1, 9, 0), cover(2, 5, 3), cover(5, 2, 0)];
        assert_eq!(plan(OLD, NEW, &covers), plan(OLD, NEW, &covers[1..2]));
    }

    #[test]
    fn control_entries_are_sign_and_magnitude() {
        let steps = [Step { base: &[1, 2], sums: &[3, 4], extra: &[5], seek: -6 }];
        let fields = [[2, 0, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0], [6, 0, 0, 0, 0, 0, 0, 0x80]];
        assert_eq!(control_bytes(&steps), fields.concat());
    }

    #[test]
    fn wrong_covers_are_refused() {
        let refused = |covers: &[Match]| encode(OLD, NEW, covers).unwrap_err();
        assert_eq!(refused(&[cover(0, 0, 3), cover(2, 5, 3)]), Bsdiff40Error::CoverOrder(1));
        assert_eq!(refused(&[cover(6, 0, 3), cover(0, 5, 3)]), Bsdiff40Error::CoverOrder(1));
        assert_eq!(refused(&[cover(7, 0, 3)]), Bsdiff40Error::CoverBounds(0));
        assert_eq!(refused(&[cover(0, 8, 3)]), Bsdiff40Error::CoverBounds(0));
        assert_eq!(refused(&[cover(u32::MAX, u32::MAX, u32::MAX)]), Bsdiff40Error::CoverBounds(0));
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let target: Vec<u8> = (0..100_000u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect();
        let base: Vec<u8> = target.iter().rev().copied().collect();
        let covers: Vec<Match> = (0..100).map(|i| cover(i * 1000, (i * 7919) % 90_000, 900)).collect();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| encode(&base, &target, &covers).unwrap())
        };
        assert!(run(1) == run(2));
    }
}
