//! Detects the format of a file by its contents: what is not certain is plain bytes.

use super::{Format, elf, esp, hex, mcuboot, srec, uf2};

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Detected {
    pub(super) format: Format,
    /// The format that plain bytes resemble.
    pub(super) resembles: Option<Format>,
}

/// A file that certainly begins like a format is of that format even if the rest is damaged: a text or half an image is
/// never meant to be flashed.
pub(super) fn detect(file: &[u8]) -> Detected {
    let format = match file.first() {
        Some(0x7F) if elf::begins(file) => return detect_elf(file),
        Some(b'U') if uf2::begins(file) => Format::Uf2,
        Some(0x3D) if mcuboot::begins(file) => Format::Mcuboot,
        Some(0xE9) if esp::begins(file) => Format::Esp,
        Some(b':' | b' ' | b'\t' | b'\r' | b'\n') if hex::begins(file) => Format::Hex,
        Some(b'S' | b' ' | b'\t' | b'\r' | b'\n') if srec::begins(file) => Format::Srec,
        _ => Format::Raw,
    };
    Detected { format, resembles: None }
}

/// Programs, libraries and kernels of larger machines are files that devices have as they are.
fn detect_elf(file: &[u8]) -> Detected {
    match elf::kind(file) {
        elf::Kind::Firmware => Detected { format: Format::Elf, resembles: None },
        elf::Kind::Executable => Detected { format: Format::Raw, resembles: Some(Format::Elf) },
        elf::Kind::Other => Detected { format: Format::Raw, resembles: None },
    }
}
