//! How long it takes to make a package, proof included.

use bench_suite::pair::Pair;
use bench_suite::{classic, smidgen};
use criterion::Criterion;
use diff_core::{CodecChoice, Silent, diff_bsdiff40};

pub(crate) fn bench(criterion: &mut Criterion, pair: &Pair) {
    let mut group = crate::group(criterion, "encode", pair, pair.new.len());
    group.bench_function("cm", |bencher| bencher.iter(|| smidgen::diff(pair, CodecChoice::Cm)));
    group.bench_function("zstd", |bencher| bencher.iter(|| smidgen::diff(pair, CodecChoice::Zstd)));
    group.bench_function("bsdiff40", |bencher| {
        bencher.iter(|| diff_bsdiff40(&pair.old, &pair.new, &Silent).expect("a patch"));
    });
    group.bench_function("bsdiff+bzip2", |bencher| bencher.iter(|| classic::diff(pair)));
    group.finish();
}
