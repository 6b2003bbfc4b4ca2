//! A device in miniature around the decoder: it links only if no panic can be reached.
//!
//! The panic handler calls a function that does not exist. The linker drops the handler, and the call with it,
//! unless something that can run leads there; then it names the missing function, and the build fails.
//!
//! Feature `sha2` puts the decoder's own digest, target and driven base in the place of the device's.
//!
//! Everything the decoder is given (package, base, target, memory, digests, and all lengths) is read from
//! registers, so that the optimizer cannot know any of it.
#![no_std]
#![no_main]

#[cfg(feature = "flash")]
use core::cell::RefCell;
use core::panic::PanicInfo;
use core::slice;
#[cfg(all(feature = "sha2", not(any(feature = "ab", feature = "in-place"))))]
use smidgen_patch::BaseFn;
#[cfg(feature = "talk")]
use smidgen_patch::Header;
#[cfg(any(feature = "flash", feature = "ab"))]
use smidgen_patch::flash::{AbAreas, AbUpdate};
#[cfg(any(feature = "flash", feature = "ab", feature = "in-place"))]
use smidgen_patch::flash::{Flash, FlashError, Geometry, Step};
#[cfg(any(feature = "flash", feature = "in-place"))]
use smidgen_patch::flash::{InPlaceAreas, InPlaceUpdate};
#[cfg(feature = "sealed")]
use smidgen_patch::secrecy::DeviceKey;
#[cfg(not(feature = "encrypted"))]
use smidgen_patch::secrecy::NoKey;
#[cfg(all(feature = "encrypted", not(feature = "sealed")))]
use smidgen_patch::secrecy::SharedKey;
#[cfg(feature = "encrypted")]
use smidgen_patch::secrecy::SoftwareCipher;
use smidgen_patch::verify::Anything;
#[cfg(not(any(feature = "ab", feature = "in-place")))]
use smidgen_patch::{Base, Patcher, Target};
#[cfg(feature = "flash")]
use smidgen_patch::{
    Device, SoftwareSha256,
    flash::{Area, FlashBase},
};
use smidgen_patch::{Error, Sha256};

/// The peripherals: reading gives anything, writing may do anything.
const REGISTER: *mut u32 = 0x4000_0000 as *mut u32;

unsafe extern "C" {
    /// Exists nowhere.
    fn smidgen_panic_path_left_in_decoder() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: it never runs, because it never links.
    unsafe { smidgen_panic_path_left_in_decoder() }
}

fn read() -> u32 {
    // SAFETY: a register can always be read.
    unsafe { REGISTER.read_volatile() }
}

fn write(value: u32) {
    // SAFETY: a register can always be written.
    unsafe { REGISTER.write_volatile(value) }
}

/// Memory of a place and size that the optimizer cannot know.
#[cfg_attr(feature = "in-place", allow(dead_code))]
fn memory() -> &'static [u8] {
    // SAFETY: stands for whatever address space the device maps.
    unsafe { slice::from_raw_parts((read() as *const u8).wrapping_add(1), read() as usize >> 1) }
}

/// The same, writable.
fn workspace() -> &'static mut [u8] {
    // SAFETY: as above; the device promises that nothing else uses it.
    unsafe { slice::from_raw_parts_mut((read() as *mut u8).wrapping_add(1), read() as usize >> 1) }
}

/// A base behind a driver.
#[cfg(all(feature = "sha2", not(any(feature = "ab", feature = "in-place"))))]
fn driver(offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
    write(offset);
    buffer.iter_mut().for_each(|byte| *byte = read() as u8);
    if read() == 0 { Ok(()) } else { Err(Error::BaseRead) }
}

/// The slot of flash that the target is programmed into.
#[cfg(not(any(feature = "sha2", feature = "ab", feature = "in-place")))]
struct Slot;

#[cfg(not(any(feature = "sha2", feature = "ab", feature = "in-place")))]
impl Target for Slot {
    type Error = Error;

    fn limit(&self) -> u32 {
        read()
    }

    fn begin(&mut self, size: u32) -> Result<(), Error> {
        write(size);
        if read() == 0 { Ok(()) } else { Err(Error::TargetWrite) }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        bytes.iter().for_each(|&byte| write(byte.into()));
        if read() == 0 { Ok(()) } else { Err(Error::TargetWrite) }
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        write(offset);
        buffer.iter_mut().for_each(|byte| *byte = read() as u8);
        Ok(())
    }
}

/// The chip's hash engine.
#[cfg(not(feature = "sha2"))]
struct Engine;

#[cfg(not(feature = "sha2"))]
impl Sha256 for Engine {
    fn start() -> Self {
        Self
    }

    fn update(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| write(byte.into()));
    }

    fn finish(self) -> [u8; 32] {
        core::array::from_fn(|_| read() as u8)
    }
}

/// A key that the optimizer cannot know.
#[cfg(feature = "encrypted")]
fn key() -> [u8; 32] {
    core::array::from_fn(|_| read() as u8)
}

/// The key of packages that are encrypted.
#[cfg(all(feature = "encrypted", not(feature = "sealed")))]
fn decryption_key() -> SharedKey<SoftwareCipher> {
    SharedKey::new(key())
}

#[cfg(feature = "sealed")]
fn decryption_key() -> DeviceKey<SoftwareCipher> {
    DeviceKey::new(key(), key())
}

