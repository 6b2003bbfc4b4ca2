//! Restores the next image into embassy-boot's `DFU` partition, piece by piece as the package arrives, and asks for the swap
//! (sections 8 and 9 of docs/format.md; integrations/embassy-boot/README.md).
//!
//! The decoder is synchronous and works in steps; flash is written between them, and other tasks run meanwhile.
#![no_std]

mod dfu;

use core::cell::RefCell;

use embassy_boot::{FirmwareUpdater, FirmwareUpdaterError};
use embedded_storage_async::nor_flash::NorFlash;
use smidgen_patch::{Base, Error, Patcher, Policy, Sha256, SoftwareSha256};

pub use dfu::ROOM;
use dfu::{Dfu, Pending};

/// The code on this page compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/porting-rust.md")]
struct PortingPage;

/// Bytes of image that a step makes, or of the base that it hashes; after each, other tasks run.
const BUDGET: u32 = 256;
/// Bytes of the image that are read back at once.
const READ: usize = 64;

/// Why an update stopped. The image that runs stays as it is.
#[derive(Debug)]
pub enum UpdateError<E> {
    /// The package or the base is not right, or the memory too small: [`Error::class`] says what to do about it.
    Package(Error),
    /// `DFU` or the state could not be read or written, or the last update has not been confirmed (`BadState`).
    Updater(FirmwareUpdaterError),
    /// The package could not be received.
    Source(E),
}

impl<E> From<Error> for UpdateError<E> {
    fn from(error: Error) -> Self {
        Self::Package(error)
    }
}

impl<E> From<FirmwareUpdaterError> for UpdateError<E> {
    fn from(error: FirmwareUpdaterError) -> Self {
        Self::Updater(error)
    }
}

/// The memory of an update.
#[derive(Debug)]
pub struct Memory<'a> {
    /// What `smidgen info` prints for the packages, aligned to four bytes.
    pub workspace: &'a mut [u8],
    /// Bytes on their way to flash: at least [`ROOM`] and a write unit of `DFU`.
    pub pending: &'a mut [u8],
    /// The next piece of the package, of any length.
    pub piece: &'a mut [u8],
}

/// Restores an image into `DFU`, reads it back, and has the bootloader swap it in at the next start.
///
/// `receive` waits for the next bytes of the package and returns how many there are, 0 after the last. `mapped` reads bytes of
/// `DFU` that were written before, at once: from where flash is mapped to addresses, or by a blocking driver. `limit` is the
/// size of `DFU` less the page that the swap needs.
///
/// # Errors
/// Whatever stopped the update; it can be begun again, with the package from its start.
pub async fn update<DFU: NorFlash, STATE: NorFlash, E>(
    updater: &mut FirmwareUpdater<'_, DFU, STATE>,
    limit: u32,
    base: impl Base<Error: Into<Error>>,
    mapped: impl FnMut(u32, &mut [u8]) -> Result<(), Error>,
    policy: impl Policy,
    memory: Memory<'_>,
    mut receive: impl AsyncFnMut(&mut [u8]) -> Result<usize, E>,
) -> Result<(), UpdateError<E>> {
    let Memory { workspace, pending, piece } = memory;
    if pending.len() < ROOM + DFU::WRITE_SIZE {
        return Err(Error::WorkspaceTooSmall.into());
    }
    let pending = RefCell::new(Pending::new(pending));
    let dfu = Dfu { pending: &pending, mapped, limit };
    let mut patcher = Patcher::<_, _, SoftwareSha256, _>::with_policy(workspace, base, dfu, policy);
    loop {
        let length = receive(piece).await.map_err(UpdateError::Source)?;
        let bytes = piece.get(..length).unwrap_or_default();
        let mut taken = 0;
        while taken < bytes.len() || !(patcher.wants_input() || patcher.is_done()) {
            taken += patcher.step(bytes.get(taken..).unwrap_or_default(), BUDGET)?;
            write_out(updater, &pending, DFU::WRITE_SIZE).await?;
            breathe().await;
        }
        if bytes.is_empty() {
            break;
        }
    }
    patcher.complete()?;
    write_out(updater, &pending, DFU::WRITE_SIZE).await?;
    pending.borrow_mut().pad(DFU::WRITE_SIZE);
    write_out(updater, &pending, DFU::WRITE_SIZE).await?;
    let header = patcher.header().ok_or(Error::Finished)?;
    if digest(updater, header.target_size).await? != header.target_digest {
        return Err(Error::TargetDigest.into());
    }
    Ok(updater.mark_updated().await?)
}

/// Writes what makes whole units.
async fn write_out<'a, DFU: NorFlash, STATE: NorFlash>(
    updater: &mut FirmwareUpdater<'_, DFU, STATE>,
    pending: &RefCell<Pending<'a>>,
    unit: usize,
) -> Result<(), FirmwareUpdaterError> {
    // Nothing stays borrowed while flash is waited for. After an error the update is over, and needs the bytes no more.
    let mut taken = pending.replace(Pending::new(&mut []));
    let (offset, bytes) = taken.whole(unit);
    if !bytes.is_empty() {
        updater.write_firmware(offset as usize, bytes).await?;
        taken.written(unit);
    }
    pending.replace(taken);
    Ok(())
}

/// The digest of what is in flash.
async fn digest<DFU: NorFlash, STATE: NorFlash>(
    updater: &mut FirmwareUpdater<'_, DFU, STATE>,
    size: u32,
) -> Result<[u8; 32], FirmwareUpdaterError> {
    let mut digest = SoftwareSha256::start();
    let mut part = [0; READ];
    let mut offset = 0;
    while offset < size {
        let count = READ.min((size - offset) as usize);
        // Drivers read whole units; what is behind the image is in the partition, too.
        updater.read_dfu(offset, &mut part).await?;
        digest.update(part.get(..count).unwrap_or_default());
        offset += count as u32;
        breathe().await;
    }
    Ok(digest.finish())
}

/// Lets other tasks run.
async fn breathe() {
    let mut waited = false;
    core::future::poll_fn(|context| {
        if core::mem::replace(&mut waited, true) {
            return core::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        core::task::Poll::Pending
    })
    .await;
}
