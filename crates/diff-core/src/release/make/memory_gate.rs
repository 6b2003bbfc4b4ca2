//! MemoryGate: how many packages are made at once, by their number and the memory they take.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Lets work begin while its memory fits a limit. One piece may always work, however large it is.
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

/// A turn, over when dropped.
pub(crate) struct Turn<'a> {
    gate: &'a MemoryGate,
    memory: u64,
}

impl MemoryGate {
    /// MemoryGate that take no more than `limit` bytes together.
    pub(crate) fn new(limit: Option<u64>) -> Self {
        Self { limit, taken: Mutex::default(), freed: Condvar::new() }
    }

    /// Waits until `memory` bytes are there.
    pub(crate) fn wait(&self, memory: u64) -> Turn<'_> {
        let limit = self.limit.unwrap_or(u64::MAX);
        let full = |taken: &mut Taken| taken.pieces > 0 && taken.memory.saturating_add(memory) > limit;
        let waited = self.freed.wait_while(self.lock(), full);
        let mut taken = waited.unwrap_or_else(PoisonError::into_inner);
        taken.pieces += 1;
        taken.memory = taken.memory.saturating_add(memory);
        Turn { gate: self, memory }
    }

    /// Numbers are right at any time, also after a panic elsewhere.
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
    fn the_limit_holds_and_everybody_has_a_turn() {
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
    fn what_is_larger_than_the_limit_works_alone() {
        let gate = MemoryGate::new(Some(10));
        drop(gate.wait(11));
        assert_eq!(gate.lock().pieces, 0);
    }
}
