//! A finished package, with its header, report and notes.

use patch_nostd::Header;

use super::note::Note;
use super::report::Report;

/// A finished package.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Package {
    /// The package itself: what is shipped.
    pub bytes: Vec<u8>,
    /// Its header.
    pub header: Header,
    /// What its body consists of.
    pub report: Report,
    /// Remarks for the user.
    pub notes: Vec<Note>,
}
