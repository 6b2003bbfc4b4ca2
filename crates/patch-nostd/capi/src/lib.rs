//! The decoder behind a C interface: callbacks for traits, numbers for errors (`docs/format.md`, section 8).
//!
//! This is the only crate of the decoder's with unsafe code, and all of it has one of three reasons: calling a function
//! that C gave, making a slice of a pointer and a length that C gave, and reading a structure that C gave. What must
//! hold for that is C's part of the contract, and stands in the header beside each function.
#![no_std]

use core::ffi::{c_char, c_void, CStr};
use core::slice;
use smidgen_patch::{Device, Error, Header, Patcher, Policy, Sha256, Target};
use surroundings::{read, CBase, CSlot};

mod errors;
mod surroundings;
#[cfg(feature = "flash")]
mod update;
pub use errors::{smidgen_error_class, SmidgenClass, SmidgenError};
#[cfg(feature = "flash")]
pub use update::{
    smidgen_has_begun, smidgen_in_place_buffer, smidgen_journal_area, smidgen_state_area, smidgen_update_ab,
    smidgen_update_in_place, SmidgenFlash,
};

#[cfg(not(feature = "sha2"))]
compile_error!("an engine for SHA-256 needs a Sha256 of its own: use the Rust interface, or feature sha2");

/// What a device has. Functions get `context`, and return 0 if it went well.
#[repr(C)]
pub struct SmidgenDevice {
    /// The product's name, which a package must say it is for; null: not asked.
    pub product: *const c_char,
    /// The part of the product that is updated; null: not asked.
    pub module: *const c_char,
    /// The version that the package must have; null: not asked.
    pub version: *const c_char,
    /// The least rollback counter of a package; 0: not asked.
    pub rollback_counter: u32,
    /// Handed to every function.
    pub context: *mut c_void,
    /// Bytes of the image that the device has.
    pub base_size: u32,
    /// Bytes that the new image may have: a multiple of `write_size`, as the last write is a whole one.
    pub slot_size: u32,
    /// Bytes of the slot that are erased at once; 0 if the slot needs no erasing.
    pub page_size: u32,
    /// Bytes of the slot that are written at once, at multiples of it: 1 to 65536. The last bytes are filled up with
    /// what erased flash reads as.
    pub write_size: u32,
    /// Reads `length` bytes from `offset` on of the image that the device has into `buffer`.
    pub read_base:
        Option<unsafe extern "C" fn(context: *mut c_void, offset: u32, buffer: *mut u8, length: u32) -> i32>,
    /// Reads the package, in order.
    pub read_package:
        Option<unsafe extern "C" fn(context: *mut c_void, offset: u32, buffer: *mut u8, length: u32) -> i32>,
    /// Reads what was written to the slot. Where the chip cannot (a unit whose write lost power, on flash with error
    /// correction; what was erased and not written since, on some), it returns an error: never a fault.
    pub read_slot:
        Option<unsafe extern "C" fn(context: *mut c_void, offset: u32, buffer: *mut u8, length: u32) -> i32>,
    /// Erases a page of the slot: `offset` is a multiple of `page_size`.
    pub erase: Option<unsafe extern "C" fn(context: *mut c_void, offset: u32) -> i32>,
    /// Writes to the slot: offset and length are multiples of `write_size`; offsets ascend, no byte is written twice.
    pub write:
        Option<unsafe extern "C" fn(context: *mut c_void, offset: u32, bytes: *const u8, length: u32) -> i32>,
    /// Hears how many bytes of the package have been taken (`done`), of how many; from updates with a journal, how many
    /// percent of the image are in the slot, of 100. Called about every 1024 bytes that are hashed, restored or checked:
    /// the place to feed a watchdog. May be null.
    pub progress: Option<unsafe extern "C" fn(context: *mut c_void, done: u32, total: u32)>,
    /// What erased flash of the slot reads as: 0 for 0xFF, as on most chips; 1 for 0x00.
    pub erased_to_zero: u8,
}

/// Reads something of C's.
type Read = unsafe extern "C" fn(context: *mut c_void, offset: u32, buffer: *mut u8, length: u32) -> i32;

