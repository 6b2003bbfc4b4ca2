//! A device that restores an image: old image, package and slot are RAM, and the host looks on.
//!
//! The host loads the old image, the package and an [`Order`] into the board's memory, see `run`. This program
//! restores the new image into the slot and prints its digest, and what it took. How it does so is one of four files.
#![no_std]
#![no_main]

mod board;
#[cfg(any(feature = "ab", feature = "in-place"))]
mod flash;

// The update itself: this is what a device does.
#[cfg_attr(feature = "ab", path = "ab.rs")]
#[cfg_attr(feature = "in-place", path = "in_place.rs")]
#[cfg_attr(feature = "encrypted", path = "encrypted.rs")]
#[cfg_attr(not(any(feature = "ab", feature = "in-place", feature = "encrypted")), path = "patcher.rs")]
mod update;

use board::Host;
use core::fmt::Write;
use core::slice;
use smidgen_patch::{Error, Header, Sha256, SoftwareSha256};

/// What the host wants, at the start of the board's memory.
#[repr(C)]
struct Order {
    base_size: u32,
    package_size: u32,
    /// Bytes that the decoder may work in.
    workspace_size: u32,
    /// Bytes of the slot.
    slot_size: u32,
    /// What a hash engine would find: the digests of base and target.
    digests: [[u8; 32]; 2],
}

/// Where things lie, from the start of the board's memory. The workspace has 1 MiB, everything else four.
#[cfg(feature = "engine")]
const ASKED: usize = 64 << 10;
const WORKSPACE: usize = 1 << 20;
const BASE: usize = 4 << 20;
const PACKAGE: usize = 8 << 20;
const SLOT: usize = 12 << 20;
/// What updates over flash need on top.
#[cfg(any(feature = "ab", feature = "in-place"))]
const BUFFER: usize = 128 << 10;
#[cfg(any(feature = "ab", feature = "in-place"))]
const JOURNAL: usize = 256 << 10;
#[cfg(feature = "in-place")]
const SCRATCH: usize = 512 << 10;
#[cfg(feature = "in-place")]
const STATE: usize = 2 << 20;

fn order() -> &'static Order {
    // SAFETY: the host has put it there, and nothing writes to it.
    unsafe { &*(board::MEMORY as *const Order) }
}

fn memory(offset: usize, length: u32) -> &'static [u8] {
    // SAFETY: RAM that the host has filled and nothing writes to.
    unsafe { slice::from_raw_parts((board::MEMORY + offset) as *const u8, length as usize) }
}

/// RAM of its own; asked for once for each place.
fn writable(offset: usize, length: usize) -> &'static mut [u8] {
    // SAFETY: the callers do as the line above says.
    unsafe { slice::from_raw_parts_mut((board::MEMORY + offset) as *mut u8, length) }
}

#[cfg(not(feature = "engine"))]
type Digest = SoftwareSha256;
#[cfg(feature = "engine")]
type Digest = Engine;

/// A hash engine that takes no time: the host knows what it will find.
#[cfg(feature = "engine")]
struct Engine;

#[cfg(feature = "engine")]
impl Sha256 for Engine {
    fn start() -> Self {
        Self
    }

    fn update(&mut self, _bytes: &[u8]) {}

    fn finish(self) -> [u8; 32] {
        // The base's digest is asked for first.
        let [asked] = writable(ASKED, 1) else { return [0; 32] };
        let digest = order().digests[usize::from(*asked)];
        *asked = 1;
        digest
    }
}

/// What the slot holds before.
const UNWRITTEN: u8 = 0xFF;

fn main() -> ! {
    let order = order();
    let (base, package) = (memory(BASE, order.base_size), memory(PACKAGE, order.package_size));
    let workspace = writable(WORKSPACE, order.workspace_size as usize);
    let slot = writable(SLOT, order.slot_size as usize);
    slot.fill(UNWRITTEN);
    #[cfg(feature = "in-place")]
    slot.iter_mut().zip(base).for_each(|(to, &from)| *to = from);
    #[cfg(feature = "engine")]
    writable(ASKED, 1).fill(0);
    board::paint_stack();
    let top = board::stack_pointer();
    board::start_counting();
    let result = update::update(base, package, workspace, slot);
    let instructions = board::instructions();
    let stack = board::used_stack(top);
    match result {
        Ok(()) => report(package, instructions, stack),
        Err(error) => fail(error),
    }
}

/// Reports the result to the host, a word to a line.
fn report(package: &[u8], instructions: u64, stack: usize) -> ! {
    let size = Header::parse(package).map_or(0, |(header, _)| header.target_size);
    let mut digest = SoftwareSha256::start();
    digest.update(memory(SLOT, size));
    let _ = write!(Host, "digest ");
    for byte in digest.finish() {
        let _ = write!(Host, "{byte:02x}");
    }
    let value = update::SIZE;
    let _ = writeln!(Host, "\nbytes {size}\ninstructions {instructions}\nstack {stack}\npatcher {value}");
    board::exit(0)
}

fn fail(error: Error) -> ! {
    let _ = writeln!(Host, "error {}: {error}", error.number());
    board::exit(1)
}
