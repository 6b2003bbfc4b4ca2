//! A finished package, and what is known of it.

use patch_nostd::Header;

use super::note::Note;
use super::report::Report;

/// A finished package.
#[derive(Clone, Debug)]
pub struct Package {
    /// What is shipped.
    pub bytes: Vec<u8>,
    /// Its header.
    pub header: Header,
    /// What its body consists of.
    pub report: Report,
    /// What people should know about it.
    pub notes: Vec<Note>,
}