#[cfg(not(feature = "encrypted"))]
const fn decryption_key() -> NoKey {
    NoKey
}

/// Every use of the decoder that a device has.
#[cfg(not(any(feature = "ab", feature = "in-place")))]
fn restore<B: Base<Error = Error>, T: Target<Error = Error>, D: Sha256>(
    base: B,
    target: T,
) -> Result<(), Error> {
    let key = decryption_key();
    let mut patcher = Patcher::<_, _, D, _, _>::with_key(workspace(), base, target, Anything, key);
    while read() != 0 {
        patcher.push(memory())?;
        write(patcher.header().map_or(0, |header| header.target_size));
    }
    patcher.finish()?;
    Ok(())
}

#[cfg(feature = "talk")]
fn announce() -> Result<(), Error> {
    let (header, length) = Header::parse(memory())?;
    write(length as u32);
    write(header.requirements().workspace);
    Ok(())
}

/// A flash chip, or a part of one, whose sizes the optimizer cannot know, either.
#[cfg(any(feature = "flash", feature = "ab", feature = "in-place"))]
struct Chip;

#[cfg(any(feature = "flash", feature = "ab", feature = "in-place"))]
impl Flash for Chip {
    fn geometry(&self) -> Geometry {
        Geometry { size: read(), page: read(), write: read(), erased: read() as u8 }
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        write(offset);
        buffer.iter_mut().for_each(|byte| *byte = read() as u8);
        if read() == 0 { Ok(()) } else { Err(FlashError) }
    }

    fn erase(&mut self, offset: u32) -> Result<(), FlashError> {
        write(offset);
        if read() == 0 { Ok(()) } else { Err(FlashError) }
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        write(offset);
        bytes.iter().for_each(|&byte| write(byte.into()));
        if read() == 0 { Ok(()) } else { Err(FlashError) }
    }
}

/// An update into another slot.
#[cfg(feature = "ab")]
fn over_flash<D: Sha256>() -> Result<(), Error> {
    let (areas, key) = (AbAreas { slot: Chip, journal: Chip }, decryption_key());
    let mut update =
        AbUpdate::<_, _, _, D, _, _>::with_key(workspace(), workspace(), memory(), areas, Anything, key)?;
    while read() != 0 {
        update.push(memory())?;
    }
    update.end()?;
    while update.check(read())? != Step::Ready {}
    Ok(())
}

/// An update in the slot of the old image.
#[cfg(feature = "in-place")]
fn over_flash<D: Sha256>() -> Result<(), Error> {
    let areas = InPlaceAreas { slot: Chip, scratch: Chip, journal: Chip, state: Chip };
    let key = decryption_key();
    let mut update =
        InPlaceUpdate::<_, _, D, _>::with_key(workspace(), workspace(), areas, Chip, Anything, key)?;
    while update.step(read())? != Step::Ready {}
    Ok(())
}

fn report(result: Result<(), Error>) {
    if let Err(error) = result {
        write(error.number().into());
        #[cfg(feature = "talk")]
        error.message().bytes().for_each(|byte| write(byte.into()));
    }
}

#[cfg(all(any(feature = "ab", feature = "in-place"), not(feature = "sha2")))]
fn update() -> Result<(), Error> {
    over_flash::<Engine>()
}

#[cfg(all(any(feature = "ab", feature = "in-place"), feature = "sha2"))]
fn update() -> Result<(), Error> {
    over_flash::<smidgen_patch::SoftwareSha256>()
}

#[cfg(not(any(feature = "sha2", feature = "ab", feature = "in-place")))]
fn update() -> Result<(), Error> {
    restore::<_, _, Engine>(memory(), Slot)
}

#[cfg(all(feature = "sha2", not(any(feature = "ab", feature = "in-place"))))]
fn update() -> Result<(), Error> {
    let target = smidgen_patch::SliceTarget::new(workspace());
    restore::<_, _, smidgen_patch::SoftwareSha256>(BaseFn { size: read(), read: driver }, target)
}

/// Both updates over flash, after each reset.
#[cfg(feature = "flash")]
fn update_flash() -> Result<(), Error> {
    let device = Device { rollback_counter: read(), ..Device::default() };
    let chip = RefCell::new(Chip);
    let area = || Area::new(&chip, read(), read());
    if read() == 0 {
        let base = FlashBase { flash: area(), size: read() };
        let mut update = AbUpdate::<_, _, _, SoftwareSha256, _>::new(
            workspace(),
            workspace(),
            base,
            AbAreas { slot: area(), journal: area() },
            device,
        )?;
        while update.step(&mut area(), read())? != Step::Ready {}
    } else {
        let areas = InPlaceAreas { slot: area(), scratch: area(), journal: area(), state: area() };
        let mut update =
            InPlaceUpdate::<_, _, SoftwareSha256>::new(workspace(), workspace(), areas, area(), device)?;
        while update.step(read())? != Step::Ready {}
    }
    Ok(())
}

/// What runs after reset.
#[unsafe(no_mangle)]
extern "C" fn device() -> ! {
    loop {
        #[cfg(feature = "talk")]
        report(announce());
        report(update());
        #[cfg(feature = "flash")]
        report(update_flash());
        #[cfg(feature = "prove-the-check")]
        write(memory()[read() as usize].into());
    }
}
