//! Names for the parts of an image: the symbols of its ELF file, or what its linker map lists.
//!
//! ```no_run
//! use smidgen_diff::symbols::read;
//! let (elf, image) = (std::fs::read("new.elf")?, std::fs::read("new.bin")?);
//! for symbol in read(&elf, &image, None)?.symbols {
//!     println!("{} at {:#x}: {} bytes", symbol.name, symbol.offset, symbol.size);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod collect;
mod demangle;
mod elf;
mod error;
mod map;
mod place;

pub use error::SymbolsError;

use place::Image;

/// The named parts of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Symbols {
    /// Functions and objects, ascending by offset; none overlap.
    pub symbols: Vec<Symbol>,
    /// Sections, likewise: what lies between symbols belongs to one of them.
    pub sections: Vec<Symbol>,
    /// How many symbols are not in the image: those of variables without initial values, above all.
    pub outside: usize,
    /// Whether parts of the image differ from the file: it may be of another build.
    pub differs: bool,
}

/// A named part of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Symbol {
    /// Its name, demangled.
    pub name: String,
    /// The file that it was compiled from or linked from, if that is known.
    pub file: Option<String>,
    /// Where it begins in the image, in bytes.
    pub offset: u32,
    /// Bytes, at least one.
    pub size: u32,
    /// Where it runs.
    pub address: u64,
}

impl Symbol {
    /// One past its last byte.
    #[must_use]
    pub const fn end(&self) -> u32 {
        self.offset.saturating_add(self.size)
    }
}

/// Reads the names of an image from an ELF file or a linker map of GNU ld or lld.
///
/// The parts of an ELF file are found in the image by what is in them, wherever that is. A map has addresses only: the
/// image begins at `base_address` if a section does, otherwise with the lowest one; images of ESP-IDF and MCUboot say
/// where their parts are.
///
/// # Errors
/// Files that are neither, or damaged, without symbols, or of another image.
pub fn read(file: &[u8], image: &[u8], base_address: Option<u64>) -> Result<Symbols, SymbolsError> {
    let image = Image { bytes: image, base_address };
    if elf::begins(file) { elf::read(file, &image) } else { map::read(file, &image) }
}
