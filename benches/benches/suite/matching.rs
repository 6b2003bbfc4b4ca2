//! How long it takes to find what both images share.

use std::hint::black_box;

use bench_suite::classic;
use bench_suite::pair::Pair;
use criterion::Criterion;
use diff_core::search::{CoverOptions, Index, find_covers};

pub(crate) fn bench(criterion: &mut Criterion, pair: &Pair) {
    let mut group = crate::group(criterion, "matching", pair);
    group.bench_function("index", |bencher| {
        bencher.iter(|| black_box(Index::build(&pair.old).expect("an index")));
    });
    let index = Index::build(&pair.old).expect("an index");
    group.bench_function("covers", |bencher| {
        bencher.iter(|| find_covers(&index, &pair.new, &CoverOptions::default()));
    });
    group.bench_function("bsdiff", |bencher| bencher.iter(|| classic::search(pair)));
    group.finish();
}