/// What a package says of itself.
#[repr(C)]
pub struct SmidgenInfo {
    /// Bytes of workspace that its decoder needs.
    pub ram: u32,
    /// Bytes of the image that it was made for.
    pub base_size: u32,
    /// Bytes of the new image.
    pub target_size: u32,
    /// SHA-256 of the new image.
    pub target_digest: [u8; 32],
}

/// Longest write of flash.
const WRITE_LIMIT: u32 = 1 << 16;
/// Longest write that is put together on the stack.
const WRITE_SHORT: usize = 64;
/// Bytes of package that are read at once.
const PIECE: usize = 64;
/// Bytes of an image, about, between two calls of `progress`.
pub(crate) const BUDGET: u32 = 1024;

impl SmidgenDevice {
    /// What a package must say.
    fn policy(&self) -> Result<Device<'_>, Error> {
        Ok(Device {
            slot_size: Some(self.slot_size),
            product: text(self.product, Error::Product)?,
            module: text(self.module, Error::Module)?,
            version: text(self.version, Error::Version)?,
            rollback_counter: self.rollback_counter,
        })
    }

    fn report(&self, done: u32, total: u32) {
        if let Some(progress) = self.progress {
            // SAFETY: C's function, called as its type says.
            unsafe { progress(self.context, done, total) };
        }
    }

    /// What erased flash reads as.
    fn erased(&self) -> u8 {
        if self.erased_to_zero == 0 {
            0xFF
        } else {
            0
        }
    }

    fn is_sound(&self) -> bool {
        (1..=WRITE_LIMIT).contains(&self.write_size)
            && (self.page_size == 0 || self.page_size >= self.write_size)
            && self.slot_size < 1 << 31
            && self.slot_size.checked_rem(self.write_size) == Some(0)
            && self.page_size < 1 << 30
    }
}

/// A text of C's; no package says what is not UTF-8.
fn text<'t>(pointer: *const c_char, error: Error) -> Result<Option<&'t str>, Error> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: a text that ends in a zero, as the caller has promised.
    unsafe { CStr::from_ptr(pointer) }.to_str().map(Some).map_err(|_| error)
}

/// Restores the new image into the slot, from the base and a package of `package_size` bytes, and checks it.
///
/// Nothing is erased before the package's header and the base are found right. The new image must not be started
/// unless this returns 0. Nothing else uses `workspace` meanwhile; how many bytes it must have is what `smidgen_inspect`
/// says, and `write_size` more if that is above 64. `workspace_size` is in bytes: `sizeof workspace` of an array of
/// `uint32_t`. Takes about 2 KiB of stack. After a reset, start again; `smidgen_update_ab` goes on.
///
/// # Safety
/// `device` points at a description whose functions do what it says of them and whose texts end in a zero, `workspace` at memory of that size.
#[no_mangle]
pub unsafe extern "C" fn smidgen_restore(
    device: *const SmidgenDevice,
    workspace: *mut u32,
    workspace_size: u32,
    package_size: u32,
) -> i32 {
    // SAFETY: the caller's promise.
    let Some(device) = (unsafe { device.as_ref() }) else { return SmidgenError::BadDevice as i32 };
    if !device.is_sound() || workspace.is_null() {
        return SmidgenError::BadDevice as i32;
    }
    // SAFETY: the caller's promise.
    let workspace = unsafe { slice::from_raw_parts_mut(workspace.cast::<u8>(), workspace_size as usize) };
    restore(device, workspace, package_size).map_or_else(|error| error.number().into(), |()| 0)
}

fn restore(device: &SmidgenDevice, workspace: &mut [u8], package_size: u32) -> Result<(), Error> {
    let write_size = device.write_size as usize;
    let mut short = [0; WRITE_SHORT];
    let long = if write_size > WRITE_SHORT { write_size } else { 0 };
    let length = workspace.len().checked_sub(long).ok_or(Error::WorkspaceTooSmall)?;
    let (workspace, long) = workspace.split_at_mut_checked(length).ok_or(Error::WorkspaceTooSmall)?;
    let rest = if long.is_empty() { short.get_mut(..write_size) } else { Some(long) };
    let rest = rest.ok_or(Error::WorkspaceTooSmall)?;
    let mut slot = CSlot::new(device, rest);
    let policy = device.policy()?;
    let mut patcher = Patcher::<_, _, smidgen_patch::SoftwareSha256, _>::with_policy(
        workspace,
        CBase(device),
        &mut slot,
        policy,
    );
    let mut taken = 0;
    while taken < package_size {
        let mut piece = [0; PIECE];
        let count = (package_size - taken).min(PIECE as u32);
        let piece = piece.get_mut(..count as usize).ok_or(Error::Truncated)?;
        read(device.read_package, device.context, taken, piece, Error::Truncated)?;
        taken += push(device, &mut patcher, piece, (taken, package_size))?;
    }
    // The last bytes may stand for much of the image.
    while !patcher.wants_input() && !patcher.is_done() {
        push(device, &mut patcher, &[], (taken, package_size))?;
    }
    patcher.complete()?;
    let header = patcher.header().ok_or(Error::Truncated)?;
    let (size, digest) = (header.target_size, header.target_digest);
    slot.finish()?;
    check(&mut slot, size, &digest, package_size)
}

