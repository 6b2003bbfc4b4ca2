//! The decoder's state on its way to flash and back, for updates in place (`docs/format.md`, section 8.2).
//!
//! Each struct names its fields once, for both directions, and cannot forget one: it would not compile.

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::Error;

/// Carries bytes to somewhere, or from there.
pub(crate) trait Transfer {
    /// Takes the bytes, or replaces them.
    fn bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error>;
}

/// What can be saved and restored. The number of bytes depends on the package's header only.
pub(crate) trait State {
    /// Carries all of it.
    fn transfer<T: Transfer>(&mut self, transfer: &mut T) -> Result<(), Error>;
}

/// Implements [`State`] for a struct: the fields that are carried, then those that a new one has right already.
macro_rules! state {
    ($name:ty: $($field:ident),+ $(; fixed $($fixed:ident),+)?) => {
        impl crate::state::State for $name {
            fn transfer<T: crate::state::Transfer>(&mut self, transfer: &mut T) -> Result<(), crate::Error> {
                let Self { $($field),+ $(, $($fixed: _),+)? } = self;
                $(crate::state::State::transfer($field, transfer)?;)+
                Ok(())
            }
        }
    };
}
pub(crate) use state;

macro_rules! number {
    ($($name:ty),+) => {$(
        impl State for $name {
            fn transfer<T: Transfer>(&mut self, transfer: &mut T) -> Result<(), Error> {
                transfer.bytes(self.as_mut_bytes())
            }
        }
    )+};
}
number!(u8, u32, i32);

impl State for usize {
    fn transfer<T: Transfer>(&mut self, transfer: &mut T) -> Result<(), Error> {
        let mut number = *self as u32;
        number.transfer(transfer)?;
        *self = number as Self;
        Ok(())
    }
}

impl State for bool {
    fn transfer<T: Transfer>(&mut self, transfer: &mut T) -> Result<(), Error> {
        let mut number = u8::from(*self);
        number.transfer(transfer)?;
        *self = number != 0;
        Ok(())
    }
}

impl<S: State, const N: usize> State for [S; N] {
    fn transfer<T: Transfer>(&mut self, transfer: &mut T) -> Result<(), Error> {
        self.iter_mut().try_for_each(|item| item.transfer(transfer))
    }
}

/// The value is carried even if there is none, so that the length is always the same.
impl<S: State + Default> State for Option<S> {
    fn transfer<T: Transfer>(&mut self, transfer: &mut T) -> Result<(), Error> {
        let mut is_some = self.is_some();
        let mut value = self.take().unwrap_or_default();
        is_some.transfer(transfer)?;
        value.transfer(transfer)?;
        *self = is_some.then_some(value);
        Ok(())
    }
}

/// Tables in the workspace.
impl<S: IntoBytes + FromBytes + Immutable> State for &mut [S] {
    fn transfer<T: Transfer>(&mut self, transfer: &mut T) -> Result<(), Error> {
        transfer.bytes(self.as_mut_bytes())
    }
}

impl<S: IntoBytes + FromBytes + Immutable, const N: usize> State for &mut [S; N] {
    fn transfer<T: Transfer>(&mut self, transfer: &mut T) -> Result<(), Error> {
        transfer.bytes(self.as_mut_bytes())
    }
}
