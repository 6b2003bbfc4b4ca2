//! How many bytes each way takes, printed once.

use bench_suite::packages::Packages;
use bench_suite::pair::Pair;

pub(crate) fn print(pairs: &[(Pair, Packages)]) {
    println!("Package sizes in bytes");
    println!(
        "{:<16} {:>10} {:>10} {:>10} {:>10} {:>13} {:>12}",
        "pair", "target", "cm", "zstd", "bsdiff40", "bsdiff+bzip2", "bsdiff+zstd"
    );
    for (pair, packages) in pairs {
        println!(
            "{:<16} {:>10} {:>10} {:>10} {:>10} {:>13} {:>12}",
            pair.name,
            pair.new.len(),
            packages.cm.len(),
            packages.zstd.len(),
            packages.bsdiff40.len(),
            packages.bsdiff_bzip2.len(),
            packages.bsdiff_zstd.len()
        );
    }
    println!();
}
