//! Times of Smidgen beside the classic bsdiff, on the same pairs in the same run.

use std::hint::black_box;
use std::time::Duration;

use bench_suite::clock::time_of;
use bench_suite::pair::{self, Pair};
use bench_suite::{classic, smidgen};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use smidgen_diff::internals::{Index, SearchOptions, find_matches};
use smidgen_diff::{CodecChoice, Silent, Stage, bsdiff40, diff_bsdiff40};

/// The packages of a pair, made once: restores start from them.
struct Packages {
    cm: Vec<u8>,
    zstd: Vec<u8>,
    bsdiff40: Vec<u8>,
    bsdiff_bzip2: Vec<u8>,
}

fn main() {
    // Few samples: one package of a large pair takes seconds.
    let criterion = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(200));
    let mut criterion = criterion.measurement_time(Duration::from_secs(1)).configure_from_args();
    let pairs: Vec<(Pair, Packages)> = pair::all().into_iter().map(packed).collect();
    for (pair, packages) in &pairs {
        index(&mut criterion, pair);
        find(&mut criterion, pair);
        cover(&mut criterion, pair);
        encode(&mut criterion, pair);
        decode(&mut criterion, pair, packages);
    }
    criterion.final_summary();
}

fn packed(pair: Pair) -> (Pair, Packages) {
    let packages = Packages {
        cm: smidgen::diff(&pair, CodecChoice::Cm),
        zstd: smidgen::diff(&pair, CodecChoice::Zstd),
        bsdiff40: diff_bsdiff40(&pair.old, &pair.new, &Silent).expect("a patch"),
        bsdiff_bzip2: classic::diff(&pair.old, &pair.new),
    };
    (pair, packages)
}

/// A group whose throughput is in bytes of the image that is worked on.
fn group<'c>(
    criterion: &'c mut Criterion,
    work: &str,
    pair: &Pair,
    image: &[u8],
) -> BenchmarkGroup<'c, WallTime> {
    let mut group = criterion.benchmark_group(format!("{work}/{}", pair.name));
    group.throughput(Throughput::Bytes(image.len() as u64));
    group
}

/// How long it takes to build the index of an old image.
fn index(criterion: &mut Criterion, pair: &Pair) {
    let mut group = group(criterion, "index", pair, &pair.old);
    group.bench_function("suffix-array", |bencher| {
        bencher.iter(|| black_box(Index::build(&pair.old).expect("an index")));
    });
}

/// How long it takes to find what both images share, with the index at hand and for the classic bsdiff without.
fn find(criterion: &mut Criterion, pair: &Pair) {
    let mut group = group(criterion, "match", pair, &pair.new);
    let index = Index::build(&pair.old).expect("an index");
    group.bench_function("matches", |bencher| {
        bencher.iter(|| find_matches(&index, &pair.new, &SearchOptions::default()));
    });
    group.bench_function("bsdiff", |bencher| bencher.iter(|| classic::search(pair)));
}

/// How long it takes to decide what is copied from where: masks, search, parsing of gaps, kinds of pages.
///
/// The parts are the engine's own affair. So the clock runs while the engine says that it is in this stage.
fn cover(criterion: &mut Criterion, pair: &Pair) {
    let mut group = group(criterion, "cover", pair, &pair.new);
    group.bench_function("plan", |bencher| {
        bencher.iter_custom(|count| (0..count).map(|_| time_of(Stage::Search, pair)).sum());
    });
}

/// How long it takes to make a package, proof included.
fn encode(criterion: &mut Criterion, pair: &Pair) {
    let mut group = group(criterion, "encode", pair, &pair.new);
    group.bench_function("cm", |bencher| bencher.iter(|| smidgen::diff(pair, CodecChoice::Cm)));
    group.bench_function("zstd", |bencher| bencher.iter(|| smidgen::diff(pair, CodecChoice::Zstd)));
    group.bench_function("bsdiff40", |bencher| {
        bencher.iter(|| diff_bsdiff40(&pair.old, &pair.new, &Silent).expect("a patch"));
    });
    group.bench_function("bsdiff+bzip2", |bencher| bencher.iter(|| classic::diff(&pair.old, &pair.new)));
}

/// How long it takes to restore an image.
fn decode(criterion: &mut Criterion, pair: &Pair, packages: &Packages) {
    let (old, size) = (&pair.old, pair.new.len() as u64);
    assert!(classic::patch(old, &packages.bsdiff_bzip2) == pair.new, "the classic bsdiff must be right too");
    let mut group = group(criterion, "decode", pair, &pair.new);
    for (name, package) in [("cm", &packages.cm), ("zstd", &packages.zstd)] {
        let restore = || smidgen::patch(old, package).expect("a sound package");
        group.bench_function(name, |bencher| bencher.iter(restore));
    }
    group.bench_function("bsdiff40", |bencher| {
        bencher.iter(|| bsdiff40::decode(old, &packages.bsdiff40, size).expect("a sound patch"));
    });
    group.bench_function("bsdiff+bzip2", |bencher| {
        bencher.iter(|| classic::patch(old, &packages.bsdiff_bzip2))
    });
}
