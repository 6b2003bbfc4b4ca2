//! The devices that a package is for: the header's extensions 1 to 4 (`docs/format.md`, section 2.6).

use smidgen_patch::Extensions;
use smidgen_patch::header::Text;
use smidgen_patch::internals::wire::{TEXT_LIMIT, is_name, is_product};

use super::error::DiffError;
use crate::settings::{parse, parse_number, put_parsed, setters, settings};

/// The devices that a package is for, and the version that it brings. Devices compare this with their own before the
/// first erase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// The product: 1 to 64 bytes of text.
    pub product: Option<String>,
    /// The part of the product: 1 to 64 letters, digits, `.`, `_`, `-` and `+`.
    pub module: Option<String>,
    /// The target's version: the same.
    pub version: Option<String>,
    /// Devices refuse packages with a lower one than they have.
    pub rollback_counter: Option<u32>,
}

setters!(Identity {
    with_product: product: Option<String>,
    with_module: module: Option<String>,
    with_version: version: Option<String>,
    with_rollback_counter: rollback_counter: Option<u32>,
});

impl Identity {
    /// These as the header's extensions.
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

settings! {
    Identity, None;
    "product" "NAME": "The product; devices of other products refuse the package",
        |identity, text| put_parsed(&mut identity.product, parse(text).map(Some));
    "module" "NAME": "The part of the product that the image is for",
        |identity, text| put_parsed(&mut identity.module, parse(text).map(Some));
    "to-version" "VERSION": "The target's version [default: version stored in the image]",
        |identity, text| put_parsed(&mut identity.version, parse(text).map(Some));
    "rollback-counter" "N": "Devices with a higher rollback counter refuse the package",
        |identity, text| {
            put_parsed(&mut identity.rollback_counter, parse_number(text, "a number of 32 bits").map(Some))
        };
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
