//! Updates over flash behind the C interface: into another slot, and in place (`docs/format.md`, section 8).

use crate::surroundings::{read, succeeded, CBase};
use crate::{Read, SmidgenDevice, SmidgenError, BUDGET};
use core::ffi::c_void;
use core::slice;
use smidgen_patch::flash::{
    has_begun, AbAreas, AbUpdate, Flash, FlashError, FlashRequirements, Geometry, InPlaceAreas,
    InPlaceUpdate, Step,
};
use smidgen_patch::header::Requirements;
use smidgen_patch::{Error, Header, SoftwareSha256};

/// An area of flash. Functions get `context`, and return 0 if it went well; offsets count from the area's start.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SmidgenFlash {
    /// Handed to its functions.
    pub context: *mut c_void,
    /// Bytes of the area, a multiple of `page_size`.
    pub size: u32,
    /// Bytes that are erased at once, a multiple of `write_size`.
    pub page_size: u32,
    /// Bytes that are written at once, at multiples of it.
    pub write_size: u32,
    /// Reads from any offset. Where the chip cannot (a unit whose write lost power, on flash with error correction; what
    /// was erased and not written since, on some), it returns an error: never a fault.
    pub read:
        Option<unsafe extern "C" fn(context: *mut c_void, offset: u32, buffer: *mut u8, length: u32) -> i32>,
    /// Erases the page that begins at `offset`.
    pub erase: Option<unsafe extern "C" fn(context: *mut c_void, offset: u32) -> i32>,
    /// Writes whole units, which have not been written since their page was erased.
    pub write:
        Option<unsafe extern "C" fn(context: *mut c_void, offset: u32, bytes: *const u8, length: u32) -> i32>,
    /// What erased flash reads as: 0 for 0xFF, as on most chips; 1 for 0x00.
    pub erased_to_zero: u8,
}

impl SmidgenFlash {
    /// What is only read.
    fn stored(context: *mut c_void, read: Option<Read>, size: u32) -> Self {
        Self { context, size, page_size: 1, write_size: 1, read, erase: None, write: None, erased_to_zero: 0 }
    }

    /// The slot that a device describes.
    fn slot(device: &SmidgenDevice) -> Self {
        Self {
            context: device.context,
            size: device.slot_size,
            page_size: device.page_size,
            write_size: device.write_size,
            read: device.read_slot,
            erase: device.erase,
            write: device.write,
            erased_to_zero: device.erased_to_zero,
        }
    }
}

impl Flash for SmidgenFlash {
    fn geometry(&self) -> Geometry {
        let erased = if self.erased_to_zero == 0 { 0xFF } else { 0 };
        Geometry { erased, ..Geometry::new(self.size, self.page_size, self.write_size) }
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        read(self.read, self.context, offset, buffer, Error::TargetRead).map_err(|_| FlashError)
    }

    fn erase(&mut self, offset: u32) -> Result<(), FlashError> {
        let erase = self.erase.ok_or(FlashError)?;
        // SAFETY: C's function, called as its type says.
        succeeded(unsafe { erase(self.context, offset) }, Error::TargetWrite).map_err(|_| FlashError)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let write = self.write.ok_or(FlashError)?;
        // SAFETY: C's function, called as its type says.
        let result = unsafe { write(self.context, offset, bytes.as_ptr(), bytes.len() as u32) };
        succeeded(result, Error::TargetWrite).map_err(|_| FlashError)
    }
}

/// Restores the new image into the slot and goes on after a reset: call it again, with the same package.
///
/// As `smidgen_restore`, with a journal in an area of `smidgen_journal_area` bytes, which keeps what it holds over resets.
/// Pages that were finished are neither erased nor written again. `buffer` holds a page of the slot, or at least its write
/// size; with a whole page, pages that have the right bytes already stay as they are. The journal's write size comes on top
/// if that is above 64. Whatever was delivered before, the right package is restored at the first call, with a buffer
/// smaller than a page at the second at latest.
///
/// # Safety
/// As `smidgen_restore`; `journal` points at a description, `buffer` at memory of that size.
#[no_mangle]
pub unsafe extern "C" fn smidgen_update_ab(
    device: *const SmidgenDevice,
    journal: *const SmidgenFlash,
    workspace: *mut u32,
    workspace_size: u32,
    buffer: *mut u8,
    buffer_size: u32,
    package_size: u32,
) -> i32 {
    // SAFETY: the caller's promise.
    let (device, journal) = unsafe { (device.as_ref(), journal.as_ref()) };
    let (Some(device), Some(&journal)) = (device, journal) else { return SmidgenError::BadDevice as i32 };
    if !device.is_sound() || workspace.is_null() || buffer.is_null() {
        return SmidgenError::BadDevice as i32;
    }
    // SAFETY: the caller's promise.
    let workspace = unsafe { slice::from_raw_parts_mut(workspace.cast::<u8>(), workspace_size as usize) };
    // SAFETY: the caller's promise.
    let buffer = unsafe { slice::from_raw_parts_mut(buffer, buffer_size as usize) };
    update_ab(device, journal, workspace, buffer, package_size)
        .map_or_else(|error| error.number().into(), |()| 0)
}

fn update_ab(
    device: &SmidgenDevice,
    journal: SmidgenFlash,
    workspace: &mut [u8],
    buffer: &mut [u8],
    package_size: u32,
) -> Result<(), Error> {
    let mut package = SmidgenFlash::stored(device.context, device.read_package, package_size);
    let areas = AbAreas { slot: SmidgenFlash::slot(device), journal };
    let policy = device.policy()?;
    let mut update =
        AbUpdate::<_, _, _, SoftwareSha256, _>::new(workspace, buffer, CBase(device), areas, policy)?;
    loop {
        match update.step(&mut package, BUDGET)? {
            Step::Working(percent) => device.report(percent.into(), 100),
            Step::Ready => return Ok(()),
        }
    }
}

