//! Detects the format of a file by its contents and its name: what is not certain is plain bytes.

use std::path::Path;

use super::{Format, InputError, elf, esp, lines, mcuboot, records, uf2};

/// What a file is.
#[derive(Debug, Default)]
pub(super) struct Detected {
    /// Plain bytes, or a format that the file has even if it is damaged.
    pub(super) format: Format,
    /// The format that plain bytes resemble.
    pub(super) resembles: Option<Format>,
    /// Whether plain bytes are a text.
    pub(super) is_text: bool,
    /// Why a file that resembles a format is plain bytes.
    pub(super) notes: Vec<String>,
}

/// Endings of names that say a format, in lowercase.
const ENDINGS: [(Format, &[&str]); 4] = [
    (Format::Hex, &["hex", "ihex", "ihx", "mcs", "h86", "hex86"]),
    (Format::Srec, &["srec", "s19", "s28", "s37", "mot", "mhx", "sre"]),
    (Format::Elf, &["elf", "axf"]),
    (Format::Uf2, &["uf2"]),
];

/// Endings of names of compressed files and archives, in lowercase.
const PACKED: [&str; 18] = [
    "gz", "tgz", "tar", "zip", "xz", "txz", "bz2", "tbz2", "zst", "lzma", "lz4", "lz", "7z", "rar", "br",
    "cpio", "gzip", "tzst",
];

/// A file that certainly begins like a format is of that format even if the rest is damaged: a text or half an image is
/// never meant to be flashed.
pub(super) fn detect(file: &[u8]) -> Result<Detected, InputError> {
    let format = match file.first() {
        Some(0x7F) if elf::begins(file) => return detect_elf(file),
        Some(b'U') if uf2::begins(file) => Format::Uf2,
        Some(0x3D) if mcuboot::begins(file) => Format::Mcuboot,
        Some(0xE9) if esp::begins(file) => Format::Esp,
        _ => match records::format_of(file).or_else(|| records::wide_format_of(file)) {
            Some(format) => format,
            None => return Ok(Detected { is_text: lines::is_certain_text(file), ..Detected::default() }),
        },
    };
    Ok(Detected { format, ..Detected::default() })
}

/// The format that a name says, in any case of letters.
pub(super) fn named(name: &Path) -> Option<Format> {
    let ending = name.extension()?.to_str()?.to_ascii_lowercase();
    let found = ENDINGS.into_iter().find(|(_, endings)| endings.contains(&&*ending));
    found.map(|(format, _)| format)
}

/// The ending of a name that says that the file is packed, in any case of letters.
pub(super) fn named_packed(name: &Path) -> Option<&'static str> {
    let ending = name.extension()?.to_str()?;
    PACKED.into_iter().find(|packed| ending.eq_ignore_ascii_case(packed))
}

/// Programs, libraries, kernels and modules of larger machines are files that devices have as they are, and so are those
/// that a driver loads.
fn detect_elf(file: &[u8]) -> Result<Detected, InputError> {
    let plain = Detected::default();
    Ok(match elf::kind(file)? {
        elf::Kind::Firmware => Detected { format: Format::Elf, ..plain },
        elf::Kind::Esp => return Err(InputError::EspElf),
        elf::Kind::Executable => Detected { resembles: Some(Format::Elf), ..plain },
        elf::Kind::Whole(why) => {
            elf::check(file)?;
            let notes = vec![format!("taken as it is: {why}")];
            Detected { resembles: Some(Format::Elf), notes, ..plain }
        }
        elf::Kind::Module => {
            elf::check(file)?;
            let notes = vec!["taken as it is: it is a module that a kernel loads".to_owned()];
            Detected { notes, ..plain }
        }
        elf::Kind::Object => return Err(elf::not_linked()),
        elf::Kind::Other => plain,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_formats_in_any_case() {
        let of = |name: &str| named(Path::new(name));
        assert_eq!(
            (of("a.b/x.HEX"), of("x.S19"), of("x.Elf")),
            (Some(Format::Hex), Some(Format::Srec), Some(Format::Elf))
        );
        assert_eq!((of("hex"), of("x.hex.bak"), of("x.bin"), of(".hex")), (None, None, None, None));
    }
}
