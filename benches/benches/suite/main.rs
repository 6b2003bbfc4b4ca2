//! Times and sizes of Smidgen beside the classic bsdiff, on the same pairs in the same run.

mod covering;
mod decoding;
mod encoding;
mod indexing;
mod matching;
mod sizes;

use std::time::Duration;

use bench_suite::packages::Packages;
use bench_suite::pair::{self, Pair};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};

fn main() {
    // Few samples: one package of a large pair takes seconds.
    let criterion = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(200));
    let mut criterion = criterion.measurement_time(Duration::from_secs(1)).configure_from_args();
    let packed = |pair| {
        let packages = Packages::new(&pair);
        (pair, packages)
    };
    let pairs: Vec<(Pair, Packages)> = pair::all().into_iter().map(packed).collect();
    sizes::print(&pairs);
    for (pair, packages) in &pairs {
        indexing::bench(&mut criterion, pair);
        matching::bench(&mut criterion, pair);
        covering::bench(&mut criterion, pair);
        encoding::bench(&mut criterion, pair);
        decoding::bench(&mut criterion, pair, packages);
    }
    criterion.final_summary();
}

/// A group whose throughput is in bytes of the image that is worked on.
fn group<'c>(
    criterion: &'c mut Criterion,
    work: &str,
    pair: &Pair,
    size: usize,
) -> BenchmarkGroup<'c, WallTime> {
    let mut group = criterion.benchmark_group(format!("{work}/{}", pair.name));
    group.throughput(Throughput::Bytes(size as u64));
    group
}
