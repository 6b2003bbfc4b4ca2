//! Restores the new image into the slot that does not run: this is what links Smidgen.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use smidgen_patch::container::{self, Limits, Opened};
use smidgen_patch::flash::{AbAreas, AbUpdate, FlashBase, Step};
use smidgen_patch::verify::{Device as Wanted, Ed25519Key, Policy, Signed};
use smidgen_patch::{Error, Header, SoftwareSha256, Target, Workspace};

use crate::device::Device;
use crate::failure::Failure;
use crate::flash::FileFlash;
use crate::hex;
use crate::messages::Order;
use crate::state::{Image, State};

/// Memory that the decoder could have; the device says how much of it there is.
const MOST_RAM: usize = 1 << 20;
/// Bytes that are given to the decoder at once. Progress is reported in between.
const PIECE: usize = 128;
/// Bytes of the new image that are read back at once.
const BUDGET: u32 = 4096;
/// What a package of a compressed file may take of memory and of files.
const CONTAINER: Limits = Limits { memory: 256 << 20, storage: 512 << 20 };

/// What the other slot holds now, and the rollback counter that came with it.
pub struct Restored {
    pub image: Image,
    pub rollback_counter: u32,
}

/// Restores the image of a package that was downloaded. Nothing is written before the package's signature, product,
/// module, version and rollback counter, and the digest of the base, have been found right.
///
/// If it was interrupted, it is called again with the same package and goes on: pages that are right are not written.
pub fn restore(
    device: &Device,
    state: &State,
    order: &Order,
    package: &Path,
    progress: &dyn Fn(u8),
) -> Result<Restored, Failure> {
    let package = fs::read(package).map_err(Failure::storage)?;
    let (header, extensions, _) = Header::parse_extended(&package)?;
    let keys = [Ed25519Key(device.key().map_err(Failure::upgrade)?)];
    let policy = Signed {
        keys: &keys,
        policy: Wanted {
            slot_size: Some(device.slot_size),
            product: Some(&device.product),
            module: Some(&device.module),
            version: Some(&order.version),
            rollback_counter: state.rollback_counter,
        },
    };
    let job = Job { device, state, package: &package, is_full: header.base_size == 0, progress };
    match job.over_flash(&policy) {
        // A package of a compressed file, for which there is another decoder. Nothing was written.
        Err(Error::Container) => job.of_compressed(&policy)?,
        result => result?,
    }
    let sha256 = hex::encode(&header.target_digest);
    Ok(Restored {
        image: Image { version: order.version.clone(), size: header.target_size, sha256 },
        rollback_counter: extensions.rollback_counter.unwrap_or(0).max(state.rollback_counter),
    })
}

/// A restore of a package, by one decoder or the other.
struct Job<'j> {
    device: &'j Device,
    state: &'j State,
    package: &'j [u8],
    /// Whether the package needs no base: it is for every version.
    is_full: bool,
    progress: &'j dyn Fn(u8),
}

impl Job<'_> {
    /// As a small device does it, with the memory that it has.
    fn over_flash(&self, policy: &impl Policy) -> Result<(), Error> {
        let device = self.device;
        let mut memory = Box::new(Workspace::<MOST_RAM>::new());
        let workspace = memory.get_mut(..device.ram).ok_or(Error::WorkspaceTooSmall)?;
        let mut buffer = vec![0; device.page as usize];
        let journal = FileFlash::open(device, &device.journal(), 2 * device.page);
        let areas =
            AbAreas { slot: self.slot(self.state.other())?, journal: journal.map_err(|_| Error::Journal)? };
        let mut update =
            AbUpdate::<_, _, _, SoftwareSha256, _>::new(workspace, &mut buffer, self.base()?, areas, policy)?;
        for piece in self.package.chunks(PIECE) {
            if let Step::Working(percent) = update.push(piece)? {
                (self.progress)(percent);
            }
        }
        update.end()?;
        while update.check(BUDGET)? != Step::Ready {}
        Ok(())
    }

    /// As a device with an operating system does it. Interrupted, it begins again: it takes no longer than that.
    fn of_compressed(&self, policy: &impl Policy) -> Result<(), Error> {
        let opened = Opened::allowed::<SoftwareSha256, _>(self.package, policy, &CONTAINER)?;
        let opened = opened.ok_or(Error::Container)?;
        let file = fs::OpenOptions::new().write(true).open(self.device.slot(self.state.other()));
        let target = FileTarget {
            file: file.map_err(|_| Error::TargetWrite)?,
            limit: self.device.slot_size,
            size: 0,
            written: 0,
            progress: self.progress,
        };
        let (expanded, written) = (Vec::new(), Vec::new());
        let target =
            container::restore::<_, _, SoftwareSha256>(&opened, self.base()?, target, expanded, written)?;
        target.file.sync_all().map_err(|_| Error::TargetWrite)
    }

    /// The image that runs, or nothing for a full package.
    fn base(&self) -> Result<FlashBase<FileFlash>, Error> {
        let flash = self.slot(self.state.running).map_err(|_| Error::BaseRead)?;
        let size = if self.is_full { 0 } else { self.state.image().map_or(0, |image| image.size) };
        Ok(FlashBase { flash, size })
    }

    fn slot(&self, slot: usize) -> Result<FileFlash, Error> {
        FileFlash::open(self.device, &self.device.slot(slot), self.device.slot_size)
            .map_err(|_| Error::TargetWrite)
    }
}

/// A slot as an operating system sees it: a file, or a partition.
struct FileTarget<'p> {
    file: fs::File,
    limit: u32,
    size: u32,
    written: u32,
    progress: &'p dyn Fn(u8),
}

impl Target for FileTarget<'_> {
    type Error = Error;

    fn limit(&self) -> u32 {
        self.limit
    }

    fn begin(&mut self, size: u32) -> Result<(), Error> {
        self.size = size;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all_at(bytes, self.written.into()).map_err(|_| Error::TargetWrite)?;
        self.written += bytes.len() as u32;
        (self.progress)((u64::from(self.written) * 100 / u64::from(self.size.max(1))) as u8);
        Ok(())
    }
}
