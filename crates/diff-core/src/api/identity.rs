//! What a package says about the device that it is for: the header's extensions 1 to 4 (`docs/format.md`, section 2.6).

use patch_nostd::Extensions;
use patch_nostd::wire::{TEXT_LIMIT, Text, is_name, is_product};

use super::error::DiffError;

/// For which device a package is, and what it brings there. Devices compare this with what they are before the first
/// erase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The product: 1 to 64 bytes of text.
    pub product: Option<String>,
    /// The part of the product: 1 to 64 letters, digits, `.`, `_` and `-`.
    pub module: Option<String>,
    /// The target's version: the same.
    pub version: Option<String>,
    /// Devices refuse packages with a lower one than they have.
    pub rollback_counter: Option<u32>,
}

impl Identity {
    /// The extensions that say this.
    pub(crate) fn extensions(&self) -> Result<Extensions<'_>, DiffError> {
        Ok(Extensions {
            product: checked("product", self.product.as_deref(), is_product)?,
            module: checked("module", self.module.as_deref(), is_name)?,
            version: checked("version", self.version.as_deref(), is_name)?,
            rollback_counter: self.rollback_counter,
            ..Extensions::default()
        })
    }
}

fn checked<'a>(
    what: &'static str,
    text: Option<&'a str>,
    allowed: fn(&str) -> bool,
) -> Result<Option<Text<'a>>, DiffError> {
    match text {
        Some(text) if !allowed(text) => {
            Err(DiffError::Identity { what, text: text.to_owned(), limit: TEXT_LIMIT })
        }
        text => Ok(text.map(Text::from)),
    }
}
