//! How long it takes to decide what is copied from where: masks, search, parsing of gaps, kinds of pages.
//!
//! The parts are the engine's own affair. So the clock runs while the engine says that it is in this stage.

use bench_suite::clock::time_of;
use bench_suite::pair::Pair;
use criterion::Criterion;
use diff_core::Stage;

pub(crate) fn bench(criterion: &mut Criterion, pair: &Pair) {
    let mut group = crate::group(criterion, "cover", pair, pair.new.len());
    group.bench_function("plan", |bencher| {
        bencher.iter_custom(|count| (0..count).map(|_| time_of(Stage::Search, pair)).sum());
    });
    group.finish();
}