/// A step of work with a piece of the package, and its report.
fn push<P: Policy>(
    device: &SmidgenDevice,
    patcher: &mut Patcher<'_, CBase<'_>, &mut CSlot<'_>, smidgen_patch::SoftwareSha256, P>,
    piece: &[u8],
    (before, total): (u32, u32),
) -> Result<u32, Error> {
    let taken = patcher.step(piece, BUDGET)? as u32;
    device.report(before + taken, total);
    Ok(taken)
}

/// What is in flash is what counts: reads the image back.
fn check(mut slot: &mut CSlot<'_>, size: u32, expected: &[u8; 32], package_size: u32) -> Result<(), Error> {
    let mut digest = smidgen_patch::SoftwareSha256::start();
    let mut done = 0;
    while done < size {
        let mut piece = [0; PIECE];
        let count = (size - done).min(PIECE as u32);
        let piece = piece.get_mut(..count as usize).ok_or(Error::TargetRead)?;
        Target::read(&mut slot, done, piece)?;
        digest.update(piece);
        done += count;
        if done.is_multiple_of(BUDGET) {
            slot.device.report(package_size, package_size);
        }
    }
    if digest.finish() == *expected {
        Ok(())
    } else {
        Err(Error::TargetDigest)
    }
}

/// Reads what a package states of itself. `bytes` are its first `length` bytes: 512 are enough for every package.
///
/// # Safety
/// `bytes` points at `length` bytes, `info` at a structure that can be written.
#[no_mangle]
pub unsafe extern "C" fn smidgen_inspect(bytes: *const u8, length: u32, info: *mut SmidgenInfo) -> i32 {
    if bytes.is_null() {
        return SmidgenError::NotAPackage as i32;
    }
    // SAFETY: the caller's promise.
    let bytes = unsafe { slice::from_raw_parts(bytes, length as usize) };
    // SAFETY: the caller's promise.
    let Some(info) = (unsafe { info.as_mut() }) else { return SmidgenError::BadDevice as i32 };
    match Header::parse(bytes) {
        Ok((header, _)) => {
            info.ram = header.ram;
            info.base_size = header.base_size;
            info.target_size = header.target_size;
            info.target_digest = header.target_digest;
            0
        }
        Err(error) => error.number().into(),
    }
}

/// SHA-256 of `length` bytes in memory, such as the image in its slot.
///
/// # Safety
/// `bytes` points at `length` bytes, `digest` at 32 that can be written.
#[no_mangle]
pub unsafe extern "C" fn smidgen_sha256(bytes: *const u8, length: u32, digest: *mut [u8; 32]) {
    if bytes.is_null() {
        return;
    }
    let mut running = smidgen_patch::SoftwareSha256::start();
    // SAFETY: the caller's promise.
    running.update(unsafe { slice::from_raw_parts(bytes, length as usize) });
    // SAFETY: the caller's promise.
    if let Some(digest) = unsafe { digest.as_mut() } {
        *digest = running.finish();
    }
}

/// Rust asks for this. The decoder has no way to panic: the linker drops it, and with `prove-no-panic` CI shows that.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    #[cfg(feature = "prove-no-panic")]
    {
        extern "C" {
            fn smidgen_panic_path_left_in_decoder() -> !;
        }
        // SAFETY: it never runs, because it never links.
        unsafe { smidgen_panic_path_left_in_decoder() }
    }
    #[cfg(not(feature = "prove-no-panic"))]
    loop {}
}
