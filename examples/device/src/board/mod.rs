//! What differs between the two emulated boards: how they start, count and talk to the host.

use core::arch::asm;
use core::fmt::{self, Write};

#[cfg(target_arch = "arm")]
#[path = "cortex_m3.rs"]
mod machine;
#[cfg(target_arch = "riscv32")]
#[path = "riscv32.rs"]
mod machine;

pub use machine::{MEMORY, instructions, start_counting};

/// The host, over semihosting: QEMU prints what is written here.
pub struct Host;

/// Semihosting operations (Arm, "Semihosting for AArch32 and AArch64").
const WRITE_CHARACTER: usize = 0x03;
const EXIT: usize = 0x20;
/// The program ends by itself.
const APPLICATION_EXIT: usize = 0x2_0026;

impl Write for Host {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.as_bytes() {
            machine::call(WRITE_CHARACTER, core::ptr::from_ref(byte) as usize);
        }
        Ok(())
    }
}

/// Ends the emulation; the host sees this exit code.
pub fn exit(code: usize) -> ! {
    let block = [APPLICATION_EXIT, code];
    machine::call(EXIT, block.as_ptr() as usize);
    loop {}
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let _ = writeln!(Host, "{info}");
    exit(3)
}

unsafe extern "C" {
    static mut stack_low: u32;
}

/// What the stack is filled with before it is used.
const PAINT: u32 = 0x5AFE_57AC;

/// Fills what is free of the stack, so that what is used later shows.
#[inline(never)]
pub fn paint_stack() {
    let mut place = &raw mut stack_low;
    // SAFETY: the linker script sets the stack aside down to `stack_low`; nothing is below the stack pointer but
    // this function's own frame, which the margin spares.
    unsafe {
        while (place as usize) < stack_pointer() - 64 {
            place.write_volatile(PAINT);
            place = place.add(1);
        }
    }
}

/// Bytes of stack below the caller's frame that were used since it was painted.
#[inline(never)]
pub fn used_stack(from: usize) -> usize {
    let mut place = &raw mut stack_low;
    // SAFETY: reads the same memory.
    unsafe {
        while place.read_volatile() == PAINT {
            place = place.add(1);
        }
    }
    from - place as usize
}

/// The stack pointer, about.
#[inline(always)]
pub fn stack_pointer() -> usize {
    let pointer: usize;
    // SAFETY: reads a register.
    #[cfg(target_arch = "arm")]
    unsafe {
        asm!("mov {0}, sp", out(reg) pointer, options(nomem, nostack))
    };
    // SAFETY: as above.
    #[cfg(target_arch = "riscv32")]
    unsafe {
        asm!("mv {0}, sp", out(reg) pointer, options(nomem, nostack))
    };
    pointer
}
