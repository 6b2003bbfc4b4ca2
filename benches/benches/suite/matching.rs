//! How long it takes to find what both images share, with the index at hand and for the classic bsdiff without.

use bench_suite::classic;
use bench_suite::pair::Pair;
use criterion::Criterion;
use diff_core::search::{Index, SearchOptions, find_matches};

pub(crate) fn bench(criterion: &mut Criterion, pair: &Pair) {
    let mut group = crate::group(criterion, "match", pair, pair.new.len());
    let index = Index::build(&pair.old).expect("an index");
    group.bench_function("covers", |bencher| {
        bencher.iter(|| find_matches(&index, &pair.new, &SearchOptions::default()));
    });
    group.bench_function("bsdiff", |bencher| bencher.iter(|| classic::search(pair)));
    group.finish();
}
