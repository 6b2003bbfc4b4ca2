//! Digests on other threads, for gateways whose decoder is faster than SHA-256 (`docs/format.md`, section 8).

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{JoinHandle, spawn};
use std::vec::Vec;

use super::{Sha256, SoftwareSha256};

/// Bytes that are handed over at once: enough that handing over costs nothing, few enough for a cache.
const PIECE: usize = 128 << 10;
/// Pieces that may wait for the thread: it must not fall far behind, as they take memory.
const WAITING: usize = 8;

/// A SHA-256 on a thread of its own.
#[derive(Debug)]
pub struct BackgroundSha256 {
    pending: Vec<u8>,
    pieces: SyncSender<Vec<u8>>,
    /// Pieces to be used again.
    done: Receiver<Vec<u8>>,
    thread: JoinHandle<[u8; 32]>,
}

impl BackgroundSha256 {
    fn hand_over(&mut self) {
        let next = self.done.try_recv().unwrap_or_else(|_| Vec::with_capacity(PIECE));
        // The thread goes on until this end is gone.
        let _ = self.pieces.send(core::mem::replace(&mut self.pending, next));
    }
}

impl Sha256 for BackgroundSha256 {
    fn start() -> Self {
        let (pieces, received) = sync_channel::<Vec<u8>>(WAITING);
        let (give_back, done) = sync_channel(WAITING);
        let work = move || {
            let mut digest = SoftwareSha256::start();
            for mut piece in received {
                digest.update(&piece);
                piece.clear();
                // The other end may be gone.
                let _ = give_back.try_send(piece);
            }
            digest.finish()
        };
        Self { pending: Vec::with_capacity(PIECE), pieces, done, thread: spawn(work) }
    }

    fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - self.pending.len()));
            self.pending.extend_from_slice(now);
            bytes = later;
            if self.pending.len() == PIECE {
                self.hand_over();
            }
        }
    }

    /// All zeros if the thread died, which is nothing's digest.
    fn finish(mut self) -> [u8; 32] {
        self.hand_over();
        drop(self.pieces);
        self.thread.join().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_one_thread() {
        for size in [0, 1, PIECE - 1, PIECE, PIECE + 1, 20 * PIECE + 7] {
            let bytes: Vec<u8> = (0..size).map(|index| ((index * 7) >> 3) as u8).collect();
            let (mut one, mut other) = (SoftwareSha256::start(), BackgroundSha256::start());
            one.update(&bytes);
            bytes.chunks(77_777).for_each(|chunk| other.update(chunk));
            assert_eq!(one.finish(), other.finish(), "{size} bytes");
        }
    }

    #[test]
    fn what_is_dropped_half_way_leaves_nothing_waiting() {
        let mut digest = BackgroundSha256::start();
        digest.update(&[7; 3 * PIECE]);
        let BackgroundSha256 { pieces, thread, .. } = digest;
        drop(pieces);
        assert_ne!(thread.join().unwrap(), [0; 32]);
    }
}
