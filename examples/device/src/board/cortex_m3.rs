//! Arm MPS2 board with a Cortex-M3 (QEMU's mps2-an385): vector table, timer, semihosting.

use core::arch::asm;

/// 16 MiB of RAM that the program does not lie in: the host puts images and package there.
pub const MEMORY: usize = 0x2100_0000;

unsafe extern "C" {
    static stack_top: u32;
}

/// What the processor reads at reset: the stack pointer, and where to go.
#[repr(C)]
struct Vectors {
    stack: *const u32,
    reset: extern "C" fn() -> !,
    faults: [extern "C" fn() -> !; 2],
}

// SAFETY: nothing writes to it.
unsafe impl Sync for Vectors {}

#[used]
#[unsafe(link_section = ".vectors")]
static VECTORS: Vectors = Vectors { stack: &raw const stack_top, reset, faults: [fault; 2] };

#[unsafe(no_mangle)]
extern "C" fn reset() -> ! {
    crate::main()
}

extern "C" fn fault() -> ! {
    super::exit(4)
}

/// A CMSDK timer: counts down at 25 MHz. Under `-icount shift=0` an instruction takes a nanosecond.
const TIMER: *mut u32 = 0x4000_0000 as *mut u32;
const NANOSECONDS: u64 = 40;

/// Starts the counter.
pub fn start_counting() {
    // SAFETY: the timer's registers: control, value, reload value.
    unsafe {
        TIMER.add(2).write_volatile(u32::MAX);
        TIMER.add(1).write_volatile(u32::MAX);
        TIMER.write_volatile(1);
    }
}

/// Instructions since then, in steps of 40.
pub fn instructions() -> u64 {
    // SAFETY: the timer's value.
    let value = unsafe { TIMER.add(1).read_volatile() };
    u64::from(u32::MAX - value) * NANOSECONDS
}

/// Asks the host for something.
pub fn call(operation: usize, argument: usize) {
    // SAFETY: the convention of semihosting; QEMU changes r0 only.
    unsafe { asm!("bkpt 0xAB", inlateout("r0") operation => _, in("r1") argument) };
}
