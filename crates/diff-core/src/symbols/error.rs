//! Why a file has no names for an image.

/// Why a file has no names for an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SymbolsError {
    /// It is of another format.
    #[error("it is neither an ELF file nor a linker map of GNU ld or lld")]
    Format,
    /// It is the map of another linker, which this names.
    #[error("it is a map of {0}; of maps, those of GNU ld and lld are read")]
    OtherMap(&'static str),
    /// It is damaged, or no program.
    #[error("not a sound ELF file: {0}")]
    Structure(String),
    /// An ELF file was stripped, or a map lists nothing.
    #[error("it has no symbols of functions or objects")]
    NoSymbols,
    /// None of its parts is in the image.
    #[error("none of its parts is in the new image")]
    OtherImage,
}
