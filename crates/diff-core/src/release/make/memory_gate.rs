//! Limits the packages that are made at once by the memory that they take.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes for each byte of the base, and on top of that and of both images: what `docs/design.md` promises.
const PER_BASE_BYTE: u64 = 6;
const FIXED: u64 = 64 << 20;
/// Images beyond this many bytes are searched in parts.
const LARGE: u64 = crate::limits::LARGE as u64;
/// More than promised: 52 MiB were measured of a file system of 144 MB whose files are expanded.
const EXPANDED: u64 = 128 << 20;

/// The most bytes of memory that making one package takes, from the sizes of both images: an estimate by measurements with
/// level 6 and two threads. Of a target that is larger than its base, the rest counts like a base.
#[must_use]
pub const fn memory_needed(base: u64, target: u64) -> u64 {
    let larger = if base > target { base } else { target };
    let more = if larger > LARGE { EXPANDED } else { 0 };
    let searched = if larger > LARGE { base } else { larger };
    PER_BASE_BYTE * searched + base + target + FIXED + more
}

/// Admits pieces of work while their memory fits a limit. One piece is always admitted, however large it is.
pub(crate) struct MemoryGate {
    limit: Option<u64>,
    taken: Mutex<Taken>,
    freed: Condvar,
}

#[derive(Default)]
struct Taken {
    pieces: usize,
    memory: u64,
}

/// An admitted piece of work; it ends when this is dropped.
pub(crate) struct Turn<'a> {
    gate: &'a MemoryGate,
    memory: u64,
}

impl MemoryGate {
    /// A gate for pieces that take at most `limit` bytes together.
    pub(crate) fn new(limit: Option<u64>) -> Self {
        Self { limit, taken: Mutex::default(), freed: Condvar::new() }
    }

    /// Waits until `memory` bytes are free.
    pub(crate) fn wait(&self, memory: u64) -> Turn<'_> {
        let limit = self.limit.unwrap_or(u64::MAX);
        let full = |taken: &mut Taken| taken.pieces > 0 && taken.memory.saturating_add(memory) > limit;
        let waited = self.freed.wait_while(self.lock(), full);
        let mut taken = waited.unwrap_or_else(PoisonError::into_inner);
        taken.pieces += 1;
        taken.memory = taken.memory.saturating_add(memory);
        Turn { gate: self, memory }
    }

    /// The numbers are right at any time, also after a panic of another thread.
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut taken = self.gate.lock();
        taken.pieces -= 1;
        taken.memory = taken.memory.saturating_sub(self.memory);
        drop(taken);
        self.gate.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn the_limit_holds_and_all_work_is_done() {
        let (gate, now, most) = (MemoryGate::new(Some(100)), AtomicU64::new(0), AtomicU64::new(0));
        let work = |memory: u64| {
            let _turn = gate.wait(memory);
            most.fetch_max(now.fetch_add(memory, Ordering::SeqCst) + memory, Ordering::SeqCst);
            thread::yield_now();
            now.fetch_sub(memory, Ordering::SeqCst);
        };
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..50).for_each(|round| work(30 + round)));
            }
        });
        assert!(most.load(Ordering::SeqCst) <= 100);
    }

    #[test]
    fn a_piece_larger_than_the_limit_works_alone() {
        let gate = MemoryGate::new(Some(10));
        drop(gate.wait(11));
        assert_eq!(gate.lock().pieces, 0);
    }
}
