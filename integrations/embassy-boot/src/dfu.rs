//! The target of the decoder: bytes that wait for flash, and the `DFU` partition that holds those before them.

use core::cell::RefCell;

use smidgen_patch::{Error, Target};

/// Bytes that a step may leave waiting: those of a budget and of two writes of the decoder.
pub const ROOM: usize = 768;

/// Bytes of the image that are not in flash yet.
pub(crate) struct Pending<'a> {
    bytes: &'a mut [u8],
    used: usize,
    /// How many bytes of the image are in flash.
    flushed: u32,
}

impl<'a> Pending<'a> {
    pub(crate) fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, used: 0, flushed: 0 }
    }

    fn append(&mut self, more: &[u8]) -> Result<(), Error> {
        let room = self.bytes.get_mut(self.used..).and_then(|room| room.get_mut(..more.len()));
        room.ok_or(Error::TargetWrite)?.copy_from_slice(more);
        self.used += more.len();
        Ok(())
    }

    /// What makes whole units, and where it goes.
    pub(crate) fn whole(&self, unit: usize) -> (u32, &[u8]) {
        (self.flushed, self.bytes.get(..self.used - self.used % unit).unwrap_or_default())
    }

    /// The whole units are in flash.
    pub(crate) fn written(&mut self, unit: usize) {
        let whole = self.used - self.used % unit;
        self.bytes.copy_within(whole..self.used, 0);
        self.used -= whole;
        self.flushed += whole as u32;
    }

    /// Fills up the last unit, as flash is where it is erased.
    pub(crate) fn pad(&mut self, unit: usize) {
        let end = self.used.next_multiple_of(unit);
        if let Some(rest) = self.bytes.get_mut(self.used..end) {
            rest.fill(0xFF);
            self.used = end;
        }
    }
}

/// The partition, as the decoder sees it.
pub(crate) struct Dfu<'a, M> {
    pub(crate) pending: &'a RefCell<Pending<'a>>,
    pub(crate) mapped: M,
    pub(crate) limit: u32,
}

impl<M: FnMut(u32, &mut [u8]) -> Result<(), Error>> Target for Dfu<'_, M> {
    type Error = Error;

    fn limit(&self) -> u32 {
        self.limit
    }

    fn begin(&mut self, _size: u32) -> Result<(), Error> {
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.pending.try_borrow_mut().map_err(|_| Error::TargetWrite)?.append(bytes)
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        let pending = self.pending.try_borrow().map_err(|_| Error::TargetRead)?;
        let stored = (pending.flushed.saturating_sub(offset) as usize).min(buffer.len());
        let (flash, waiting) = buffer.split_at_mut_checked(stored).ok_or(Error::TargetRead)?;
        if !flash.is_empty() {
            (self.mapped)(offset, flash)?;
        }
        let from = (offset as usize + stored).saturating_sub(pending.flushed as usize);
        let bytes = pending.bytes.get(..pending.used).and_then(|bytes| bytes.get(from..));
        let bytes = bytes.and_then(|bytes| bytes.get(..waiting.len())).ok_or(Error::TargetRead)?;
        waiting.copy_from_slice(bytes);
        Ok(())
    }
}
