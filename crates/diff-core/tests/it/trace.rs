//! Where each byte of a target comes from, and what it costs.

use proptest::prelude::*;
use smidgen_diff::inspect::{Origin, Piece, Source, trace};
use smidgen_diff::{CodecChoice, Options, Package, Ram, Silent, diff};
use testkit::Program;

/// Checks that the pieces of a package make the target without gaps, are what they say, and cost all of its bytes.
pub(crate) fn trace_adds_up(old: &[u8], new: &[u8], package: &Package) {
    let (mut end, mut cost) = (0, 0.0);
    let mut pieces = Vec::new();
    let trace = trace(old, &package.bytes, |piece| {
        assert_eq!(piece.offset, end);
        assert!(piece.length > 0 && piece.cost.total() >= 0.0);
        end += piece.length;
        cost += piece.cost.total();
        pieces.push(*piece);
    })
    .unwrap();
    assert_eq!(end as usize, trace.target.len());
    assert_eq!(trace.report, package.report);
    let bytes = (trace.header + trace.recipes) as f64 + cost + trace.unplaced;
    assert!((bytes - package.bytes.len() as f64).abs() < 1e-3, "{bytes} of {}", package.bytes.len());
    // A body of nothing has nine bytes.
    assert!(trace.unplaced.abs() < 9.5, "{} of {}", trace.unplaced, package.bytes.len());
    if !trace.is_expanded {
        assert!(trace.target == new);
        pieces.iter().for_each(|piece| check_piece(old, new, piece));
    }
}

fn check_piece(old: &[u8], new: &[u8], piece: &Piece) {
    let made = &new[piece.offset as usize..][..piece.length as usize];
    let source = piece.source.map(|source| match source {
        Source::Base(from) => &old[from as usize..][..made.len()],
        Source::Target(from) => &new[from as usize..][..made.len()],
    });
    let is_same = piece.source == Some(Source::Base(piece.offset));
    let is_base = matches!(piece.source, Some(Source::Base(_)));
    assert!(
        match (piece.origin, source) {
            (Origin::New, source) => source.is_none(),
            (_, None) => false,
            (Origin::Same, Some(source)) => is_same && made == source,
            (Origin::Moved, Some(source)) => is_base && !is_same && made == source,
            (Origin::Repeat, Some(source)) => !is_base && made == source,
            (Origin::Predicted | Origin::Changed, Some(source)) =>
                made.iter().zip(source).all(|(a, b)| a != b),
        },
        "{piece:?}"
    );
}

/// A program, and a later version of it.
fn programs() -> (Vec<u8>, Vec<u8>) {
    let old = Program::new(80, 7);
    (old.link(), old.revised(9, 8).link())
}

#[test]
fn what_was_inserted_is_where_the_cost_is() {
    let (old, _) = programs();
    let inserted = testkit::noise(400, 256, 5);
    let new = [&old[..3000], &inserted, &old[3000..]].concat();
    let package = diff(&old, &new, &Options::default().with_ram(Ram::Bytes(16 << 10)), &Silent).unwrap();
    trace_adds_up(&old, &new, &package);
    let (mut there, mut all, mut same) = (0.0, 0.0, 0);
    trace(&old, &package.bytes, |piece| {
        all += piece.cost.total();
        there += if (2900..3500).contains(&piece.offset) { piece.cost.total() } else { 0.0 };
        same += if piece.origin == Origin::Same { piece.length } else { 0 };
    })
    .unwrap();
    assert!(there > 400.0 && there > 0.9 * all, "{there} of {all}");
    assert!((2900..3500).contains(&same), "{same}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn damaged_packages_are_errors_or_have_pieces_in_order(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), is_zstd: bool, is_container: bool,
    ) {
        let (old, new) = if is_container { crate::common::gzip_pair(3) } else { programs() };
        let codec = if is_zstd { CodecChoice::Zstd } else { CodecChoice::Cm };
        let options = Options::default().with_level(2).with_codec(codec);
        let mut package = diff(&old, &new, &options, &Silent).unwrap();
        let body = package.bytes.len() - package.header.body_length as usize;
        for (place, byte) in changes {
            let place = body + place.index(package.bytes.len() - body);
            package.bytes[place] ^= byte;
        }
        let mut end = 0;
        let traced = trace(&old, &package.bytes, |piece| {
            assert_eq!(piece.offset, end);
            end += piece.length;
        });
        if let Ok(traced) = traced {
            prop_assert_eq!(end as usize, traced.target.len());
        }
    }
}
