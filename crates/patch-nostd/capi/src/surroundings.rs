//! The base and the slot of a restore, over C's functions (`docs/format.md`, section 8.1).

use crate::{Read, SmidgenDevice};
use core::ffi::c_void;
use smidgen_patch::{Base, Error, Target};

/// The image that the device has.
pub(crate) struct CBase<'d>(pub(crate) &'d SmidgenDevice);

impl Base for CBase<'_> {
    type Error = Error;

    fn size(&self) -> u32 {
        self.0.base_size
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        read(self.0.read_base, self.0.context, offset, buffer, Error::BaseRead)
    }
}

/// The slot for the new image: pages are erased when the first byte of them is written.
pub(crate) struct CSlot<'d> {
    pub(crate) device: &'d SmidgenDevice,
    /// Bytes that have been written.
    written: u32,
    /// Where pages that have been erased end.
    erased: u32,
    /// What does not fill a write yet, of the length of one.
    rest: &'d mut [u8],
    count: usize,
}

impl<'d> CSlot<'d> {
    /// An empty slot; `rest` has the bytes of a write.
    pub(crate) fn new(device: &'d SmidgenDevice, rest: &'d mut [u8]) -> Self {
        Self { device, written: 0, erased: 0, rest, count: 0 }
    }

    /// Writes what was gathered, filled up.
    fn flush(&mut self) -> Result<(), Error> {
        let length = self.rest.len() as u32;
        let erased = self.device.erased();
        self.rest.iter_mut().skip(self.count).for_each(|byte| *byte = erased);
        while self.device.page_size > 0 && self.erased < self.written + length {
            let erase = self.device.erase.ok_or(Error::TargetWrite)?;
            // SAFETY: C's function, called as its type says.
            let result = unsafe { erase(self.device.context, self.erased) };
            succeeded(result, Error::TargetWrite)?;
            self.erased += self.device.page_size;
        }
        let write = self.device.write.ok_or(Error::TargetWrite)?;
        // SAFETY: C's function, called as its type says; `rest` has `length` bytes.
        let result = unsafe { write(self.device.context, self.written, self.rest.as_ptr(), length) };
        self.written += length;
        self.count = 0;
        succeeded(result, Error::TargetWrite)
    }

    /// The image is complete.
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
        if self.count > 0 {
            self.flush()?;
        }
        Ok(())
    }
}

impl Target for CSlot<'_> {
    type Error = Error;

    fn limit(&self) -> u32 {
        self.device.slot_size
    }

    fn begin(&mut self, _size: u32) -> Result<(), Error> {
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        for &byte in bytes {
            if let Some(place) = self.rest.get_mut(self.count) {
                *place = byte;
            }
            self.count += 1;
            if self.count >= self.rest.len() {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        let stored = self.written.saturating_sub(offset).min(buffer.len() as u32) as usize;
        let (flash, gathered) = buffer.split_at_mut_checked(stored).ok_or(Error::TargetRead)?;
        if !flash.is_empty() {
            read(self.device.read_slot, self.device.context, offset, flash, Error::TargetRead)?;
        }
        let from = (offset as usize + stored).saturating_sub(self.written as usize);
        for (to, &byte) in gathered.iter_mut().zip(self.rest.iter().skip(from)) {
            *to = byte;
        }
        Ok(())
    }
}

/// Reads by a function of C's.
pub(crate) fn read(
    function: Option<Read>,
    context: *mut c_void,
    offset: u32,
    buffer: &mut [u8],
    error: Error,
) -> Result<(), Error> {
    let function = function.ok_or(error)?;
    // SAFETY: C's function, called as its type says.
    succeeded(unsafe { function(context, offset, buffer.as_mut_ptr(), buffer.len() as u32) }, error)
}

/// The error, unless a function of C's returned 0.
pub(crate) fn succeeded(result: i32, error: Error) -> Result<(), Error> {
    if result == 0 {
        Ok(())
    } else {
        Err(error)
    }
}
