//! The target as a file: what is known about it and about the streams in it, found once for all packages that lead to it.

use std::sync::OnceLock;

use super::found::Found;
use super::scan::scan;
use super::unopened::unopened;
use crate::engine::TargetImage;

/// A target with its analyses, each made when it is first asked for.
///
/// Packages come out the same whether or not one of these is shared; it saves time if there are several.
pub struct TargetFile<'a> {
    image: TargetImage<'a>,
    /// What is in it; nothing is chosen. Clones share what is found out about how streams are made.
    found: OnceLock<Vec<Found>>,
    unopened: OnceLock<Option<&'static str>>,
}

impl<'a> TargetFile<'a> {
    /// A file that is not analysed yet.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        let image = TargetImage::new(bytes);
        Self { image, found: OnceLock::new(), unopened: OnceLock::new() }
    }

    /// The file.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.image.bytes()
    }

    /// Its SHA-256.
    pub fn sha256(&self) -> [u8; 32] {
        self.image.sha256()
    }

    /// Its MD5.
    pub fn md5(&self) -> [u8; 16] {
        self.image.md5()
    }

    /// The file as an image.
    pub(crate) const fn image(&self) -> &TargetImage<'a> {
        &self.image
    }

    pub(super) fn found(&self) -> &[Found] {
        self.found.get_or_init(|| scan(self.bytes()))
    }

    pub(super) fn unopened(&self) -> Option<&'static str> {
        *self.unopened.get_or_init(|| unopened(self.bytes(), self.found()))
    }
}
