//! How long it takes to build the index of an old image; the rate is in bytes of it.

use std::hint::black_box;

use bench_suite::pair::Pair;
use criterion::Criterion;
use diff_core::search::Index;

pub(crate) fn bench(criterion: &mut Criterion, pair: &Pair) {
    let mut group = crate::group(criterion, "index", pair, pair.old.len());
    group.bench_function("suffix-array", |bencher| {
        bencher.iter(|| black_box(Index::build(&pair.old).expect("an index")));
    });
    group.finish();
}