/// Replaces the image in its own slot and goes on after a reset: call it again, with the same package.
///
/// Packages are made for that by `smidgen diff --in-place`. The package must be stored where it outlives a reset: once
/// the update has begun, only the update itself leads out. `areas` are three: the scratch area that the package was made
/// for, the journal (`smidgen_journal_area`), and the state area (`smidgen_state_area`). `buffer` has 256 bytes, or what
/// `smidgen_in_place_buffer` says where units are longer than 64. The slot is the device's; `read_base` and `base_size` are
/// not used. Nothing is erased before everything has been found right that can be: package, base, memory, areas.
///
/// # Safety
/// As `smidgen_restore`; `areas` points at three descriptions, `buffer` at memory of that size.
#[no_mangle]
pub unsafe extern "C" fn smidgen_update_in_place(
    device: *const SmidgenDevice,
    areas: *const SmidgenFlash,
    workspace: *mut u32,
    workspace_size: u32,
    buffer: *mut u8,
    buffer_size: u32,
    package_size: u32,
) -> i32 {
    // SAFETY: the caller's promise.
    let Some(device) = (unsafe { device.as_ref() }) else { return SmidgenError::BadDevice as i32 };
    if !device.is_sound() || areas.is_null() || workspace.is_null() || buffer.is_null() {
        return SmidgenError::BadDevice as i32;
    }
    // SAFETY: the caller's promise.
    let areas = unsafe { slice::from_raw_parts(areas, 3) };
    // SAFETY: the caller's promise.
    let workspace = unsafe { slice::from_raw_parts_mut(workspace.cast::<u8>(), workspace_size as usize) };
    // SAFETY: the caller's promise.
    let buffer = unsafe { slice::from_raw_parts_mut(buffer, buffer_size as usize) };
    let &[scratch, journal, state] = areas else { return SmidgenError::BadDevice as i32 };
    let areas = InPlaceAreas { slot: SmidgenFlash::slot(device), scratch, journal, state };
    update_in_place(device, areas, workspace, buffer, package_size)
        .map_or_else(|error| error.number().into(), |()| 0)
}

fn update_in_place(
    device: &SmidgenDevice,
    areas: InPlaceAreas<SmidgenFlash>,
    workspace: &mut [u8],
    buffer: &mut [u8],
    package_size: u32,
) -> Result<(), Error> {
    let package = SmidgenFlash::stored(device.context, device.read_package, package_size);
    let policy = device.policy()?;
    let mut update = InPlaceUpdate::<_, _, SoftwareSha256>::new(workspace, buffer, areas, package, policy)?;
    loop {
        match update.step(BUDGET)? {
            Step::Working(percent) => device.report(percent.into(), 100),
            Step::Ready => return Ok(()),
        }
    }
}

/// What an update in place takes on top of the workspace.
fn needed(requirements: Requirements, page: u32, write: u32) -> Option<FlashRequirements> {
    requirements.in_place(&InPlaceAreas::on_chip(Geometry::new(page, page, write)))
}

/// Bytes of the state area that an update in place needs, in pages of `page_size`; 0 if the package is not made for one,
/// or not a package. `bytes` are the package's first `length` bytes: 512 are enough.
///
/// # Safety
/// `bytes` points at `length` bytes.
#[no_mangle]
pub unsafe extern "C" fn smidgen_state_area(bytes: *const u8, length: u32, page_size: u32) -> u32 {
    if bytes.is_null() || page_size == 0 {
        return 0;
    }
    // SAFETY: the caller's promise.
    let bytes = unsafe { slice::from_raw_parts(bytes, length as usize) };
    match Header::parse_extended(bytes) {
        Ok((header, extensions, _)) if extensions.in_place.is_some() => {
            needed(header.requirements(), page_size, 1).map_or(0, |needed| needed.state)
        }
        _ => 0,
    }
}

/// Bytes of a journal in pages and units of such sizes; 0 if they do not go together.
#[no_mangle]
pub extern "C" fn smidgen_journal_area(page_size: u32, write_size: u32) -> u32 {
    needed(Requirements::of_workspace(0), page_size, write_size).map_or(0, |needed| needed.journal)
}

/// Bytes of the buffer of an update in place; `write_size` is the largest of slot, scratch area, journal and state area. 0 if
/// it is not valid.
#[no_mangle]
pub extern "C" fn smidgen_in_place_buffer(write_size: u32) -> u32 {
    needed(Requirements::of_workspace(0), write_size, write_size).map_or(0, |needed| needed.buffer as u32)
}

/// Reports from the journal alone whether an update in place has begun and is not ready (`begun` becomes 1, else 0): then the
/// slot must not be started, and only `smidgen_update_in_place` with the same package leads out. Returns 0, or an error.
///
/// # Safety
/// `journal` points at a description whose functions do what it says of them, `begun` at a byte that can be written.
#[no_mangle]
pub unsafe extern "C" fn smidgen_has_begun(journal: *const SmidgenFlash, begun: *mut u8) -> i32 {
    // SAFETY: the caller's promise.
    let (journal, begun) = unsafe { (journal.as_ref(), begun.as_mut()) };
    let (Some(&journal), Some(begun)) = (journal, begun) else { return SmidgenError::BadDevice as i32 };
    match has_begun(journal) {
        Ok(has) => {
            *begun = has.into();
            0
        }
        Err(error) => error.number().into(),
    }
}
