//! The plain bytes that have arrived, as far back as a match may begin.

use std::vec::Vec;

use super::token::WINDOW;

/// Bytes that are dropped at once: moving the rest down must be rare.
const SPARE: usize = 1 << 16;

/// Plain bytes by their position in the stream.
#[derive(Debug, Default)]
pub(super) struct Window {
    bytes: Vec<u8>,
    /// The position of the first byte that is held.
    origin: u32,
}

impl Window {
    /// Appends plain bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Forgets what no match from `position` on can begin in.
    pub(super) fn forget(&mut self, position: u32) {
        let keep = self.index(position.saturating_sub(WINDOW));
        if keep >= SPARE {
            self.bytes.drain(..keep.min(self.bytes.len()));
            self.origin += keep as u32;
        }
    }

    /// The position behind the last byte that is held.
    pub(super) fn end(&self) -> u32 {
        self.origin + self.bytes.len() as u32
    }

    /// All bytes that are held.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The place of a position among them.
    pub(super) const fn index(&self, position: u32) -> usize {
        position.wrapping_sub(self.origin) as usize
    }

    /// The bytes from `position` on, at most so many.
    pub(super) fn ahead(&self, position: u32, most: u16) -> &[u8] {
        let rest = self.bytes.get(self.index(position)..).unwrap_or(&[]);
        rest.get(..most.into()).unwrap_or(rest)
    }

    /// `count` bytes from `position` on.
    pub(super) fn slice(&self, position: u32, count: usize) -> &[u8] {
        let start = self.index(position);
        self.bytes.get(start..start + count).unwrap_or(&[])
    }
}
