//! Which packages a device takes, decided before anything is written (`docs/format.md`, section 8).

use crate::Error;
use crate::wire::{Extensions, Header, Signatures, Text, with_message};

/// Decides by its header whether a package is for this device.
pub trait Policy {
    /// Whether signatures are looked at: without that, a decoder has no code for them, and
    /// [`authenticate`](Policy::authenticate) is never called. It has no default: a policy that checks signatures and
    /// forgot it would accept unsigned packages.
    const AUTHENTICATES: bool;

    /// Checks the signatures of a package. Called once, when the header is complete and before anything of it is parsed
    /// but its first nine bytes. `message` is what the signatures are of.
    ///
    /// # Errors
    /// Any, which refuses the package: preferably one of 40 to 42.
    fn authenticate(&self, _message: &[u8], _signatures: Option<&Signatures<'_>>) -> Result<(), Error> {
        Ok(())
    }
    /// Decides about a package. Called once, when the header is known to be intact, and before the base is read or the
    /// target begun.
    ///
    /// # Errors
    /// Any, which refuses the package: preferably one of 22 to 26.
    fn allow(&self, header: &Header, extensions: &Extensions<'_>) -> Result<(), Error>;
}

impl<P: Policy> Policy for &P {
    const AUTHENTICATES: bool = P::AUTHENTICATES;

    fn authenticate(&self, message: &[u8], signatures: Option<&Signatures<'_>>) -> Result<(), Error> {
        (**self).authenticate(message, signatures)
    }

    fn allow(&self, header: &Header, extensions: &Extensions<'_>) -> Result<(), Error> {
        (**self).allow(header, extensions)
    }
}

/// Asks a policy about the signatures of a whole header, of which nothing has been parsed yet. The header is unchanged
/// afterwards.
pub(crate) fn authenticate<P: Policy>(policy: &P, header: &mut [u8]) -> Result<(), Error> {
    if !P::AUTHENTICATES {
        return Ok(());
    }
    with_message(header, |message, signatures| policy.authenticate(message, signatures))
}

/// Allows every package: for devices that check it elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anything;

impl Policy for Anything {
    const AUTHENTICATES: bool = false;

    fn allow(&self, _header: &Header, _extensions: &Extensions<'_>) -> Result<(), Error> {
        Ok(())
    }
}

/// What a device is, and wants. Where it has a product, module or version, a package must state the same.
#[derive(Clone, Copy, Debug, Default)]
pub struct Device<'d> {
    /// The most bytes that the target image may have: [`Error::SlotSize`].
    pub slot_size: Option<u32>,
    /// The product's name: [`Error::Product`].
    pub product: Option<&'d str>,
    /// The part of the product that is updated: [`Error::Module`].
    pub module: Option<&'d str>,
    /// The version that was announced: [`Error::Version`].
    pub version: Option<&'d str>,
    /// The least rollback counter that is taken, from memory that an attacker cannot set back; a package without one
    /// has 0: [`Error::RollbackCounter`].
    pub rollback_counter: u32,
}

impl Policy for Device<'_> {
    const AUTHENTICATES: bool = false;

    fn allow(&self, header: &Header, extensions: &Extensions<'_>) -> Result<(), Error> {
        if self.slot_size.is_some_and(|size| header.target_size > size) {
            return Err(Error::SlotSize);
        }
        equal(self.product, extensions.product, Error::Product)?;
        equal(self.module, extensions.module, Error::Module)?;
        equal(self.version, extensions.version, Error::Version)?;
        if extensions.rollback_counter.unwrap_or(0) < self.rollback_counter {
            return Err(Error::RollbackCounter);
        }
        Ok(())
    }
}

fn equal(wanted: Option<&str>, found: Option<Text<'_>>, otherwise: Error) -> Result<(), Error> {
    if wanted.is_none() || wanted.map(Text::from) == found { Ok(()) } else { Err(otherwise) }
}
