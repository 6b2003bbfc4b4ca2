//! QEMU's RISC-V machine "virt" with 32 bits: start, counter, semihosting.

use core::arch::{asm, global_asm};

/// RAM that the program does not lie in: the host puts images and package there.
pub const MEMORY: usize = 0x8100_0000;

global_asm!(
    ".section .vectors, \"ax\"",
    ".global reset",
    "reset:",
    "la sp, stack_top",
    "la t0, trap",
    "csrw mtvec, t0",
    "j {main}",
    // A trap's address is a multiple of four.
    ".balign 4",
    "trap:",
    "j {fault}",
    fault = sym fault,
    main = sym start,
);

extern "C" fn start() -> ! {
    crate::main()
}

extern "C" fn fault() -> ! {
    super::exit(4)
}

/// Starts the counter.
pub fn start_counting() {
    // SAFETY: a counter of the machine.
    unsafe { asm!("csrw minstret, zero", "csrw minstreth, zero") };
}

/// Instructions since then.
pub fn instructions() -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: reads the counter.
    unsafe { asm!("csrr {0}, minstret", "csrr {1}, minstreth", out(reg) low, out(reg) high) };
    u64::from(high) << 32 | u64::from(low)
}

/// Asks the host for something.
pub fn call(operation: usize, argument: usize) {
    // SAFETY: the convention of semihosting: these three instructions, none of them compressed, in one page.
    unsafe {
        asm!(
            ".option push",
            ".option norvc",
            ".balign 16",
            "slli zero, zero, 0x1f",
            "ebreak",
            "srai zero, zero, 7",
            ".option pop",
            inlateout("a0") operation => _,
            in("a1") argument,
        )
    };
}
