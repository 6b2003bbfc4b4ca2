//! What cases cost: processor time and heap, and a watch over those that would take all of either.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The heap, counted.
pub struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);
/// A case that takes more heap than this is taken for one that takes all.
static LIMIT: AtomicUsize = AtomicUsize::new(2 << 30);
/// Ends the program in the middle of a case.
pub static GIVE_UP: OnceLock<fn(&str) -> !> = OnceLock::new();

fn count(bytes: usize) {
    let held = HELD.fetch_add(bytes, Relaxed) + bytes;
    MOST.fetch_max(held, Relaxed);
    if held > LIMIT.load(Relaxed) {
        LIMIT.store(usize::MAX, Relaxed);
        if let Some(give_up) = GIVE_UP.get() {
            give_up("takes all memory");
        }
    }
}

// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both may be there while bytes are moved.
        count(size);
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { System.realloc(place, layout, size) }
    }
}

/// What some work took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Processor time of all threads.
    pub time: Duration,
    /// The most heap, without what was held before.
    pub heap: usize,
}

/// Does some work, and measures what it took.
pub fn cost<R>(work: impl FnOnce() -> R) -> (R, Cost) {
    let now = || {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    };
    let (before, held) = (now(), HELD.load(Relaxed));
    MOST.store(held, Relaxed);
    let result = work();
    (result, Cost { time: now() - before, heap: MOST.load(Relaxed) - held })
}

/// The largest figure, and the case that it is of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Worst {
    pub figure: f64,
    pub case: u64,
}

/// What came of the cases of an attack.
#[derive(Debug, Default)]
pub struct Tally {
    /// The case that is being tried.
    pub case: u64,
    pub cases: u64,
    pub mutations: u64,
    pub cuts: u64,
    pub geometries: BTreeSet<String>,
    pub outcomes: BTreeMap<String, u64>,
    /// Seconds of one case's longest call.
    pub longest: Worst,
    /// Microseconds for each byte that came out, or of input where that says so.
    pub per_byte: Worst,
    /// Bytes of memory for each that was stated.
    pub memory: Worst,
    pub failed: u64,
}

/// Where so little comes out, what is done once would count for too much.
const LEAST_OUTPUT: u64 = 4096;

impl Tally {
    pub fn saw(&mut self, outcome: impl Into<String>) {
        *self.outcomes.entry(outcome.into()).or_default() += 1;
    }

    /// Records the time that a number of bytes took.
    pub fn took(&mut self, cost: Cost, bytes: u64) {
        let seconds = cost.time.as_secs_f64();
        raise(&mut self.longest, seconds, self.case);
        if bytes >= LEAST_OUTPUT {
            raise(&mut self.per_byte, seconds * 1e6 / bytes as f64, self.case);
        }
    }

    /// Takes note of memory, in bytes.
    pub fn held(&mut self, taken: u64, stated: u64) {
        raise(&mut self.memory, taken as f64 / stated as f64, self.case);
    }
}

fn raise(worst: &mut Worst, figure: f64, case: u64) {
    if figure > worst.figure {
        *worst = Worst { figure, case };
    }
}
