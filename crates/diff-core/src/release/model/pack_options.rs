//! How much of a release is packed, and how much at once: options by name.

use crate::release::model::Shard;
use crate::settings::{ValueError, parse_number, parse_size, put_parsed, setters, settings};

/// The limit of threads: more than any machine has cores.
const THREAD_LIMIT: usize = 1024;

/// How much of a release is packed, and how much at once.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PackOptions {
    /// Threads; 0 uses all cores.
    pub threads: usize,
    /// Packages that are made at once; 0 makes as many as there are threads.
    pub jobs: usize,
    /// Bytes of memory for all packages that are made at once, by [`memory_needed`](crate::release::memory_needed).
    pub memory: Option<u64>,
    /// The share of the packages to make.
    pub shard: Shard,
    /// Makes packages of earlier runs anew.
    pub fresh: bool,
    /// Replaces the release of another product, module, version or image in the folder, and removes packages that an earlier
    /// run left there and that are no part of the release. Only for whole releases.
    pub replace: bool,
}

impl Default for PackOptions {
    fn default() -> Self {
        Self { threads: 0, jobs: 0, memory: None, shard: Shard::WHOLE, fresh: false, replace: false }
    }
}

setters!(PackOptions {
    with_threads: threads: usize,
    with_jobs: jobs: usize,
    with_memory: memory: Option<u64>,
    with_shard: shard: Shard,
    with_fresh: fresh: bool,
    with_replace: replace: bool,
});

settings! {
    PackOptions, None;
    "jobs" "N": "Packages to make at once; 0 makes as many as there are threads [default: 0]",
        |options, text| put_parsed(&mut options.jobs, parse_count(text));
    "memory" "SIZE": "Memory for all packages that are made at once, such as 4G: fewer are made at once",
        |options, text| put_parsed(&mut options.memory, parse_size(text).map(Some));
    "threads" "N": "Threads to use; 0 uses all cores. Packages are the same with any number [default: 0]",
        |options, text| put_parsed(&mut options.threads, parse_count(text));
}

fn parse_count(text: &str) -> Result<usize, ValueError> {
    let expected = || ValueError(format!("expected a number from 0 to {THREAD_LIMIT}"));
    parse_number(text, "").ok().filter(|&count| count <= THREAD_LIMIT).ok_or_else(expected)
}
