//! A file as flash: pages are erased as a whole, units are written once. A device has a driver of its chip here.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use smidgen_patch::flash::{Flash, FlashError, Geometry};

use crate::device::Device;

/// Bytes that are written at once.
const UNIT: u32 = 8;

#[derive(Debug)]
pub struct FileFlash {
    file: File,
    geometry: Geometry,
    erasing: Duration,
}

impl FileFlash {
    pub fn open(device: &Device, path: &Path, size: u32) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let geometry = Geometry::new(size, device.page, UNIT);
        Ok(Self { file, geometry, erasing: Duration::from_millis(device.page_milliseconds) })
    }

    /// What has been written is there after a loss of power, or the order of writes would mean nothing.
    fn put(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let written = self.file.write_all_at(bytes, offset.into()).and_then(|()| self.file.sync_data());
        written.map_err(|_| FlashError)
    }
}

impl Flash for FileFlash {
    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        self.file.read_exact_at(buffer, offset.into()).map_err(|_| FlashError)
    }

    fn erase(&mut self, offset: u32) -> Result<(), FlashError> {
        sleep(self.erasing);
        self.put(offset, &vec![self.geometry.erased; self.geometry.page as usize])
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.put(offset, bytes)
    }
}
