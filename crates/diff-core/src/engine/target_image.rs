//! The target, with analyses that do not depend on the base: made once for all packages that lead to it.

use std::sync::OnceLock;

use md5::{Digest, Md5};

use crate::cover::{LEAST_CHOSEN, Repeats};
use crate::digest::sha256;

/// A target with its analyses, each made when it is first asked for.
///
/// Packages come out the same whether or not one of these is shared; it saves time and memory if there are several.
pub(crate) struct TargetImage<'a> {
    bytes: &'a [u8],
    sha256: OnceLock<[u8; 32]>,
    md5: OnceLock<[u8; 16]>,
    repeats: OnceLock<Repeats<'a>>,
}

impl<'a> TargetImage<'a> {
    /// An image that is not analysed yet.
    #[must_use]
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, sha256: OnceLock::new(), md5: OnceLock::new(), repeats: OnceLock::new() }
    }

    /// The image.
    #[must_use]
    pub(crate) const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Its SHA-256.
    pub(crate) fn sha256(&self) -> [u8; 32] {
        *self.sha256.get_or_init(|| sha256(self.bytes))
    }

    /// Its MD5.
    pub(crate) fn md5(&self) -> [u8; 16] {
        *self.md5.get_or_init(|| Md5::digest(self.bytes).into())
    }

    /// Where it repeats itself, for choosing covers: about four bytes of memory for each of its own.
    pub(crate) fn repeats(&self) -> &Repeats<'a> {
        self.repeats.get_or_init(|| Repeats::new(self.bytes, LEAST_CHOSEN))
    }
}
