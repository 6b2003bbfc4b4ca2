//! How long it takes to restore an image.

use bench_suite::packages::Packages;
use bench_suite::pair::Pair;
use bench_suite::{classic, smidgen};
use criterion::Criterion;
use diff_core::bsdiff40;

pub(crate) fn bench(criterion: &mut Criterion, pair: &Pair, packages: &Packages) {
    let (old, size) = (&pair.old, pair.new.len() as u64);
    let Packages { cm, zstd, bsdiff40, bsdiff_bzip2: bsdiff, .. } = packages;
    assert!(classic::patch(old, bsdiff) == pair.new, "the classic bsdiff must be right too");
    let mut group = crate::group(criterion, "decode", pair, pair.new.len());
    group.bench_function("cm", |bencher| bencher.iter(|| smidgen::patch(old, cm)));
    group.bench_function("zstd", |bencher| bencher.iter(|| smidgen::patch(old, zstd)));
    group.bench_function("bsdiff40", |bencher| {
        bencher.iter(|| bsdiff40::decode(old, bsdiff40, size).expect("a sound patch"));
    });
    group.bench_function("bsdiff+bzip2", |bencher| bencher.iter(|| classic::patch(old, bsdiff)));
    group.finish();
}
