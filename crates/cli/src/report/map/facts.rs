//! What the page says about the files, beside what is in the pieces.

/// The files of a page, as text for people. Nothing in it is escaped.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// The package's file name.
    pub(crate) package: String,
    /// The base's file name.
    pub(crate) base: String,
    /// The file of symbols, if there is one.
    pub(crate) symbols: Option<String>,
    /// Bytes of the package.
    pub(crate) size: u64,
    /// Bytes of the base and the target.
    pub(crate) base_size: u64,
    pub(crate) target_size: u64,
    /// The address of the images' first byte; 0 if it is not known.
    pub(crate) base_address: u64,
    /// Names and values: product, version, codec.
    pub(crate) rows: Vec<(&'static str, String)>,
    /// Remarks: what the map does not show, and why.
    pub(crate) notes: Vec<String>,
}
