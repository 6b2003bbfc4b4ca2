//! The window on what a walk reads of both images, and the output that it writes (`docs/format.md`, section 4.3).

use super::{OUTPUT, WINDOW, Walker};
use crate::Error;
use crate::apply::io::Io;
use crate::apply::operation::Source;
use zerocopy::IntoBytes;

impl Walker<'_> {
    /// Fills the window with `count` bytes of the cover's source from `start`, which is before the position for a
    /// source in the target; past the position such a source repeats itself.
    pub(super) fn read_source<I: Io>(
        &mut self,
        io: &mut I,
        source: Source,
        start: u32,
        count: usize,
    ) -> Result<(), I::Error> {
        let count = count.min(WINDOW);
        let (limit, written) = match source {
            Source::Base => (self.base_size, self.base_size),
            Source::Target => (self.position, self.position - self.used as u32),
        };
        let stored = written.saturating_sub(start).min(count as u32) as usize;
        // One byte is looked at beyond the end of a cover.
        self.window.get_mut(stored..(count + 1).min(WINDOW)).unwrap_or_default().fill(0);
        let part = self.window.get_mut(..stored).unwrap_or_default();
        if source == Source::Base {
            return io.read_base(start, part);
        }
        if !part.is_empty() {
            io.read_target(start, part)?;
        }
        // What is known but not yet written, then the repetition.
        let distance = limit.saturating_sub(start).max(1) as usize;
        for place in stored..count {
            let byte = if place < distance {
                let ahead = (start as usize + place).wrapping_sub(written as usize);
                self.output.get(ahead).copied().unwrap_or(0)
            } else {
                self.window.get(place - distance).copied().unwrap_or(0)
            };
            if let Some(cell) = self.window.get_mut(place) {
                *cell = byte;
            }
        }
        Ok(())
    }

    /// Appends `count` bytes of the window from `at` on to the target, unchanged; they lie within the current block.
    #[cfg_attr(not(feature = "std"), inline(never))]
    pub(super) fn emit_run<I: Io>(&mut self, at: usize, count: usize, io: &mut I) -> Result<(), I::Error> {
        let run = self.window.get(at..).and_then(|run| run.get(..count)).ok_or(Error::Corrupt)?;
        for &byte in run.get(count.saturating_sub(4)..).unwrap_or(&[]) {
            self.before = self.before << 8 | u32::from(byte);
        }
        self.position += count as u32;
        self.copy.previous = self.before as u8;
        self.copy.history = if count < 8 { self.copy.history << count } else { 0 };
        // The output is filled to its end: digests like whole blocks.
        let mut left = count;
        while left > 0 {
            let to = self.output.get_mut(self.used % OUTPUT..).unwrap_or_default();
            let part = left.min(to.len());
            let from = self.window.get(at + count - left..).and_then(|from| from.get(..part));
            from.and_then(|from| from.write_to_prefix(to).ok()).ok_or(Error::Corrupt)?;
            self.used += part;
            left -= part;
            if self.used >= OUTPUT {
                self.flush(io)?;
            }
        }
        Ok(())
    }

    /// Hands over what is known but not yet written.
    pub(crate) fn flush<I: Io>(&mut self, io: &mut I) -> Result<(), I::Error> {
        let whole = self.output.get(..self.used).unwrap_or(&[]);
        self.used = 0;
        if whole.is_empty() { Ok(()) } else { io.write(whole) }
    }
}
