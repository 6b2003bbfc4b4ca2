//! A decoder's workspace.

/// Calls `work` with `size` bytes that begin `shift` bytes after a multiple of four, and are not zero.
pub fn with_workspace<R>(size: usize, shift: usize, work: impl FnOnce(&mut [u8]) -> R) -> R {
    let mut memory = vec![0xA5; size + shift + 4];
    let start = memory.as_ptr().align_offset(4) + shift;
    work(&mut memory[start..start + size])
}
