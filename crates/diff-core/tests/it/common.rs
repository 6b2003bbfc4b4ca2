//! Restoring packages like a device, and what several tests share.

use std::fs;

use smidgen_diff::internals::{Index, SearchOptions, find_matches};
use smidgen_diff::{Options, Package, Ram, Silent, diff, inspect};
use smidgen_patch::container::{self, Opened};
use smidgen_patch::internals::apply::{self, Cover};
use smidgen_patch::internals::container::Level;
use smidgen_patch::{Error, Extensions, Header, Patcher, SliceTarget, SoftwareSha256};
use testkit::archives::{changed, gzip, text};
use testkit::{Random, with_workspace};

use crate::trace::trace_adds_up;

/// How a package arrives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pieces {
    Whole,
    Bytes,
    /// Of this many bytes.
    Of(usize),
    /// Of up to 300 bytes, some of none.
    Random(u64),
}

impl Pieces {
    fn cut(self, mut package: &[u8]) -> Vec<&[u8]> {
        match self {
            Self::Whole => vec![package],
            Self::Bytes => package.chunks(1).collect(),
            Self::Of(bytes) => package.chunks(bytes).collect(),
            Self::Random(seed) => {
                let mut random = Random::new(seed);
                let mut pieces = Vec::new();
                while !package.is_empty() {
                    let (piece, rest) = package.split_at(package.len().min(random.below(301) as usize));
                    pieces.push(piece);
                    package = rest;
                }
                pieces
            }
        }
    }
}

/// The package with this instead of its header.
pub(crate) fn with_header(package: &[u8], change: impl FnOnce(&mut Header, &mut Extensions<'_>)) -> Vec<u8> {
    let (mut header, mut extensions, length) = Header::parse_extended(package).unwrap();
    change(&mut header, &mut extensions);
    [header.to_bytes_with(&extensions), package[length..].to_vec()].concat()
}

/// What a device makes of a package, with the workspace that it is given.
pub(crate) fn restore_in(
    workspace: &mut [u8],
    base: &[u8],
    package: &[u8],
    pieces: Pieces,
) -> Result<Vec<u8>, Error> {
    let (header, _) = Header::parse(package)?;
    let mut slot = vec![0xFF; header.target_size as usize];
    let mut patcher = Patcher::new(workspace, base, SliceTarget::new(&mut slot));
    for piece in pieces.cut(package) {
        patcher.push(piece)?;
    }
    patcher.finish()?;
    Ok(slot)
}

/// What a device with exactly the memory that the header states makes of a package.
pub(crate) fn restore(base: &[u8], package: &[u8], pieces: Pieces) -> Result<Vec<u8>, Error> {
    let (header, _) = Header::parse(package)?;
    with_workspace(header.ram as usize, 0, |workspace| restore_in(workspace, base, package, pieces))
}

/// Makes a package, restores it in all kinds of pieces, and checks what its header and its report say.
pub(crate) fn round_trip(old: &[u8], new: &[u8], options: &Options) -> Package {
    let package = diff(old, new, options, &Silent).unwrap();
    for pieces in [Pieces::Whole, Pieces::Bytes, Pieces::Random(new.len() as u64)] {
        let restored = restore(old, &package.bytes, pieces);
        assert!(restored.as_deref() == Ok(new), "{pieces:?}, {options:?}: {:?}", restored.err());
    }
    let (header, length) = Header::parse(&package.bytes).unwrap();
    assert_eq!(header, package.header);
    assert_eq!(header.body_length as usize, package.bytes.len() - length);
    if let Ram::Bytes(budget) = options.ram {
        assert!(u64::from(header.ram) <= budget, "{} of {budget} bytes", header.ram);
    }
    assert_eq!(inspect(old, &package.bytes).as_ref(), Ok(&package.report));
    assert_eq!(covered(&package), new.len() as u64);
    trace_adds_up(old, new, &package);
    package
}

/// The bytes of the target that a report accounts for.
fn covered(package: &Package) -> u64 {
    package.report.literals + package.report.base_covered + package.report.target_covered
}

/// Whether a package has a body of events.
pub(crate) fn is_of_events(package: &Package) -> bool {
    package.header.codec.models().is_some()
}

/// Restores, compares, and returns the recipe of the target if the package is a container's.
pub(crate) fn check(old: &[u8], new: &[u8], package: &Package) -> Option<Level> {
    trace_adds_up(old, new, package);
    let Some(opened) = Opened::new::<SoftwareSha256>(&package.bytes).unwrap() else {
        assert!(restore(old, &package.bytes, Pieces::Whole).as_deref() == Ok(new));
        return None;
    };
    assert!(expand(&opened, old).as_deref() == Ok(new));
    Some(opened.target)
}

/// What an opened container makes of a base.
pub(crate) fn expand(opened: &Opened<'_>, base: &[u8]) -> Result<Vec<u8>, Error> {
    let mut target = vec![0; opened.header.target_size as usize];
    let slot = SliceTarget::new(&mut target);
    container::restore::<_, _, SoftwareSha256>(opened, base, slot, Vec::new(), Vec::new())?;
    Ok(target)
}

/// A gzip file of a text and one of a later version.
pub(crate) fn gzip_pair(seed: u64) -> (Vec<u8>, Vec<u8>) {
    (gzip(&text(seed)), gzip(&changed(text(seed))))
}

/// An image of 3000 bytes.
#[cfg(feature = "release")]
pub(crate) fn base() -> Vec<u8> {
    (0..3000u32).map(|at| (at * at / 7) as u8).collect()
}

/// A later version of [`base`].
#[cfg(feature = "release")]
pub(crate) fn target() -> Vec<u8> {
    [&base()[..1000], b"something new", &base()[1000..]].concat()
}

/// The search's covers, each with its place in `new`.
pub(crate) fn covers(old: &[u8], new: &[u8]) -> Vec<(u32, Cover)> {
    let options = SearchOptions { threshold: 4, ..SearchOptions::default() };
    let found = find_matches(&Index::build(old).unwrap(), new, &options);
    let cover = |start, length| Cover { source: apply::Source::Base, start, length };
    found.iter().map(|found| (found.target_start, cover(found.base_start, found.length))).collect()
}

/// Does work on `count` threads.
pub(crate) fn on_threads<T: Send>(count: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap().install(work)
}

/// Does work that must not take more than `seconds` seconds of one processor, however busy the machine is.
///
/// Only Linux reports the time of a thread; elsewhere the work only has to end.
pub(crate) fn within(seconds: u64, what: &str, work: impl FnOnce() + Send) {
    let time = || -> u64 {
        let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        stat.split(' ').next().and_then(|nanoseconds| nanoseconds.parse().ok()).unwrap_or(0)
    };
    let taken = on_threads(1, || {
        let before = time();
        work();
        time() - before
    });
    println!("{what}: {} ms", taken / 1_000_000);
    assert!(taken < seconds * 1_000_000_000, "{what} took {} ms", taken / 1_000_000);
}
